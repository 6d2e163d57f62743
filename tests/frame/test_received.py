"""What frames meet beside their channel."""

import numpy as np
import pytest

from commgen.frame.bursts import Bursts
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.received import (
    FrameConditions,
    ReceivedGrids,
    at_unit_level,
    receive_grids,
    sent_grids,
)

CALM = FrameConditions(bursts=Bursts(probability=0.0), max_cfo_hz=0.0, max_delay_s=0.0)


def flat(n):
    return np.ones((n, *FRAME.grid_shape), np.complex64)


def test_without_noise_one_receives_what_was_sent():
    seen = receive_grids(flat(3), FRAME, CALM, np.random.default_rng(1), snr_db=140.0)
    np.testing.assert_allclose(seen.y, sent_grids(seen.bits, FRAME), atol=1e-5)
    pilots = seen.y[:, FRAME.pilot_rows]
    np.testing.assert_allclose(pilots - FRAME.pilots, 0, atol=1e-5)
    data = seen.y.reshape(3, -1)[:, FRAME.data_ind]
    np.testing.assert_array_equal(data.real < 0, seen.bits[:, ::2] == 1)
    np.testing.assert_array_equal(data.imag < 0, seen.bits[:, 1::2] == 1)


def test_noise_has_the_variance_that_is_told():
    seen = receive_grids(flat(40), FRAME, CALM, np.random.default_rng(2), snr_db=3.0)
    error = np.abs(seen.y - sent_grids(seen.bits, FRAME)) ** 2
    # The mean of n exponential numbers deviates by 1 / sqrt(n).
    four_sigma = 4 / np.sqrt(error.size)
    assert error.mean() / seen.no[0] == pytest.approx(1, rel=four_sigma)


def test_offsets_turn_over_symbols_and_subcarriers():
    conditions = FrameConditions(
        bursts=Bursts(probability=0.0), max_cfo_hz=200.0, max_delay_s=5e-7
    )
    rng = np.random.default_rng(3)
    seen = receive_grids(flat(50), FRAME, conditions, rng, snr_db=140.0)
    turn = seen.y / sent_grids(seen.bits, FRAME)
    cfo_hz = np.angle(turn[:, 1, 0] / turn[:, 0, 0]) / FRAME.symbol_duration_s
    delay_s = -np.angle(turn[:, 0, 1] / turn[:, 0, 0]) / 15e3
    cfo_hz, delay_s = cfo_hz / (2 * np.pi), delay_s / (2 * np.pi)
    assert 190 < np.abs(cfo_hz).max() <= 200.001
    assert 4.5e-7 < np.abs(delay_s).max() <= 5.001e-7
    assert cfo_hz.min() < 0 < cfo_hz.max()
    assert delay_s.min() < 0 < delay_s.max()


def test_frames_come_to_unit_level():
    rng = np.random.default_rng(4)
    h = 0.01 * flat(2)
    seen = receive_grids(h, FRAME, CALM, rng, snr_db=60.0)
    level = at_unit_level(seen, FRAME)
    np.testing.assert_allclose(np.abs(level.y[:, 2]), 1, atol=0.5)
    np.testing.assert_allclose(level.no, 1e-6 / 1e-4, rtol=0.05)


def test_silence_is_not_scaled_without_end():
    silent = ReceivedGrids(
        0 * flat(1), np.ones(1, np.float32), np.zeros((1, 1728), "u1")
    )
    level = at_unit_level(silent, FRAME)
    assert level.no[0] == pytest.approx(20)
    assert not level.y.any()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"snr_range_db": (5, 5)}, r"snr_range_db must be ascending, got \(5.0, 5.0\)"),
        ({"max_cfo_hz": -1.0}, r"max_cfo_hz must be finite and at least 0, got -1.0"),
        (
            {"max_delay_s": np.inf},
            r"max_delay_s must be finite and at least 0, got inf",
        ),
    ],
)
def test_conditions_that_cannot_be_are_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        FrameConditions(**changes)
