"""The theory that the validation compares with: closed forms against integrals."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, stats
from sionna.phy.channel.tr38901 import TDL

from commgen.frame.qam import pam_labels
from commgen.phy.signal.demapper import demap
from commgen.studies.validation import ValidationSize
from commgen.studies.validation.closed_forms import (
    bicm_capacity,
    bit_error_rate_of_llr,
    mean_q_rayleigh,
    normal_approximation,
    qam_bit_error_rate,
    rayleigh_capacity,
    snr_at,
)
from commgen.studies.validation.profiles import PROFILES

ORDERS = (2, 4, 6, 8)


def pam(num_bits_per_symbol):
    """All amplitudes of an axis, and their bits."""
    positive, labels = pam_labels(num_bits_per_symbol)
    sign = np.repeat([0, 1], len(positive))[:, None]
    labels = np.concatenate([sign, np.tile(labels, (2, 1))], axis=1)
    return np.concatenate([positive, -positive]), labels


def over_gamma(function, num_branches):
    """Mean of a function of the channel gain over Rayleigh branches."""
    t = np.linspace(-20, np.log(80), 601)
    gain = np.exp(t)
    values = np.array([function(g) for g in gain])
    weighted = values * stats.gamma.pdf(gain, num_branches) * gain
    return integrate.simpson(weighted, x=t)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_bit_error_rate_is_that_of_the_nearest_symbol(num_bits):
    amplitudes, labels = pam(num_bits)
    for snr_db in (0.0, 10.0, 20.0):
        snr = 10 ** (snr_db / 10)
        sigma = np.sqrt(0.5 / snr)
        x = np.linspace(-1.4 - 9 * sigma, 1.4 + 9 * sigma, 400_001)
        nearest = np.argmin(np.abs(x[:, None] - amplitudes), axis=1)
        rate = 0.0
        for a, label in zip(amplitudes, labels, strict=True):
            wrong = np.mean(labels[nearest] != label, axis=1)
            density = wrong * stats.norm.pdf(x, a, sigma)
            rate += integrate.trapezoid(density, x=x) / len(amplitudes)
        assert qam_bit_error_rate(num_bits, snr) == pytest.approx(rate, rel=1e-3)


def test_bit_error_rate_over_fading_is_the_mean_over_the_gain():
    for num_bits, snr, branches in ((2, 10.0, 1), (4, 30.0, 2), (8, 100.0, 4)):
        rate = over_gamma(
            lambda g, m=num_bits, s=snr: qam_bit_error_rate(m, g * s), branches
        )
        assert qam_bit_error_rate(num_bits, snr, branches) == pytest.approx(
            rate, rel=1e-4
        )
    c = 3.7
    assert mean_q_rayleigh(c, 1) == pytest.approx((1 - np.sqrt(c / (2 + c))) / 2)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_the_sign_of_an_llr_is_hardly_better_than_the_nearest_symbol(num_bits):
    """What the uncoded group allows for it is enough."""
    amplitudes, labels = pam(num_bits)
    for target in ValidationSize().bit_error_rates:
        snr = 10 ** (snr_at(lambda s: qam_bit_error_rate(num_bits, s), target) / 10)
        ratio = bit_error_rate_of_llr(amplitudes, labels, snr) / target
        assert 0.9995 < ratio < 1.0005
    snr = 10 ** (snr_at(lambda s: qam_bit_error_rate(num_bits, s, 1), 1e-2) / 10)
    t = np.linspace(-14, np.log(40), 150)
    both = []
    for function in (
        lambda g: bit_error_rate_of_llr(amplitudes, labels, g),
        lambda g: qam_bit_error_rate(num_bits, g),
    ):
        values = np.array([function(snr * g) for g in np.exp(t)])
        both.append(integrate.simpson(values * np.exp(t - np.exp(t)), x=t))
    assert 0.995 < both[0] / both[1] <= 1 + 1e-6


def test_capacities_are_integrals():
    for snr, branches in ((1.0, 1), (10.0, 2), (100.0, 4)):
        mean = over_gamma(lambda g, s=snr: np.log2(1 + s * g), branches)
        assert rayleigh_capacity(snr, branches) == pytest.approx(mean, rel=1e-4)


@pytest.mark.parametrize("num_bits", ORDERS)
def test_bicm_capacity_is_the_mean_over_the_demapper(num_bits):
    amplitudes, labels = pam(num_bits)
    rng = np.random.default_rng(1)
    snr = 10.0 if num_bits < 6 else 100.0
    index = rng.integers(len(amplitudes), size=(2, 40_000))
    x = amplitudes[index[0]] + 1j * amplitudes[index[1]]
    noise = rng.normal(size=(40_000, 2)) @ [1, 1j] / 2**0.5
    y = tf.constant(x + noise / snr**0.5, tf.complex64)
    llr = demap(y, tf.constant(1 / snr, tf.float32), num_bits).numpy()
    bits = np.stack([labels[i] for i in index], axis=-1).reshape(40_000, -1)
    right = (2 * bits - 1) * llr.reshape(40_000, -1)
    information = np.sum(1 - np.logaddexp(0, -right) / np.log(2), axis=1)
    error = 4 * information.std() / 200
    found = bicm_capacity(amplitudes, labels, snr)
    assert found == pytest.approx(information.mean(), abs=error)
    assert found < np.log2(1 + snr)
    assert bicm_capacity(amplitudes, labels, 1e5) == pytest.approx(num_bits)


def test_normal_approximation_has_the_shannon_limit():
    """Rate 1/2 with binary input needs Eb/N0 0.187 dB (Richardson and Urbanke 2008)."""
    n = 10**10
    found = snr_at(lambda s: normal_approximation(n // 2, n, s), 0.5)
    assert found == pytest.approx(0.187, abs=2e-3)
    z = np.linspace(-10, 10, 200_001)
    density = 1 - np.logaddexp(0, -2 * (1 + z)) / np.log(2)
    mean, square = (
        integrate.simpson(density**p * stats.norm.pdf(z), x=z) for p in (1, 2)
    )
    variance = square - mean**2
    q = stats.norm.sf(
        (1000 * mean - 400 + 0.5 * np.log2(1000)) / np.sqrt(1000 * variance)
    )
    assert normal_approximation(400, 1000, 1.0) == pytest.approx(q, rel=1e-6)
    with pytest.raises(ValueError, match="target must lie between the values at -20"):
        snr_at(lambda s: 1 / (1 + s), 2.0)


@pytest.mark.parametrize("name", PROFILES)
def test_profiles_agree_with_their_names_and_with_sionna(name):
    profile = PROFILES[name]
    assert profile.power.sum() == pytest.approx(1)
    assert profile.rms_delay_spread_s == pytest.approx(profile.spread_s, rel=0.01)
    assert profile.frequency_correlation(0.0) == pytest.approx(1)
    model = TDL(name, profile.spread_s, 3.5e9)
    np.testing.assert_allclose(model.delays, profile.delay_s, rtol=1e-5)
    np.testing.assert_allclose(model.mean_powers, profile.power, rtol=1e-4)
    if profile.los_db is not None:
        assert float(model.k_factor) == pytest.approx(profile.k_factor, rel=1e-4)
