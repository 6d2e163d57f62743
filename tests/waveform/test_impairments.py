"""What devices do, against formulas."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.waveform import (
    CarrierOffset,
    Chain,
    CpOfdm,
    Dac,
    Limiter,
    PhaseJitter,
    PhaseNoise,
    Predistortion,
    Rapp,
)

RNG = np.random.default_rng(0)
NOISE = complex_normal(RNG, (100_000,))


@pytest.mark.parametrize("smoothness", [0.5, 2, 20])
def test_rapp_is_its_formula_at_any_level(smoothness):
    amplitudes = np.array([0, 1e-9, 0.2, 1, 3, 1e12])
    x = amplitudes * np.exp(1j * np.arange(6))
    saturation = 10 ** (4 / 20)
    with np.errstate(over="ignore"):
        power = (amplitudes / saturation) ** (2 * smoothness)
        expected = x / (1 + power) ** (0.5 / smoothness)
    expected[-1] = saturation * x[-1] / amplitudes[-1]  # where the power overflows
    np.testing.assert_allclose(Rapp(smoothness, 4)(x), expected, rtol=1e-5)


def test_limiter_has_the_power_of_a_clipped_gaussian():
    """E|y|^2 = 1 - exp(-A^2) for a complex Gaussian cut at A."""
    power = np.abs(Limiter(2)(NOISE)) ** 2
    four_sigma = 4 * power.std() / np.sqrt(len(power))
    expected = 1 - np.exp(-(10**0.2))
    assert power.mean() == pytest.approx(expected, abs=four_sigma)


@pytest.mark.parametrize("amplifier", [Rapp(2, 1), Rapp(0.7, 3), Limiter(0)])
def test_predistortion_leaves_a_limiter(amplifier):
    both = Chain([Predistortion(amplifier), amplifier])
    ideal = Limiter(amplifier.back_off_db)
    np.testing.assert_allclose(both(NOISE), ideal(NOISE), rtol=1e-5, atol=1e-9)


def test_predistortion_and_back_off_above_the_peak_are_linear():
    peak_db = 20 * np.log10(np.abs(NOISE).max())
    amplifier = Rapp(2, peak_db + 0.01)
    both = Chain([Predistortion(amplifier), amplifier])
    np.testing.assert_allclose(both(NOISE), NOISE, atol=1e-6)
    assert np.abs(amplifier(NOISE) - NOISE).max() > 0.1


@pytest.mark.parametrize("num_bits", [4, 8, 12])
def test_a_converter_adds_a_twelfth_of_its_squared_step(num_bits):
    dac = Dac(num_bits, back_off_db=16)  # nothing of the noise is beyond full scale
    error = np.abs(dac(NOISE) - NOISE) ** 2
    step = dac.full_scale / 2 ** (num_bits - 1)
    four_sigma = 4 * error.std() / np.sqrt(len(error))
    assert error.mean() == pytest.approx(2 * step**2 / 12, abs=four_sigma)


def test_a_carrier_offset_of_a_tone_moves_the_grid():
    """A whole tone moves symbols to the next one."""
    ofdm = CpOfdm(16, cyclic_prefix_length=0, subcarrier_spacing_hz=15e3)
    x = complex_normal(RNG, (1, 16)).astype(complex)
    y = ofdm.demodulate(CarrierOffset(15e3, ofdm.sampling_rate_hz)(ofdm.modulate(x)))
    np.testing.assert_allclose(y[:, 1:], x[:, :-1], atol=1e-12)


@pytest.mark.parametrize("eps", [0.02, 0.1, 0.3])
def test_a_carrier_offset_leaks_what_theory_says(eps):
    """Useful power sinc^2(eps), the rest is interference in full bands
    (Moose, IEEE Trans. Commun. 42, 1994, eq. 20)."""
    ofdm = CpOfdm(64, oversampling=1)
    x = complex_normal(RNG, (300, 64)).astype(complex)
    shift = CarrierOffset(eps * ofdm.subcarrier_spacing_hz, ofdm.sampling_rate_hz)
    y = ofdm.demodulate(shift(ofdm.modulate(x[:, None])))[:, 0]
    gain = np.vdot(x, y) / np.vdot(x, x)
    # The kernel of Dirichlet, of which Moose's sinc is the limit.
    expected = (np.sin(np.pi * eps) / (64 * np.sin(np.pi * eps / 64))) ** 2
    ici = np.mean(np.abs(y - gain * x) ** 2)
    assert abs(gain) ** 2 == pytest.approx(expected, rel=0.02)
    assert ici == pytest.approx(1 - expected, rel=0.05)


def test_phase_noise_has_the_common_phase_error_of_its_formula():
    """Var of the mean of phi_n, n < N, with steps of variance v:
    v (N - 1) (2 N - 1) / (6 N), where phi starts at 0."""
    num = 64
    noise = PhaseNoise(1.0, 2 * np.pi * 4e4)  # steps of 1/40000
    assert noise.step_variance == pytest.approx(1 / 4e4)
    turned = noise(np.ones((4000, num)), np.random.default_rng(3))
    common = np.angle(turned.mean(axis=1))
    expected = (num - 1) * (2 * num - 1) / (6 * num) / 4e4
    four_sigma = 4 * expected * np.sqrt(2 / 4000)
    assert common.var() == pytest.approx(expected, abs=four_sigma)


def test_phase_noise_has_a_lorentzian_line():
    """Its autocorrelation falls as exp(-pi linewidth |t|)."""
    noise = PhaseNoise(100.0, 1e5)
    turned = noise(np.ones((4000, 501)), np.random.default_rng(3))
    found = (turned[:, 500] * turned[:, 0].conj()).real
    expected = np.exp(-np.pi * 100 * 500 / 1e5)
    assert found.mean() == pytest.approx(expected, abs=4 * found.std() / 4000**0.5)


def test_jitter_leaves_the_share_of_a_gaussian_phase():
    """The useful part of independent Gaussian phases is exp(-sigma^2 / 2)."""
    turned = PhaseJitter(20.0)(np.ones(100_000), np.random.default_rng(3))
    expected = np.exp(-(np.radians(20) ** 2) / 2)
    assert turned.mean() == pytest.approx(expected, abs=4 * 0.35 / 100_000**0.5)


def test_antennas_may_share_an_oscillator():
    samples = np.ones((2, 3, 50))
    own = PhaseNoise(1e3, 1e5)(samples, np.random.default_rng(3))
    shared = PhaseNoise(1e3, 1e5, common=True)(samples, np.random.default_rng(3))
    assert np.abs(own[:, 0] - own[:, 1]).max() > 0.01
    np.testing.assert_array_equal(shared[:, 0], shared[:, 2])
    assert np.abs(shared[0] - shared[1]).max() > 0.01


def test_one_generator_one_draw():
    chain = Chain([Rapp(2, 3), PhaseNoise(1e3, 1e6), PhaseJitter(1.0)])
    first, again = (chain(NOISE, np.random.default_rng(4)) for _ in range(2))
    np.testing.assert_array_equal(first, again)
    assert np.abs(chain(NOISE, np.random.default_rng(5)) - first).max() > 0.01


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Rapp(0, 3), "smoothness must be finite and above 0"),
        (lambda: Rapp(1000, 3), "smoothness must be between"),
        (lambda: Rapp(2, float("nan")), "back_off_db must be a number between"),
        (lambda: Limiter("3"), "back_off_db must be a number between"),
        (lambda: Dac(0, 10), "num_bits must be at least 1"),
        (lambda: Dac(4, 1000), "back_off_db must be a number"),
        (lambda: Predistortion(Dac(4, 10)), "amplifier must be an Amplifier"),
        (lambda: CarrierOffset(6e5, 1e6), "offset_hz must be at most half"),
        (lambda: PhaseNoise(-1, 1e6), "linewidth_hz must be"),
        (lambda: PhaseJitter(1)(NOISE), "rng must be a numpy.random.Generator"),
        (lambda: Chain([abs]), "impairments must be of Impairment"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
