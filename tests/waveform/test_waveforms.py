"""What all waveforms keep, and each against a formula of its own."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.frame import Frame
from commgen.sdr.waveform.ofdm import modulate
from commgen.waveform import CpOfdm, DftSpreadOfdm, papr_db, root_raised_cosine

RNG = np.random.default_rng(0)
PLAIN = CpOfdm(24, 32, cyclic_prefix_length=8)
WAVEFORMS = {
    "ofdm": PLAIN,
    "odd, one sample a tone": CpOfdm(27, oversampling=1),
    "beside the middle": CpOfdm([-7, -3, 1, 2, 9], 24, cyclic_prefix_length=3),
    "windowed": CpOfdm(24, 32, cyclic_prefix_length=8, window_length=6),
    "spread": DftSpreadOfdm(PLAIN),
    "spread, odd": DftSpreadOfdm(CpOfdm(27)),
    "spread, root raised cosine": DftSpreadOfdm(PLAIN, 18, root_raised_cosine(18, 24)),
    "spread, any weights": DftSpreadOfdm(PLAIN, 17, RNG.uniform(0.5, 2, 24)),
    "spread, windowed": DftSpreadOfdm(
        CpOfdm(24, 32, cyclic_prefix_length=8, window_length=8), 20
    ),
}


@pytest.fixture(params=WAVEFORMS, ids=lambda name: name.replace(" ", "-"))
def waveform(request):
    return WAVEFORMS[request.param]


def test_demodulation_is_the_inverse(waveform, qpsk):
    x = qpsk(2, 5, waveform.num_subcarriers)
    samples = waveform.modulate(x)
    assert samples.dtype == np.complex128
    np.testing.assert_allclose(waveform.demodulate(samples), x, atol=1e-12)


def test_noise_has_the_variance_that_is_told(waveform):
    length = waveform.modulate(np.zeros((40, waveform.num_subcarriers))).shape[-1]
    noise = complex_normal(np.random.default_rng(1), (40, length))
    found = np.abs(waveform.demodulate(noise)) ** 2
    four_sigma = 4 * waveform.noise_gain / np.sqrt(found.size)
    assert found.mean() == pytest.approx(waveform.noise_gain, abs=four_sigma)
    assert waveform.sample_noise_variance(waveform.noise_gain) == 1


def test_samples_have_unit_power_but_where_symbols_overlap(waveform, qpsk):
    ofdm = getattr(waveform, "ofdm", waveform)
    x = qpsk(200, 6, waveform.num_subcarriers)
    power = np.abs(waveform.modulate(x)) ** 2
    # Where a symbol fades out and the next one in, the squares of both are 3/4 in the
    # mean; at the very first rise and the very last fall 3/8.
    window = ofdm.window_length / (ofdm.fft_size + ofdm.cyclic_prefix_length)
    expected = (6 - 6 * window / 4) / (6 + window)
    assert power.mean() == pytest.approx(expected, abs=0.01)


def test_ofdm_is_a_sum_of_tones(qpsk):
    x = qpsk(2, 24)
    tones = np.arange(24) - 12
    n = np.arange(-8 * 4, 32 * 4) / (32 * 4)
    expected = x @ np.exp(2j * np.pi * np.outer(tones, n)) / np.sqrt(24)
    np.testing.assert_allclose(PLAIN.modulate(x), expected.ravel(), atol=1e-12)


def test_the_radio_host_modulates_alike(qpsk):
    frame = Frame()
    x = qpsk(3, 14, frame.num_effective_subcarriers)
    ofdm = CpOfdm(
        frame.subcarriers,
        frame.fft_size,
        cyclic_prefix_length=frame.cyclic_prefix_length,
        oversampling=1,
        subcarrier_spacing_hz=frame.subcarrier_spacing_hz,
    )
    assert ofdm.sampling_rate_hz == frame.sample_rate_hz
    there = modulate(frame, x.astype(np.complex64)).reshape(3, -1)
    assert there.dtype == np.complex64
    np.testing.assert_allclose(there, ofdm.modulate(x), atol=2e-6)


def test_spread_symbols_come_one_after_the_other(qpsk):
    """At the times of the data samples hold the data: a single carrier."""
    waveform = DftSpreadOfdm(CpOfdm(24, oversampling=1))
    x = qpsk(3, 24)
    np.testing.assert_allclose(waveform.modulate(x).reshape(3, 24), x, atol=1e-12)


def test_shaping_lowers_peaks_as_it_should(qpsk):
    """OFDM above spread symbols above shaped ones."""
    x = qpsk(2000, 1, 64)
    shaped = DftSpreadOfdm(CpOfdm(96), 64, root_raised_cosine(64, 96))
    peaks = [
        np.quantile(papr_db(waveform.modulate(x)), 0.99)
        for waveform in (CpOfdm(64), DftSpreadOfdm(CpOfdm(64)), shaped)
    ]
    assert peaks[0] > peaks[1] + 2 > peaks[2] + 3.5


@pytest.mark.parametrize(("num_data", "num_tones"), [(4, 6), (7, 9), (5, 5), (6, 12)])
def test_squares_of_the_root_fold_to_one(num_data, num_tones):
    power = root_raised_cosine(num_data, num_tones) ** 2
    folded = np.bincount(np.arange(num_tones) % num_data, power)
    np.testing.assert_allclose(folded, 1)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CpOfdm(0), "subcarriers must be at least 1"),
        (lambda: CpOfdm([2, 1]), "subcarriers must ascend"),
        (lambda: CpOfdm([0.5]), "subcarriers must be a whole number"),
        (lambda: CpOfdm(33, 32, oversampling=1), "sampling_rate_hz must be at least"),
        (lambda: CpOfdm([30, 31], 32, oversampling=1), "within half the sampling rate"),
        (lambda: CpOfdm(8, window_length=1), "window_length must be at most 0"),
        (lambda: CpOfdm(8, cyclic_prefix_length=9), "cyclic_prefix_length must be at"),
        (lambda: PLAIN.modulate(np.ones(24)), "grid must be"),
        (lambda: PLAIN.modulate(np.ones((2, 23))), "24 subcarriers, got"),
        (lambda: PLAIN.demodulate(np.ones(161)), "samples must be"),
        (lambda: DftSpreadOfdm(PLAIN, 25), "num_data must be at most 24"),
        (lambda: DftSpreadOfdm(PLAIN, 11), "num_data must be at least 12"),
        (lambda: DftSpreadOfdm(PLAIN, 24, np.ones(23)), "shaping must be .24. real"),
        (lambda: DftSpreadOfdm(PLAIN, 24, np.zeros(24)), "shaping must not be 0"),
        (lambda: root_raised_cosine(4, 9), "num_tones must be at most 8"),
    ],
)
def test_what_cannot_be_is_refused(make, message):
    with pytest.raises((TypeError, ValueError), match=message):
        make()
