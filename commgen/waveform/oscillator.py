"""An oscillator beside its frequency."""

import math

import numpy as np

from commgen._checks import check_positive
from commgen.waveform.impairment import Impairment


class CarrierOffset(Impairment):
    """A carrier that is off by so many hertz; its phase is 0 at the first sample.

    Parameters
    ----------
    offset_hz
        Of either sign, at most half the sampling rate.
    sampling_rate_hz
        Of the samples.
    """

    def __init__(self, offset_hz: float, sampling_rate_hz: float):
        self.sampling_rate_hz = check_positive("sampling_rate_hz", sampling_rate_hz)
        if not math.isfinite(offset_hz) or abs(offset_hz) > self.sampling_rate_hz / 2:
            raise ValueError(
                "offset_hz must be at most half the sampling rate, "
                f"{self.sampling_rate_hz / 2:g} Hz, got {offset_hz}."
            )
        self.offset_hz = float(offset_hz)

    def __call__(self, samples, rng=None) -> np.ndarray:
        """As of :class:`Impairment`; nothing is random."""
        samples = np.asarray(samples, np.complex128)
        n = np.arange(samples.shape[-1])
        return samples * np.exp(2j * np.pi * self.offset_hz / self.sampling_rate_hz * n)
