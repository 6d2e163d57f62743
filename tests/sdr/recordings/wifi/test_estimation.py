"""Channel estimates of 802.11 against what they promise, and drift of clocks."""

import numpy as np
import pytest

from commgen.sdr.recordings.wifi.estimation import (
    ESTIMATORS,
    ExponentialLmmse,
    FittedTaps,
    LeastSquares,
    find_estimator,
)
from commgen.sdr.recordings.wifi.grid import HT, LEGACY, pilots
from commgen.sdr.recordings.wifi.tracking import follow


def draws(rng, num):
    return rng.normal(size=(num, 2)) @ [1, 1j] / np.sqrt(2)


@pytest.mark.parametrize("grid", [LEGACY, HT])
def test_promised_errors_are_those_of_channels_of_the_profile(grid, rng):
    """500 channels of decay 1 around delay 4: LMMSE below taps below LS."""
    d = np.arange(-12, 24)
    profile = np.exp(-np.abs(d - 4.0))
    profile /= profile.sum()
    F = np.exp(-2j * np.pi / 64 * np.outer(grid.carriers, d))
    err_var, measured, promised = 0.1, {}, {}
    for estimator in (LeastSquares(), FittedTaps(), ExponentialLmmse(1.0)):
        errors = []
        for _ in range(500):
            h = F @ (np.sqrt(profile) * draws(rng, len(d)))
            seen = h + np.sqrt(err_var) * draws(rng, len(h))
            h_hat, told = estimator(seen, err_var, grid)
            errors.append([np.mean(np.abs(h_hat - h) ** 2), np.mean(told)])
        measured[estimator.name], promised[estimator.name] = np.mean(errors, axis=0)
    assert measured["ls"] == pytest.approx(err_var, rel=0.03)
    assert promised["ls"] == pytest.approx(err_var)
    # 10 of 52 or 56 dimensions of the noise, and the channel of delays left out: those
    # below 0 and beyond 9 have 1 % of the power.
    assert promised["taps"] == pytest.approx(err_var * 10 / len(grid.carriers), rel=0.1)
    assert promised["taps"] < measured["taps"] < promised["taps"] + 0.012
    assert measured["lmmse"] == pytest.approx(promised["lmmse"], rel=0.1)
    assert measured["lmmse"] < measured["taps"] < measured["ls"] / 3


def test_without_noise_all_are_exact(rng):
    F = np.exp(-2j * np.pi / 64 * np.outer(LEGACY.carriers, np.arange(2, 7)))
    h = F @ draws(rng, 5)
    for estimator in ESTIMATORS.values():
        h_hat, told = estimator(h, 1e-9, LEGACY)
        np.testing.assert_allclose(h_hat, h, atol=1e-3)
        assert (told >= 0).all()


def test_a_dead_channel_is_taken_for_one():
    for estimator in ESTIMATORS.values():
        h_hat, told = estimator(np.zeros(52, complex), 1e-3, LEGACY)
        assert np.isfinite(h_hat).all()
        assert np.isfinite(told).all()


def test_names():
    assert find_estimator("ls") is ESTIMATORS["ls"]
    with pytest.raises(ValueError, match=r"estimator must be one of ls, taps.*'x'"):
        find_estimator("x")


@pytest.mark.parametrize("ppm", [-25, 0, 12])
def test_drift_of_clock_and_phase_is_followed(ppm, rng):
    """300 symbols, 50 Hz of carrier, 20 dB; the window moves by 80 ppm a symbol."""
    n, k = np.arange(300), LEGACY.carriers
    h = np.exp(0.1j * k)
    late = 80 * ppm * 1e-6 * (n + 2)
    phase = 2 * np.pi * 50 * 4e-6 * n + 0.4
    truth = phase[:, None] + 2 * np.pi / 64 * late[:, None] * k
    sent = np.sign(rng.normal(size=truth.shape))
    sent[:, LEGACY.is_pilot] = pilots(LEGACY, 1, 300)
    noise = 0.1 * draws(rng, truth.size).reshape(truth.shape)
    y = h * sent * np.exp(1j * truth) + noise
    found = follow(y, h, pilots(LEGACY, 1, 300), 0.01, LEGACY, 2)
    error = np.angle(np.exp(1j * (found - truth)))
    assert np.sqrt(np.mean(error**2)) < 0.03
