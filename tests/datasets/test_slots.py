"""Slots of a radio frame in a channel file."""

import json

import numpy as np
import pytest

from commgen._files.whole import sha256
from commgen.datasets import ChannelMeta, write_channels
from commgen.datasets.slots import load_slots
from commgen.frame.frame import RADIO_FRAME as FRAME

META = {
    "domain": "frequency",
    "subcarrier_spacing_hz": 15e3,
    "time_step_s": FRAME.symbol_duration_s,
    "source": "numbers",
}


@pytest.fixture
def file(tmp_path, complex_normal):
    def write(labels=None, *, scale=1.0, shape=(9, 1, 1, 14, 73), **changes):
        h = scale * complex_normal(*shape)
        path = tmp_path / "h.h5"
        write_channels(path, h, ChannelMeta(**{**META, **changes}), labels or {})
        return path, h

    return write


def test_channels_and_what_they_stand_for(file):
    spread = np.array([np.nan, *np.linspace(3e-8, 3e-7, 8)])
    drawn = {"speed_max_m_s": 30.0, "carrier_hz": 3.5e9, "max_doppler_hz": None}
    path, h = file({"delay_spread_s": spread}, description=json.dumps(drawn))
    slots = load_slots(path)
    np.testing.assert_array_equal(slots.h[..., 36:], h[:, 0, 0, :, 37:])
    assert slots.data_sha256 == sha256(path)
    assert slots.delay_spread_range_s == (3e-8, 3e-7)
    assert slots.doppler_range_hz == pytest.approx((0, 350.24), abs=0.01)
    assert json.loads(json.dumps(slots.facts)) == slots.facts


def test_a_doppler_shift_that_was_told_counts(file):
    path, _ = file(description=json.dumps({"max_doppler_hz": 70}))
    assert load_slots(path).doppler_range_hz == (0, 70)


def test_what_a_file_does_not_tell_is_not_known(file):
    slots = load_slots(file(description="by hand")[0])
    assert slots.delay_spread_range_s is None
    assert slots.doppler_range_hz is None


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"scale": 3.0}, r"h.h5 must hold channels of a mean power .* got 8.89"),
        ({"shape": (9, 1, 1, 14, 40)}, r"h.h5 must hold slots of the frame: num_sub"),
        (
            {
                "domain": "delay",
                "subcarrier_spacing_hz": None,
                "sample_rate_hz": 1.92e6,
            },
            r"h.h5 must hold channels over subcarriers, got taps",
        ),
    ],
)
def test_other_files_are_refused(file, changes, message):
    with pytest.raises(ValueError, match=message):
        load_slots(file(**changes)[0])
