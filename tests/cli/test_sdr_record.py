"""``commgen sdr record`` as a user meets it."""

import numpy as np
import pytest

from commgen.datasets import read_channels
from commgen.datasets.slots import load_slots
from commgen.sdr.waveform.numbered import NumberedFrames


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_simulated_air_becomes_slots_of_the_frame(place, commgen, refused):
    command = ("sdr", "record", "-o", "site.h5", "--frames", 20, "--channel", "C")
    assert "written to site.h5: 20 channels" in commgen(*command).out
    slots = load_slots(place / "site.h5")
    assert slots.h.shape == (20, 14, 72)
    # Each frame meets another channel.
    likeness = np.abs(np.vdot(slots.h[0], slots.h[1]))
    assert likeness < 0.99 * np.linalg.norm(slots.h[0]) * np.linalg.norm(slots.h[1])
    assert commgen(*command).out == "already done: site.h5\n"
    assert "--force replaces it" in refused(*command, "--seed", 1)


def test_a_file_is_recorded_until_it_ends(place, commgen):
    y = 0.01 * NumberedFrames(seed=0)(np.arange(5)).ravel()
    y.view(np.float32).tofile(place / "air.cf32")
    told = commgen("sdr", "record", "air.cf32", "-o", "site.h5").out
    assert "written to site.h5: 5 channels" in told
    h, meta, labels = read_channels(place / "site.h5")
    # A wire: flat but for the delay that was found.
    assert np.abs(h) == pytest.approx(1, abs=0.02)
    assert meta.scenario == "received: air.cf32"
    power = float(meta.normalisation.split()[-1])
    assert power == pytest.approx(1e-4, rel=1e-3)
    assert labels["start"] == pytest.approx(2183 * np.arange(5), abs=4)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("none.bin",), "there is no file none.bin"),
        (("--channel", "F"), "channel: Input should be 'AWGN', 'TDL-A'"),
        (("--estimator", "best"), "estimator must be one of lmmse, ls"),
        (("--channel-file", "none.h5"), "none.h5"),
    ],
)
def test_what_cannot_be_is_refused(place, refused, options, told):
    assert told in refused("sdr", "record", "-o", "site.h5", *options)
    assert not list(place.iterdir())


def test_air_without_a_frame_is_refused(place, commgen):
    silent = ("--snr-db", -30, "--frames", 5)
    told = commgen("sdr", "record", "-o", "site.h5", *silent, code=2).err
    assert "at least one decoded frame, got 0" in told
