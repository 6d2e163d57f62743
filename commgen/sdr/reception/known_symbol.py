"""Whether a peak of the metric may be the preamble: where it is, and its CFO."""

from functools import lru_cache

import numpy as np

from commgen.coding.compiled import compiled
from commgen.frame.frame import Frame
from commgen.sdr.waveform.preamble import preamble_carriers, preamble_symbol


@lru_cache(maxsize=4)
def preamble_tables(frame: Frame) -> tuple[np.ndarray, ...]:
    """Return what :func:`look` needs of a frame.

    Returns
    -------
    carriers : [num], int64
        Carriers of the preamble over two, those of half a symbol.
    x : [num], complex64
        What they carry, of unit power.
    dft : [half, half], complex64
        From the samples of half a symbol to all of its carriers.
    to_taps : [num, half], complex64
        From carriers to taps on the sample grid.
    """
    carriers = preamble_carriers(frame) // 2
    half = frame.fft_size // 2
    x = preamble_symbol(frame)[2 * carriers % frame.fft_size]
    i = np.arange(half)
    dft = np.exp(-2j * np.pi / half * np.outer(i, i))
    to_taps = np.exp(2j * np.pi / half * np.outer(carriers, i)) / len(carriers)
    return (
        carriers.astype(np.int64),
        (x / np.abs(x)).astype(np.complex64),
        dft.astype(np.complex64),
        to_taps.astype(np.complex64),
    )


@compiled
def look(samples, last, tables, max_shift, window):
    r"""Look for the preamble around a peak of the metric.

    The symbol's halves are turned by the fractional CFO and added. Of the CFOs of an
    even number of carriers, that one is kept whose known carriers agree best from one
    to the next, which no delay disturbs:

    .. math:: \hat m = \arg\max_m \Big|\sum_k Y_{k+1+m} Y_{k+m}^* X_{k+1}^* X_k\Big|

    (Schmidl and Cox compare two symbols instead). The known carriers then give the taps
    of the channel.

    Parameters
    ----------
    samples : [num], complex64
        The stream, a symbol and a half before the peak's end and half a one behind it
        included.
    last
        Index of the sample in which the peak ends.
    tables
        Of :func:`preamble_tables`.
    max_shift
        Greatest m.
    window
        Samples over which a channel spreads.

    Returns
    -------
    share : float
        Of the known carriers' energy, what lies in the best window of taps: near 1
        without noise, and ``window / half`` for noise at a random place.
    begin : int
        Index of the sample in which that window, and so the symbol, begins.
    omega : float
        CFO [rad a sample].
    """
    carriers, x, dft, to_taps = tables
    half = len(dft)
    begin = last - 2 * half + 1
    omega = np.angle(halves(samples, begin, half)) / half
    y = _transformed(dft, _folded(samples, begin, half, omega))
    m = _shift(y, carriers, x, max_shift)
    h = _known(y, carriers, x, m)
    taps = _transformed(to_taps, h)
    power = taps.real**2 + taps.imag**2
    lag, inside = _best_window(power, window)
    total = max(np.sum(power), np.float32(1e-30))
    begin = _unfolded(samples, begin + lag, half)
    return inside / total, begin, omega + 2 * np.pi * m / half


@compiled
def _transformed(columns, x):
    """Return the sum of columns, [num, out], each times its x."""
    out = np.zeros(columns.shape[1], np.complex64)
    for i in range(len(x)):
        for k in range(len(out)):
            out[k] += columns[i, k] * x[i]
    return out


@compiled
def halves(samples, begin, half):
    """Correlate both halves of a symbol, less its mean."""
    mean = mean_of(samples, begin, 2 * half)
    P = 0j
    for i in range(begin, begin + half):
        P += np.conj(samples[i] - mean) * (samples[i + half] - mean)
    return P


@compiled
def mean_of(samples, begin, num):
    """Return the mean of so many samples: a DC offset, which no carrier is."""
    mean = 0j
    for i in range(begin, begin + num):
        mean += samples[i]
    return np.complex64(mean / num)


@compiled
def _folded(samples, begin, half, omega):
    """Turn back a CFO of omega a sample, and add the halves."""
    mean = mean_of(samples, begin, 2 * half)
    folded = np.empty(half, np.complex64)
    step = np.exp(-1j * omega)
    across = np.exp(-1j * omega * half)
    turn = 1 + 0j
    for i in range(half):
        both = (samples[begin + i] - mean) + across * (samples[begin + half + i] - mean)
        folded[i] = turn * both
        turn *= step
    return folded


@compiled
def _shift(y, carriers, x, max_shift):
    best, greatest = 0, -1.0
    for m in range(-max_shift, max_shift + 1):
        total = 0j
        h = _known(y, carriers, x, m)
        for k in range(len(h) - 1):
            total += h[k + 1] * np.conj(h[k])
        value = total.real**2 + total.imag**2
        if value > greatest:
            best, greatest = m, value
    return best


@compiled
def _known(y, carriers, x, m):
    h = np.empty(len(x), np.complex64)
    for k in range(len(x)):
        h[k] = y[(carriers[k] + m) % len(y)] * np.conj(x[k])
    return h


@compiled
def _best_window(power, window):
    """Return where the window with the most power begins, around 0, and its power."""
    num = len(power)
    best, greatest = 0, -1.0
    for lag in range(num):
        inside = 0.0
        for i in range(window):
            inside += power[(lag + i) % num]
        if inside > greatest:
            best, greatest = lag, inside
    return best, greatest


@compiled
def _unfolded(samples, begin, half):
    """Tell which of two places half a symbol apart it is, by what repeats itself."""
    later = abs(halves(samples, begin, half))
    earlier = abs(halves(samples, begin - half, half))
    return begin if later > earlier else begin - half
