"""The examples run as a user would run them, and their links work."""

import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from commgen.channels import ArrayConfig, RayTracedConfig
from commgen.channels.metadata import channel_meta
from commgen.datasets import write_channels

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.mark.parametrize("name", ["recorded_channel.py", "generated_channel.py"])
def test_example(name):
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / name)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert result.returncode == 0, result.stderr
    found = re.fullmatch(r"BER (0\.\d+)\n", result.stdout)
    assert found
    assert 0 < float(found[1]) < 0.15


def test_tracks_are_drawn_and_judged(tmp_path):
    """Of terminals that stand still, the last beam is always the next one."""
    num_tracks, num_steps, num_ant = 6, 5, 8
    beams = np.fft.ifft(np.eye(num_ant), norm="ortho")[np.arange(num_tracks)]
    h = np.repeat(beams, num_steps, axis=0).astype(np.complex64)
    track, step = np.divmod(np.arange(len(h)), num_steps)
    labels = {
        **{"track": track, "step": step, "los": step < 3},
        **{"x_m": 10.0 * track, "y_m": 0.0 * track},
    }
    meta = channel_meta(RayTracedConfig(bs_array=ArrayConfig(columns=num_ant)))
    write_channels(tmp_path / "t.h5", h[:, :, None, None, None], meta, labels=labels)
    picture = tmp_path / "t.png"
    result = subprocess.run(
        [sys.executable, str(EXAMPLES / "tracks.py"), str(tmp_path / "t.h5"), picture],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    kinds = re.findall(r"^(.+): (\d+) steps$", result.stdout, re.MULTILINE)
    assert kinds == [
        ("all steps", "9"),
        ("in sight", "3"),
        ("blocked", "3"),
        ("sight won or lost", "3"),
    ]
    last = re.findall(r"last beam +right ([\d.]+)", result.stdout)
    assert last == ["1.000"] * 4
    map_of_others = re.findall(r"other tracks +right ([\d.]+)", result.stdout)
    assert map_of_others == ["0.000"] * 4
    assert picture.stat().st_size > 5000
