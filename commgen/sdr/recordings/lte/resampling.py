"""Samples as a receiver without carrier and clock error would have taken them."""

import numpy as np

from commgen.coding.compiled import compiled
from commgen.sdr.recordings.lte.clock import SAMPLE_RATE_HZ, Clock

_TAPS, _PHASES = 24, 256


def corrected(x, clock: Clock) -> np.ndarray:
    """Return samples as a receiver without these errors would have taken them.

    Parameters
    ----------
    x : [n], complex64
        Samples.
    clock
        Of :func:`find_clock`.

    Returns
    -------
    [m], complex64
        Interpolated by a windowed sinc of 24 samples, which serves the middle 1.1 MHz.
    """
    n = np.arange(len(x))
    mixed = x * np.exp(-2j * np.pi * clock.cfo_hz / SAMPLE_RATE_HZ * n)
    step = 1 + clock.clock_ppm * 1e-6
    count = int((len(x) - 1) / step)
    return _resampled(mixed.astype(np.complex64), step, count, _filters())


def _filters() -> np.ndarray:
    """Windowed sincs for delays of parts of a sample: [257, 24], float32."""
    offset = np.arange(_TAPS) - (_TAPS // 2 - 1)
    d = offset - np.arange(_PHASES + 1)[:, None] / _PHASES
    window = np.cos(np.pi * d / _TAPS) ** 2
    taps = np.sinc(d) * window
    return (taps / taps.sum(axis=1, keepdims=True)).astype(np.float32)


@compiled
def _resampled(x, step, count, filters):
    num_phases, num_taps = filters.shape[0] - 1, filters.shape[1]
    out = np.zeros(count, np.complex64)
    for n in range(count):
        place = n * step
        whole = int(place)
        taps = filters[int((place - whole) * num_phases + 0.5)]
        first = whole - (num_taps // 2 - 1)
        total = np.complex64(0)
        for j in range(num_taps):
            at = first + j
            if 0 <= at < len(x):
                total += x[at] * taps[j]
        out[n] = total
    return out
