"""Noise floor and occupancy, against what was put in."""

import numpy as np
import pytest

from commgen.sdr.reception.spectrum import SpectrumMeter, bin_powers, spectrum_of


def test_noise_has_its_floor_and_the_false_alarms(complex_normal):
    no = 0.04
    powers = bin_powers(np.sqrt(no) * complex_normal(256 * 4000), 256)
    spectrum = spectrum_of(powers, false_alarm=1e-2)
    assert spectrum.floor == pytest.approx(no / 256, rel=0.01)
    # exponential powers; neighbours under the window are correlated, hence 8 sigma
    sigma = np.sqrt(1e-2 / powers.size)
    assert spectrum.occupancy.mean() == pytest.approx(1e-2, abs=8 * sigma)
    assert np.abs(spectrum.power_db).max() < 0.5


def test_a_tone_stands_out_by_its_power(complex_normal):
    """Bin 40 of 256, 20 dB over all noise in the band, so 44 dB over that of a bin."""
    n = np.arange(256 * 200)
    tone = np.exp(2j * np.pi * 40 / 256 * n).astype(np.complex64)
    spectrum = spectrum_of(bin_powers(tone + 0.1 * complex_normal(len(n)), 256))
    peak = 128 + 40
    # the Hann window costs a tone 10 log10(1.5) dB against noise
    expected = 20 + 10 * np.log10(256) - 10 * np.log10(1.5)
    assert np.argmax(spectrum.power_db) == peak
    assert spectrum.power_db[peak] == pytest.approx(expected, abs=0.5)
    assert spectrum.occupancy[peak] == 1


def test_a_signal_that_is_on_half_the_time_says_so(complex_normal):
    """Half the band, 20 dB over the noise, in every second spectrum."""
    rows = complex_normal(400, 64)
    spectra = np.fft.fft(10 * complex_normal(400, 64))
    spectra[:, 16:48] = 0
    spectra[1::2] = 0
    samples = (rows + np.fft.ifft(spectra)).astype(np.complex64).reshape(-1)
    spectrum = spectrum_of(bin_powers(samples, 64))
    inside = np.r_[32 - 12 : 32 + 12]  # away from the edges, DC in the middle
    outside = np.r_[0:12, 52:64]
    # a spectrum is missed where the Rayleigh signal is weak: 1 - exp(-6.9 / 100)
    np.testing.assert_allclose(spectrum.occupancy[inside].mean(), 0.47, atol=0.03)
    assert spectrum.occupancy[outside].max() < 0.05
    assert spectrum.floor == pytest.approx(1 / 64, rel=0.1)


def test_silence_has_no_power():
    spectrum = spectrum_of(np.zeros((4, 8)))
    assert spectrum.floor == 0
    assert not spectrum.occupancy.any()


def test_chunks_do_not_matter(complex_normal):
    samples = complex_normal(5000)
    whole = SpectrumMeter(32, 10).push(samples)
    meter, parts = SpectrumMeter(32, 10), []
    for part in np.split(samples, [1, 7, 999, 1000, 4000]):
        parts += meter.push(part)
    assert len(whole) == len(parts) == 15
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_array_equal(one.power_db, other.power_db)


def test_what_is_no_spectrum_is_refused():
    with pytest.raises(ValueError, match="powers must be"):
        spectrum_of(np.ones(4))
    with pytest.raises(ValueError, match="false_alarm must be between 0 and 1"):
        spectrum_of(np.ones((4, 4)), false_alarm=0)
    with pytest.raises(ValueError, match="num_bins must be at least 4"):
        SpectrumMeter(2)
