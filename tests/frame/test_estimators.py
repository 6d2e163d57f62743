"""Least squares and LMMSE: the numbers of phy, and the error that they promise."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.covariance import (
    exponential_covariance,
    jakes_covariance,
    robust_covariance,
)
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.frame.lmmse import LMMSE, covariance_root
from commgen.frame.ls import LeastSquares

FRAMES = {
    "radio": RADIO_FRAME,
    "sparse": Frame(pilot_subcarrier_step=4, pilot_ofdm_symbol_indices=(12, 3, 7)),
    "average": Frame(time_interpolation="average"),
}


def hold(found, expected, shape):
    """Compare estimate and error variance with those of phy."""
    for x, wanted in zip(found, expected, strict=True):
        wanted = np.asarray(wanted)[:, 0, 0, 0, 0]
        np.testing.assert_allclose(np.broadcast_to(x, shape), wanted, atol=1e-4)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_least_squares_is_that_of_phy(frame, rng, simulated, as_simulated):
    _, grid = simulated(frame)
    from commgen.phy import LSEstimator

    y = complex_normal(rng, (5, *frame.grid_shape))
    no = np.geomspace(1e-3, 10, 5).astype(np.float32)
    estimator = LSEstimator(grid, time_interpolation=frame.time_interpolation)
    shape = (5, *frame.grid_shape)
    hold(LeastSquares(frame)(y, no), estimator(as_simulated(y, frame), no), shape)


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_lmmse_is_that_of_phy(frame, rng, simulated, as_simulated):
    _, grid = simulated(frame)
    from commgen.phy import GridCovariance, LMMSEInterpolationEstimator

    y = complex_normal(rng, (5, *frame.grid_shape))
    no = np.geomspace(1e-3, 10, 5).astype(np.float32)
    matrices = robust_covariance(frame)
    covariance = GridCovariance.from_matrices(*matrices)
    expected = LMMSEInterpolationEstimator(grid, covariance)(as_simulated(y, frame), no)
    hold(LMMSE(frame)(y, no), expected, (5, *frame.grid_shape))
    hold(LMMSE(frame, *matrices)(y, no), expected, (5, *frame.grid_shape))


def test_lmmse_without_noise_meets_pilots_that_its_covariance_allows(rng):
    h = drawn(RADIO_FRAME, rng, 3)
    h_hat, err_var = LMMSE(RADIO_FRAME)(sent(RADIO_FRAME, h), 0.0)
    rows = RADIO_FRAME.pilot_rows
    np.testing.assert_allclose(h_hat[:, rows], h[:, rows], atol=2e-2)
    assert np.all(np.isfinite(err_var))
    h_hat, err_var = LMMSE(RADIO_FRAME)(sent(RADIO_FRAME, h), 1e9)
    np.testing.assert_allclose(h_hat, 0, atol=1e-3)
    np.testing.assert_allclose(err_var, 1, atol=1e-4)


def test_promised_error_is_the_measured_one(rng):
    """Over channels of the covariance itself, within four standard errors."""
    frame, no, n = RADIO_FRAME, 0.05, 2000
    h = drawn(frame, rng, n)
    y = sent(frame, h) + np.sqrt(no) * complex_normal(rng, h.shape)
    for estimator in (LMMSE(frame), LeastSquares(frame)):
        h_hat, err_var = estimator(y, no)
        error = (np.abs(h_hat - h) ** 2).mean((1, 2))
        if estimator.name == "ls":  # whose promise is that at the pilots
            rows = frame.pilot_rows
            error = (np.abs(h_hat - h) ** 2)[:, rows].mean((1, 2))
            err_var = err_var[:, rows]
        margin = 4 * error.std() / np.sqrt(n)
        assert error.mean() == pytest.approx(err_var.mean(), abs=margin)


def drawn(frame, rng, n):
    """Draw channels of the robust covariance."""
    G_t, G_f = map(covariance_root, robust_covariance(frame))
    c = complex_normal(rng, (n, G_t.shape[1], G_f.shape[1]))
    return G_t @ c @ G_f.T


def sent(frame, h):
    """Return channels times pilots, zero where data would be."""
    x = np.zeros(frame.grid_shape, np.complex64)
    x[frame.pilot_mask] = frame.pilots.ravel()
    return h * x


def test_covariances_are_those_of_paths(rng):
    """A mean over many drawn paths, within four standard errors of an entry."""
    n, spread, doppler = 200_000, 200e-9, 300.0
    tau = rng.exponential(spread, n)
    f = np.array([0.0, 4e5, 1e6])
    R = exponential_covariance(f, spread)
    mean = np.exp(-2j * np.pi * (f[:, None] - f)[..., None] * tau).mean(-1)
    np.testing.assert_allclose(R, mean, atol=4 / np.sqrt(n))
    shift = doppler * np.cos(rng.uniform(0, 2 * np.pi, n))
    t = np.array([0.0, 5e-4, 2e-3])
    mean = np.exp(2j * np.pi * (t[:, None] - t)[..., None] * shift).mean(-1)
    np.testing.assert_allclose(jakes_covariance(t, doppler), mean, atol=4 / np.sqrt(n))


def test_robust_covariance_covers_the_preamble():
    time, frequency = robust_covariance(RADIO_FRAME, num_before=1)
    without, same = robust_covariance(RADIO_FRAME)
    np.testing.assert_allclose(time[1:, 1:], without)
    np.testing.assert_array_equal(frequency, same)
    assert time[0, 0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("call", "match"),
    [
        (lambda e, y: e(y[0], 0.1), r"y must be complex \[batch, num_ofdm_symbols"),
        (lambda e, y: e(y.real, 0.1), "y must be complex"),
        (lambda e, y: e(y[:, :13], 0.1), r"end in \(14, 72\)"),
        (lambda e, y: e(y, -0.1), "no must be finite and at least 0, got -0.1"),
        (lambda e, y: e(y, [0.1, 0.2]), r"no must be a scalar or \[3\], got \(2,\)"),
        (lambda e, y: LMMSE(e.frame, np.eye(3)), r"time must be \[14, 14\], got"),
        (lambda e, y: LMMSE(e.frame, None, np.eye(3)), r"frequency must be \[72, 72"),
        (lambda e, y: covariance_root(np.array([[1, 2], [0, 1]])), "Hermitian"),
        (lambda e, y: jakes_covariance([0.0], -1), "max_dopplers_hz must be at least"),
        (lambda e, y: exponential_covariance([0.0], []), "delay_spreads_s must be"),
    ],
)
def test_bad_input_is_refused(call, match):
    y = np.zeros((3, *RADIO_FRAME.grid_shape), np.complex64)
    with pytest.raises(ValueError, match=match):
        call(LeastSquares(RADIO_FRAME), y)
