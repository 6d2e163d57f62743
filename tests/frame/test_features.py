"""Equaliser, demapper and features against those of phy."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.features import receiver_features
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.llr import data_llr, demap, equalize, slot_llr
from commgen.frame.lmmse import LMMSE
from commgen.frame.ls import LeastSquares
from commgen.frame.qam import qam_points


def grids(frame, rng, n=4):
    """Draw QAM grids through a random channel and noise of 0 to 20 dB."""
    points = qam_points(frame.num_bits_per_symbol)
    x = points[rng.integers(len(points), size=(n, *frame.grid_shape))]
    x[:, frame.pilot_mask] = frame.pilots.ravel()
    h = complex_normal(rng, (n, 1, 1)) * np.exp(0.05j * np.arange(x.shape[2]))
    no = np.geomspace(0.01, 1, n).astype(np.float32)
    noise = np.sqrt(no)[:, None, None] * complex_normal(rng, x.shape)
    return (h * x + noise).astype(np.complex64), no


@pytest.mark.parametrize("num_bits", [2, 4, 6, 8])
def test_demapper_is_that_of_phy(num_bits, rng):
    pytest.importorskip("tensorflow")
    from commgen.phy.signal.demapper import demap as expected

    x_hat = complex_normal(rng, (3, 50))
    no_eff = rng.uniform(0.05, 2, (3, 50)).astype(np.float32)
    no_eff[0, 0], x_hat[0, 1] = np.inf, 0
    found = demap(x_hat, no_eff, num_bits).reshape(3, -1)
    wanted = expected(x_hat, no_eff, num_bits).numpy()
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_equaliser_is_that_of_phy(rng):
    pytest.importorskip("sionna.phy", reason="Sionna is not installed")
    from commgen.phy.signal.equalizer import lmmse_equalize

    y, h = complex_normal(rng, (2, 3, 14, 72))
    h[0, 0, 0] = 0
    s = rng.uniform(0.01, 1, (3, 14, 72)).astype(np.float32)
    found = equalize(y, h, s)
    wanted = lmmse_equalize(y[:, None], h[:, None, None], s[:, None])
    for x, expected in zip(found, wanted, strict=True):
        np.testing.assert_allclose(x, expected[:, 0], rtol=1e-4)


@pytest.mark.parametrize("num_bits", [2, 4])
def test_features_are_those_of_phy(num_bits, rng, simulated, as_simulated):
    frame = Frame(num_bits_per_symbol=num_bits)
    link, grid = simulated(frame)
    from commgen.phy.neural.receiver import ReceiverFeatures

    y, no = grids(frame, rng)
    found = receiver_features(frame, y, *LeastSquares(frame)(y, no), no)
    features = ReceiverFeatures(grid, link)
    wanted, *_ = features(as_simulated(y, frame), no)
    assert found.shape == wanted.shape
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
    np.testing.assert_array_equal(frame.data_ind, features.data_ind)


def test_llrs_of_the_data_are_those_of_the_whole_receiver(rng, simulated, as_simulated):
    frame = RADIO_FRAME
    _, grid = simulated(frame)
    from commgen.frame.covariance import robust_covariance
    from commgen.phy import GridCovariance, LMMSEInterpolationEstimator
    from commgen.phy.signal.demapper import demap as demap_of_phy
    from commgen.phy.signal.equalizer import FewStreamsLMMSEEqualizer

    y, no = grids(frame, rng)
    h_hat, err_var = LMMSE(frame)(y, no)
    s = no[:, None, None] + err_var
    found = slot_llr(frame, y, h_hat, s)
    llr = demap(*equalize(y, h_hat, s), frame.num_bits_per_symbol)
    np.testing.assert_allclose(found, data_llr(frame, llr), rtol=1e-4, atol=1e-4)
    covariance = GridCovariance.from_matrices(*robust_covariance(frame))
    y = as_simulated(y, frame)
    estimate = LMMSEInterpolationEstimator(grid, covariance)(y, no)
    symbols = FewStreamsLMMSEEqualizer(grid)(y, *estimate, no[:, None])
    wanted = demap_of_phy(*symbols, frame.num_bits_per_symbol)[:, 0, 0]
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)


def test_llrs_tell_the_bits_without_noise(rng):
    for num_bits in (2, 4, 6, 8):
        points = qam_points(num_bits)
        llr = demap(points, np.full(len(points), 1e-3, np.float32), num_bits)
        bits = (np.arange(len(points))[:, None] >> np.arange(num_bits)[::-1]) & 1
        np.testing.assert_array_equal(llr > 0, bits)
