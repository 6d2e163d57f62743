"""Tapped delay lines: their power and how they hang together, over time and band."""

import numpy as np
import pytest
from scipy.special import j0

from commgen.sdr.air.fading import TappedDelayLine
from commgen.sdr.air.filtering import FadingFilter
from commgen.sdr.air.interpolation import LEAD
from commgen.sdr.air.profiles import delay_profiles

RATE = 1.92e6
DOPPLER_HZ = 350.0
SPREAD_S = 300e-9
FREQUENCIES = np.array([-36, -20, 0, 36]) / 128
NUM = 1500


def responses(line, num, blocks=1):
    """Response at FREQUENCIES of some draws, [num, looks, frequencies]."""
    lags = np.arange(line.num_taps) - LEAD
    F = np.exp(-2j * np.pi * np.outer(lags, FREQUENCIES))
    return np.stack(
        [
            np.concatenate([line.block(r, b)[:-1] for b in range(blocks)]) @ F
            for r in range(num)
        ]
    )


def assert_near(products, expected):
    """Compare a mean over draws with what it must be, within four standard errors."""
    error = products.mean(0) - expected
    spread = np.sqrt(np.var(products, axis=0) / len(products))
    assert np.all(np.abs(error) < 4 * np.maximum(spread, 1e-9)), (error, spread)


@pytest.mark.parametrize("name", list(delay_profiles()))
def test_power_and_correlations_are_the_closed_forms(name):
    profile = delay_profiles()[name]
    line = TappedDelayLine(profile, SPREAD_S, DOPPLER_HZ, RATE, seed=1)
    h = responses(line, NUM)
    tau = profile.delays * SPREAD_S * RATE
    across = np.exp(-2j * np.pi * np.outer(FREQUENCIES - FREQUENCIES[0], tau))
    assert_near(np.abs(h[:, 0]) ** 2, 1)
    assert_near(
        h[:, 0] * h[:, 0, :1].conj(), across @ profile.powers + profile.los_power
    )
    looks = np.array([0, 8, 16, 32, 63])
    angle = 2 * np.pi * DOPPLER_HZ * looks * line.step / RATE
    time = j0(angle) * profile.powers.sum()
    time = time + profile.los_power * np.exp(1j * angle * np.cos(np.pi / 4))
    assert_near(h[:, looks, 0] * h[:, :1, 0].conj(), time)


def test_blocks_join_and_draws_differ():
    line = TappedDelayLine(delay_profiles()["TDL-D"], 1e-7, 200.0, RATE, seed=1)
    first, second = line.block(0, 0), line.block(0, 1)
    assert np.abs(first[-1] - second[0]).max() < 1e-5
    assert np.abs(line.block(1, 0) - first).max() > 0.1
    other = TappedDelayLine(delay_profiles()["TDL-D"], 1e-7, 200.0, RATE, seed=2)
    assert np.abs(other.block(0, 0) - first).max() > 0.1
    assert np.array_equal(line.block(0, 1), second)


def test_a_wave_meets_the_taps_of_its_moment():
    """Between looks too, to -50 dB, though taps change along straight lines only."""
    line = TappedDelayLine(delay_profiles()["TDL-A"], 1e-7, DOPPLER_HZ, RATE, seed=3)
    fine = TappedDelayLine(delay_profiles()["TDL-A"], 1e-7, DOPPLER_HZ, RATE, seed=3)
    fine.step = 1
    n, f = np.arange(2000), 0.2
    y = FadingFilter(line).push(np.exp(2j * np.pi * f * n).astype(np.complex64))
    taps = np.concatenate([fine.block(0, b)[:-1] for b in range(32)])[:2000]
    lags = np.arange(line.num_taps)
    expected = np.exp(2j * np.pi * f * n) * (taps @ np.exp(-2j * np.pi * f * lags))
    error = np.mean(np.abs(y - expected)[50:] ** 2) / np.mean(np.abs(expected) ** 2)
    assert 10 * np.log10(error) < -50


def test_a_renewal_draws_anew_where_it_must():
    line = TappedDelayLine(
        delay_profiles()["TDL-B"], 0.0, 0.0, RATE, max_length=500, seed=1
    )
    y = FadingFilter(line, renewal=500).push(np.ones(1500, np.complex64))
    parts = y.reshape(3, 500)[:, 30:]
    assert np.abs(parts - parts[:, :1]).max() < 1e-5
    gains = [line.block(r, 0)[0].sum() for r in range(3)]
    assert parts[:, 0] == pytest.approx(gains, rel=1e-4)
