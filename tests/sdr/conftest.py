"""Streams of frames that several folders share."""

import numpy as np
import pytest

from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.waveform.preamble import preamble_samples


@pytest.fixture(scope="session")
def frames():
    """Function from a number and a seed to frames of QPSK and pilots, [num, 2183].

    Made by NumPy's FFT alone, not by the transmitter; of unit power, with a gap of 128.
    """

    def make(num, seed):
        frame = RADIO_FRAME
        rng = np.random.default_rng(seed)
        qpsk = np.exp(1j * np.pi / 2 * (rng.integers(4, size=(num, 14, 72)) + 0.5))
        qpsk[:, [2, 11]] = frame.pilots
        bins = np.zeros((num, 14, 128), complex)
        bins[..., frame.subcarrier_index] = qpsk
        symbols = np.fft.ifft(bins)[..., np.arange(-9, 128)] * 128 / 72**0.5
        preamble = np.broadcast_to(preamble_samples(frame), (num, 137))
        parts = preamble, symbols.reshape(num, -1), np.zeros((num, 128))
        return np.concatenate(parts, axis=1).astype(np.complex64)

    return make


@pytest.fixture(scope="session")
def impaired():
    """Function that adds a CFO [Hz] and white noise to samples of unit power."""

    def make(samples, *, cfo_hz=0.0, snr_db=300.0, seed=0):
        rng = np.random.default_rng(seed)
        n = np.arange(len(samples))
        # The SNR is that of a subcarrier, and 72 of 128 are in use.
        scale = np.sqrt(10 ** (-snr_db / 10) * 128 / 72 / 2)
        noise = rng.standard_normal((2, len(samples)))
        turned = samples * np.exp(2j * np.pi * cfo_hz / 1.92e6 * n)
        return (turned + scale * (noise[0] + 1j * noise[1])).astype(np.complex64)

    return make
