"""Channels on a plain grid, cut to a frame."""

import numpy as np
import pytest

from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.slots import pilots_of, slots_of

GRID = {
    "subcarrier_spacing_hz": 15e3,
    "time_step_s": FRAME.symbol_duration_s,
}


def numbered(*shape):
    """A channel array whose entries tell their subcarrier, counted from DC."""
    num = shape[-1]
    places = np.arange(num) - num // 2
    return np.broadcast_to(places, shape).astype(np.complex64)


@pytest.mark.parametrize("num", [73, 128])
def test_the_subcarriers_are_those_of_the_frame(num):
    h = slots_of(numbered(2, 1, 1, 14, num), FRAME, **GRID)
    assert h.shape == (2, 14, 72)
    np.testing.assert_array_equal(h[1, 3], FRAME.subcarriers)


def test_effective_subcarriers_are_taken_as_they_are():
    h = numbered(2, 1, 1, 14, 72)
    np.testing.assert_array_equal(slots_of(h, FRAME, **GRID), h[:, 0, 0])


def test_pairs_of_antennas_are_slots_of_their_own_and_one_step_holds(complex_normal):
    h = complex_normal(3, 2, 2, 1, 73)
    slots = slots_of(h, FRAME, subcarrier_spacing_hz=15e3, time_step_s=None)
    assert slots.shape == (12, 14, 72)
    np.testing.assert_array_equal(slots[:, 0], slots[:, 13])
    np.testing.assert_array_equal(slots[5, 0, 0], h[1, 0, 1, 0, 0])


def test_pilots_stand_where_the_frame_sends_them(complex_normal):
    h = complex_normal(3, 14, 72)
    np.testing.assert_array_equal(pilots_of(h, FRAME), h[:, [2, 11]])


@pytest.mark.parametrize(
    ("shape", "changes", "message"),
    [
        ((2, 14, 72), {}, r"h must be a channel array of 5 axes, got \(2, 14, 72\)"),
        ((2, 1, 1, 7, 73), {}, "num_time_steps must be 14, .* or 1, got 7"),
        ((2, 1, 1, 14, 64), {}, "num_subcarriers must be one of 72, 73, 128,.*got 64"),
        (
            (2, 1, 1, 14, 73),
            {"subcarrier_spacing_hz": 30e3},
            "subcarrier_spacing_hz must be 15000, as in the frame, got 30000",
        ),
        (
            (2, 1, 1, 14, 73),
            {"time_step_s": None},
            "time_step_s must be 7.1.*, as in the frame, got none",
        ),
        (
            (2, 1, 1, 14, 73),
            {"time_step_s": 6.7e-5},
            "time_step_s must be 7.1.*, got 6.7e-05",
        ),
    ],
)
def test_other_grids_are_refused(shape, changes, message):
    with pytest.raises(ValueError, match=message):
        slots_of(np.ones(shape, np.complex64), FRAME, **{**GRID, **changes})
