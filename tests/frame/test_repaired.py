"""LMMSE that replaces pilots, and what a network is shown."""

import numpy as np
import pytest

from commgen.frame.bursts import Bursts
from commgen.frame.features import receiver_features
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.lmmse import LMMSE
from commgen.frame.received import FrameConditions, receive_grids
from commgen.frame.repaired import RepairedLMMSE, mean_of_three, repaired_features

H = np.ones((60, *FRAME.grid_shape), np.complex64)


def seen(**bursts):
    conditions = FrameConditions(bursts=Bursts(**bursts), max_cfo_hz=20.0)
    return receive_grids(H, FRAME, conditions, np.random.default_rng(1), snr_db=10.0)


def test_without_bursts_it_is_lmmse():
    """Noise alone crosses the limit in one of some 400 triples of pilots."""
    quiet = seen(probability=0.0)
    repaired, _ = RepairedLMMSE(FRAME)(quiet.y, quiet.no)
    plain, _ = LMMSE(FRAME)(quiet.y, quiet.no)
    same = (repaired == plain).all((1, 2))
    assert same.mean() > 0.5
    assert np.mean(np.abs(repaired - plain) ** 2) < 0.1 * quiet.no[0]


def test_a_strong_burst_on_pilots_is_left_out():
    hit = seen(num_symbols=(15, 15), power_db=(15, 15))
    true = RepairedLMMSE(FRAME, limit=np.inf)(hit.y, hit.no)[0]
    np.testing.assert_array_equal(true, LMMSE(FRAME)(hit.y, hit.no)[0])
    h = np.ones(1)  # the offsets are small beside the error of the burst
    error = {
        limit: np.mean(np.abs(RepairedLMMSE(FRAME, limit=limit)(hit.y, hit.no)[0]) ** 2)
        for limit in (3.0, np.inf)
    }
    # A channel of power one, plus the error that the burst makes.
    assert error[3.0] - h[0] < 0.25 * (error[np.inf] - h[0])


def test_pilots_are_shown_over_what_was_sent():
    quiet = seen(probability=0.0)
    estimate = RepairedLMMSE(FRAME)(quiet.y, quiet.no)
    z = repaired_features(FRAME, quiet.y, *estimate, quiet.no)
    plain = receiver_features(FRAME, quiet.y, *estimate, quiet.no)
    data = ~FRAME.pilot_mask
    np.testing.assert_array_equal(z[:, data][..., 4:], plain[:, data][..., 4:])
    pilots = z[:, FRAME.pilot_rows]
    assert pilots[..., 6].mean() == pytest.approx(1, abs=0.05)
    assert pilots[..., 7].mean() == pytest.approx(0, abs=0.05)
    assert not pilots[..., 8:].any()


def test_loud_elements_are_held():
    loud = seen(power_db=(40, 40))
    estimate = RepairedLMMSE(FRAME)(loud.y, loud.no)
    z = repaired_features(FRAME, loud.y, *estimate, loud.no)
    assert np.abs(loud.y).max() > 50
    assert np.abs(z[..., 2:4]).max() == 4


def test_means_at_the_ends_count_them_twice():
    x = np.arange(12.0).reshape(1, 3, 4)
    np.testing.assert_allclose(mean_of_three(x, axis=2)[0, 0], [1 / 3, 1, 2, 8 / 3])
    np.testing.assert_allclose(mean_of_three(x, axis=1)[0, :, 0], [4 / 3, 4, 20 / 3])
