"""A receiver whose clock runs fast or slow."""

from functools import lru_cache

import numpy as np

from commgen.coding.compiled import compiled
from commgen.sdr.air.interpolation import LEAD, NUM_TAPS, fractional_taps

#: Delays between two samples that have a filter: half a step is 3e-3 rad at the edge of
#: the band.
_NUM_PHASES = 512


class SampleClock:
    """Take samples of a stream at another rate.

    Sample n of what comes out is taken at sample n / (1 + error) of what went in,
    ``latency`` samples late.

    Parameters
    ----------
    error_ppm
        How much faster than the sender's the receiver's clock runs, in millionths; a
        fast one takes more samples.
    """

    latency = LEAD

    def __init__(self, error_ppm: float) -> None:
        self.error_ppm = error_ppm
        self._past = np.zeros(NUM_TAPS, np.complex64)
        self._came = 0  # samples that went in
        self._gave = 0

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Return the samples that can be taken now, complex64."""
        stream = np.concatenate([self._past, samples])
        first = self._came - len(self._past)
        self._came += len(samples)
        stride = 1 / (1 + self.error_ppm * 1e-6)
        # Sample n needs the stream up to floor(n * stride), since it is late.
        last = int(np.ceil(self._came / stride)) - 1
        num = max(0, last + 1 - self._gave)
        out = np.empty(num, np.complex64)
        taken = resample(stream, first, self._gave, stride, filter_bank(), out)
        self._gave += taken
        self._past = stream[len(stream) - NUM_TAPS :].copy()
        return out[:taken]


@lru_cache(maxsize=1)
def filter_bank() -> np.ndarray:
    """Return filters of delays below one sample, [_NUM_PHASES, NUM_TAPS], float32.

    The last tap is for the newest sample: they run over a stream in its order.
    """
    _, taps = fractional_taps(np.arange(_NUM_PHASES) / _NUM_PHASES)
    return np.ascontiguousarray(taps[:, ::-1], np.float32)


@compiled
def resample(stream, first, number, stride, bank, out):
    """Write samples ``number`` and on of the other clock; return how many could be."""
    num_phases, num_taps = bank.shape
    for k in range(len(out)):
        position = (number + k) * stride
        whole = int(np.ceil(position))
        if whole - first >= len(stream):
            return k
        phase = int(np.round((whole - position) * num_phases))
        begin = whole - first - num_taps + 1
        if phase == num_phases:  # a whole sample
            phase, begin = 0, begin - 1
        total = np.complex64(0)
        for i in range(num_taps):
            total += bank[phase, i] * stream[begin + i]
        out[k] = total
    return len(out)
