"""What a user mistypes is told without loading TensorFlow, by every verb."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import yaml

# Runs each command with what main() does, and writes down how it ended. What is
# blocked can be loaded by none of them.
BLOCKED = """
import contextlib, io, json, sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tensorflow", "keras", "sionna", "sklearn"}:
            raise ModuleNotFoundError(f"{name} was loaded")

sys.meta_path.insert(0, Block())
from commgen.cli import main

ends = {}
for name, arguments in json.load(sys.stdin).items():
    sys.argv = ["commgen", *arguments]
    with contextlib.redirect_stderr(io.StringIO()) as told:
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code
    ends[name] = code, told.getvalue()
print(json.dumps(ends))
"""


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a channel file, a configuration with a slip, and pilots."""
    from commgen.datasets import ChannelMeta, write_channels
    from commgen.phy import EXAMPLE_YAML

    folder = tmp_path_factory.mktemp("mistakes")
    rng = np.random.default_rng(1)
    h = (rng.normal(size=(40, 2, 1, 1, 4, 2)) @ [1, 1j] / 2**0.5).astype(np.complex64)
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)
    write_channels(folder / "h.h5", h, meta, {"day": np.arange(40)})
    values = yaml.safe_load(EXAMPLE_YAML)
    good = {**values, "estimators": [{"kind": "gmm", "model": "nowhere"}]}
    (folder / "model.yaml").write_text(yaml.safe_dump(good))
    values["link"]["fft_siez"] = 64
    (folder / "key.yaml").write_text(yaml.safe_dump(values))
    (folder / "channel.yaml").write_text("scenario: tdl\nmodle: A\n")
    np.savez(folder / "y.npz", y=h[:, :, 0, 0, 0], snr_db=0.0)
    (folder / "other").mkdir()
    (folder / "other" / "thesis.tex").write_text("years")
    return folder


MISTAKES = {
    "train: file": ("train none.h5 -o m", "none.h5"),
    "train: option": ("train h.h5 -o m --family vea", "vea"),
    "train: label": ("train h.h5 -o m --condition room", "room"),
    "train: folder": ("train h.h5 -o other", "holds no model"),
    "generate: model": ("generate --model none -o g.npz", "no model at none"),
    "generate: option": ("generate --model none -o g.npz -n many", "many"),
    "evaluate: candidate": ("evaluate none --truth h.h5 -o r", "candidate none"),
    "evaluate: truth": ("evaluate h.h5 --truth none.h5 -o r", "truth none.h5"),
    "evaluate: label": ("evaluate h.h5 --truth h.h5 -o r --group-by room", "'room'"),
    "estimate: file": ("estimate -i none.npz -o e.npz --model m", "none.npz"),
    "estimate: model": ("estimate -i y.npz -o e.npz --model m", "no model at m"),
    "estimate: option": ("estimate -i y.npz -o e.npz --model m --level 2", "level"),
    "simulate: key": ("simulate key.yaml -o r", "fft_siez"),
    "simulate: file": ("simulate none.yaml -o r", "none.yaml"),
    "simulate: model": ("simulate model.yaml -o r", "estimators.0.model"),
    "simulate: option": ("simulate key.yaml -o r --workers two", "two"),
    "resume: folder": ("resume other", "neither a run nor a campaign"),
    "compare: folder": ("compare other", "other"),
    "compare: option": ("compare other --bler few", "bler must be numbers"),
    "plot: folder": ("plot other", "other"),
    "validate: group": ("validate --only uncodde -o v", "uncodde"),
    "augment: sizes": ("augment -o a --sizes 100,ten", "100,ten"),
    "augment: folder": ("augment -o other", "holds no study"),
    "augment: data": ("augment -o a --set uwb", "COMMGEN_DATA"),
    "demo: folder": ("demo -o other", "holds no demo"),
    "benchmark generative: row": ("benchmark generative --families cnn -o b", "cnn"),
    "benchmark generative: folder": ("benchmark generative -o other", "no study"),
    "benchmark estimation: set": ("benchmark estimation --sets umi -o b", "umi"),
    "benchmark fading: option": ("benchmark fading --seed one -o b", "one"),
    "benchmark noisy-training: SNR": (
        "benchmark noisy-training --snr-db 0,ten -o b",
        "snr_db must be numbers, such as 0,10, got '0,ten'",
    ),
    "benchmark masked-posterior: models": (
        "benchmark masked-posterior -o b",
        "models must be a folder with lmmse, gmm, diffusion, got none; `commgen demo`",
    ),
    "benchmark observations: models": (
        "benchmark observations --models none -o b",
        "got none without lmmse, gmm; `commgen demo` makes it",
    ),
    "benchmark posterior-samplers: models": (
        "benchmark posterior-samplers -o b",
        "got none; `commgen benchmark generative` makes it",
    ),
    "benchmark shifts: models": (
        "benchmark shifts --prior vae -o b",
        "models must be a folder with vae, gmm, got none; `commgen benchmark",
    ),
    "benchmark shifts: recordings": (
        "benchmark shifts --quick --measured none -o b",
        "measured must be a folder, got none",
    ),
    "benchmark angle-of-arrival: option": (
        "benchmark angle-of-arrival --num-trials 3 -o b",
        "20",
    ),
    "benchmark receivers: scenario": (
        "benchmark receivers --only OFDM -o b",
        "only must be of ['PUSCH-A3-11',",
    ),
    "benchmark signal: part": (
        "benchmark signal --only waveform -o b",
        "only must be of ['constellations'",
    ),
    "benchmark spatial-model: folder": ("benchmark spatial-model -o other", "no study"),
    "benchmark tdl-grid: folder": ("benchmark tdl-grid -o other", "no study"),
    "datasets make: key": ("datasets make channel.yaml -n 9 --seed 1 -o c.h5", "modle"),
    "datasets make: name": ("datasets make umi65 -n 9 --seed 1 -o c.h5", "umi65"),
    "datasets show: file": ("datasets show none.h5", "none.h5"),
    "datasets import: file": ("datasets import none.npz -o c.h5", "none.npz"),
}


@pytest.fixture(scope="module")
def ends(place):
    """Return {mistake: (exit code, what was told)}, of one process."""
    commands = {name: command.split() for name, (command, _) in MISTAKES.items()}
    run = subprocess.run(
        [sys.executable, "-c", BLOCKED],
        cwd=place,
        env={k: v for k, v in os.environ.items() if k != "COMMGEN_DATA"},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_told_without_tensorflow(ends, mistake):
    code, stderr = ends[mistake]
    assert code == 2, stderr
    (told,) = stderr.splitlines()
    assert told.startswith("error: ")
    assert MISTAKES[mistake][1] in told
    assert "was loaded" not in told
