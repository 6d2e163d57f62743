"""Peaks and spectra against signals whose own are known."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.waveform import (
    CpOfdm,
    Mask,
    aclr_db,
    ccdf,
    output_back_off_db,
    papr_db,
    power_spectrum,
)

RATE = 1e6


def noise(*shape, seed=0):
    return complex_normal(np.random.default_rng(seed), shape)


def test_peaks_of_gaussian_samples_follow_their_distribution():
    found = ccdf(noise(20_000, 32), [4, 6, 8])
    expected = 1 - (1 - np.exp(-(10 ** np.array([0.4, 0.6, 0.8])))) ** 32
    np.testing.assert_allclose(found, expected, atol=4 * 0.5 / 20_000**0.5)


def test_peak_of_a_constant_and_of_two_levels():
    assert papr_db(np.exp(1j * np.arange(100))) == pytest.approx(0)
    assert papr_db(np.array([0, 2, 0, 0])) == pytest.approx(10 * np.log10(4))


def test_spectrum_holds_the_power():
    frequency, density = power_spectrum(noise(8, 4096), RATE, num_bins=256)
    assert frequency[0] == -RATE / 2
    assert (np.diff(frequency) > 0).all()
    assert density.sum() * RATE / 256 == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(density, 1 / RATE, rtol=0.5)


def test_spectrum_of_a_tone_is_where_the_tone_is():
    tone = np.exp(2j * np.pi * 0.25 * np.arange(4096))
    frequency, density = power_spectrum(tone, RATE, num_bins=256)
    assert frequency[density.argmax()] == RATE / 4
    far = np.abs(frequency - RATE / 4) > 5 * RATE / 256
    assert density[far].max() < 1e-9 * density.max()  # sidelobes of -92 dB


@pytest.mark.parametrize("worse", [-1, 1])
def test_aclr_of_three_bands_of_known_power(worse):
    """Noise in the own channel and, weaker, in both neighbours."""
    spectrum = noise(4, 2**14, seed=1)
    frequency = np.fft.fftfreq(2**14)
    level = np.select(
        [
            np.abs(frequency - 0.01 - shift) < 0.05
            for shift in (0, worse / 8, -worse / 8)
        ],
        [1, 10**-1.5, 10**-2.5],
        0,
    )
    samples = np.fft.ifft(spectrum * level)
    found = aclr_db(samples, RATE, 0.1 * RATE, RATE / 8, centre_hz=0.01 * RATE)
    assert found == pytest.approx(-30, abs=0.4)


def test_a_band_alone_does_not_leak_into_neighbours():
    frequency = np.fft.fftfreq(2**14)
    samples = np.fft.ifft(noise(2**14) * (np.abs(frequency) < 0.05))
    assert aclr_db(np.tile(samples, 2), RATE, 0.1 * RATE, 0.11 * RATE) < -80


def test_symbols_that_join_smoothly_leak_less():
    x = np.sign(noise(100, 64).real)
    steps, smooth = (
        CpOfdm(64, cyclic_prefix_length=8, window_length=w) for w in (0, 8)
    )
    leak = [
        aclr_db(w.modulate(x), w.sampling_rate_hz, w.bandwidth_hz, 1.2 * w.bandwidth_hz)
        for w in (steps, smooth)
    ]
    assert leak[1] < leak[0] - 15


def test_output_back_off_is_a_ratio_of_powers():
    assert output_back_off_db(np.array([1, -1j]), 2) == pytest.approx(20 * np.log10(2))


def test_margin_of_a_spectrum_of_two_steps():
    """White noise, 25 dB less beyond a tenth of the rate, and a mask 5 dB above."""
    spectrum = noise(64, 2**13, seed=2)
    frequency = np.fft.fftfreq(2**13)
    level = np.where(np.abs(frequency) < 0.1, 1, 10 ** (-25 / 20))
    samples = np.fft.ifft(spectrum * level)
    mask = Mask([(0.12 * RATE, -20), (0.5 * RATE, -20)])
    kept = mask.margin_db(samples, RATE, num_bins=256)
    # Both sides are estimates of some 0.1 dB; the largest of the inner ones counts.
    assert kept == pytest.approx(5, abs=0.7)
    assert Mask([(0.12 * RATE, -30)]).margin_db(samples, RATE, num_bins=256) < -4


def test_a_mask_inside_the_band_is_refused():
    mask = Mask([(1e5, 0), (2e5, -30)])
    mask.check_bandwidth(2e5)
    with pytest.raises(ValueError, match="no waveform meets it"):
        mask.check_bandwidth(3e5)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: papr_db(np.zeros(4)), "samples must have power"),
        (lambda: power_spectrum(np.ones(9), RATE, num_bins=16), "at least num_bins"),
        (lambda: aclr_db(np.ones(99), RATE, 2e5, 1e5), "spacing_hz must be at least"),
        (lambda: aclr_db(np.ones(99), RATE, 3e5, 4e5), "sampling_rate_hz must be at"),
        (lambda: aclr_db(np.zeros(99), RATE, 1e5, 2e5), "power in the own channel"),
        (lambda: Mask([1, 2]), r"points must be \[n, 2\]"),
        (lambda: Mask([(2, 0), (1, 0)]), "that ascend"),
        (lambda: Mask([(2, np.nan)]), "points must be finite"),
        (lambda: Mask([(6e5, 0)]).margin_db(np.ones(2000), RATE), "is not seen"),
        (lambda: Mask([(0, 0)]).margin_db(np.zeros(2000), RATE), "must have power"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
