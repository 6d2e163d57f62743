"""Whether a peak of the metric is the preamble: its channel, its timing, its CFO."""

from functools import lru_cache

import numpy as np

from commgen.coding.compiled import compiled
from commgen.frame.frame import Frame
from commgen.sdr.waveform.preamble import preamble_carriers, preamble_symbol

#: Delay spreads over which the profile that the timing looks for is averaged [s].
_DELAY_SPREADS_S = np.linspace(30e-9, 300e-9, 10)
#: Samples by which FFT windows begin early: a band-limited path has a forerunner.
EARLY = 2


@lru_cache(maxsize=4)
def preamble_tables(frame: Frame) -> tuple[np.ndarray, ...]:
    """Return what :func:`verify` needs of a frame.

    Returns
    -------
    carriers : [num], int64
        Carriers of the preamble over two, those of half a symbol.
    x : [num], complex64
        What they carry, of unit power.
    dft : [half, half], complex64
        From the samples of half a symbol to all of its carriers.
    to_taps : [2 half, num], complex64
        From carriers to taps at multiples of half a sample.
    profile : [num_lags], float32
        Weight of the taps at and behind the first path, at multiples of half a sample.
    """
    carriers = preamble_carriers(frame) // 2
    half = frame.fft_size // 2
    x = preamble_symbol(frame)[2 * carriers % frame.fft_size]
    i = np.arange(half)
    dft = np.exp(-2j * np.pi / half * np.outer(i, i))
    lags = np.arange(2 * half) / 2
    to_taps = np.exp(2j * np.pi / half * np.outer(lags, carriers)) / len(carriers)
    return (
        carriers.astype(np.int64),
        (x / np.abs(x)).astype(np.complex64),
        dft.astype(np.complex64),
        to_taps.astype(np.complex64),
        _profile(frame, to_taps, carriers),
    )


def _profile(frame: Frame, to_taps, carriers) -> np.ndarray:
    """Mean power of band-limited taps of exponential profiles from delay 0 on.

    It begins ``EARLY`` samples before the first path.
    """
    num_lags = 2 * (EARLY + frame.cyclic_prefix_length // 2)
    tau = np.arange(0, 12, 0.02)
    spreads = _DELAY_SPREADS_S[:, None] * frame.sample_rate_hz
    p = np.exp(-tau / spreads) / spreads
    p = (p / p.sum(1, keepdims=True)).mean(0)
    h = np.exp(-4j * np.pi / frame.fft_size * np.outer(carriers, tau))
    taps = np.roll(to_taps, 2 * EARLY, axis=0)[:num_lags] @ h
    power = np.abs(taps) ** 2 @ p
    return (power / power.max()).astype(np.float32)


@compiled
def verify(samples, last, tables, max_shift, cyclic_prefix, found):
    r"""Look for the known symbol around a peak of the metric.

    The symbol's halves are turned by the fractional CFO and added. Of the CFOs of an
    even number of carriers, that one is kept whose known carriers agree best from one
    to the next, which no delay disturbs:

    .. math:: \hat m = \arg\max_m \Big|\sum_k Y_{k+1+m} Y_{k+m}^* X_{k+1}^* X_k\Big|

    (Schmidl and Cox compare two symbols instead). The known carriers then give the taps
    of the channel; the first path is where a mean power profile fits theirs best.

    Parameters
    ----------
    samples : [num], complex64
        The stream, a symbol and a half symbol before the peak's end and half a symbol
        behind it included.
    last
        Index of the sample in which the peak ends.
    tables
        Of :func:`preamble_tables`.
    max_shift
        Greatest m.
    cyclic_prefix
        Its samples.
    found : [5 or more], float64
        Where the result goes: the share of the known carriers' energy that lies in
        taps within a cyclic prefix, near 1 without noise; samples, with fractions, by
        which the symbol of the first path is behind that of the peak; CFO in cycles a
        half symbol; SNR of a sample, linear; and m.
    """
    carriers, x, dft, to_taps, profile = tables
    half = len(dft)
    begin = last - 2 * half + 1
    omega = np.angle(_correlation(samples, begin, half)) / half
    y = dft @ _folded(samples, begin, half, omega)
    m = _shift(y, carriers, x, max_shift)
    h = _known(y, carriers, x, m)
    energy = 0.0
    for k in range(len(h)):
        energy += h[k].real ** 2 + h[k].imag ** 2
    taps = to_taps @ h
    power = taps.real**2 + taps.imag**2
    lag = _best_lag(power, profile)
    window = 0.0
    for i in range(2 * cyclic_prefix + 1):
        window += power[(round(2 * lag) - 2 * EARLY + i) % len(power)]
    # The taps at half samples have 2 half / num times the energy of the carriers' mean.
    found[0] = window * len(h) / (2 * half * max(energy, 1e-300)) * len(h)
    lag = _unfolded(samples, begin, lag, half)
    found[1] = lag
    aligned = begin + int(np.round(lag))
    row = round(2 * lag) - 2 * EARLY
    omega += _rest(samples, aligned, omega, m, row - 2 * int(np.round(lag)), tables)
    found[2] = omega * half / (2 * np.pi)
    found[3] = _snr(samples, aligned, half, _correlation(samples, aligned, half))
    found[4] = m


@compiled
def _rest(samples, begin, omega, m, row, tables):
    """CFO that omega leaves, by the taps that either half of the symbol sees."""
    carriers, x, dft, to_taps, profile = tables
    half = len(dft)
    mean = _mean(samples, begin, 2 * half)
    parts = np.empty((2, half), np.complex64)
    step = np.exp(-1j * omega)
    turn = 1 + 0j
    for i in range(2 * half):
        parts[i // half, i % half] = turn * (samples[begin + i] - mean)
        turn *= step
    h_1 = _known(dft @ parts[0], carriers, x, m)
    h_2 = _known(dft @ parts[1], carriers, x, m)
    P = 0j
    for i in range(len(profile)):
        row_i = to_taps[(row + i) % len(to_taps)]
        tap_1, tap_2 = 0j, 0j
        for k in range(len(x)):
            tap_1 += row_i[k] * h_1[k]
            tap_2 += row_i[k] * h_2[k]
        P += profile[i] * np.conj(tap_1) * tap_2
    return np.angle(P) / half


@compiled
def _correlation(samples, begin, half):
    """Correlate both halves, less the mean of the symbol."""
    mean = _mean(samples, begin, 2 * half)
    P = 0j
    for i in range(begin, begin + half):
        P += np.conj(samples[i] - mean) * (samples[i + half] - mean)
    return P


@compiled
def _mean(samples, begin, num):
    mean = 0j
    for i in range(begin, begin + num):
        mean += samples[i]
    return np.complex64(mean / num)


@compiled
def _folded(samples, begin, half, omega):
    """Turn back a CFO of omega a sample, and add the halves."""
    mean = _mean(samples, begin, 2 * half)
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
def _best_lag(power, profile):
    """Delay in samples, with fractions, where the profile fits best."""
    num = len(power)
    fit = np.zeros(num)
    for lag in range(num):
        for i in range(len(profile)):
            fit[lag] += profile[i] * power[(lag - 2 * EARLY + i) % num]
    best = int(np.argmax(fit))
    left, mid, right = fit[best - 1], fit[best], fit[(best + 1) % num]
    bend = left - 2 * mid + right
    part = 0.5 * (left - right) / bend if bend < 0 else 0.0
    return (best + part) / 2


@compiled
def _unfolded(samples, begin, lag, half):
    """Tell which of two delays half a symbol apart it is, by what repeats itself."""
    at = begin + int(np.round(lag))
    later = abs(_correlation(samples, at, half))
    earlier = abs(_correlation(samples, at - half, half))
    return lag if later > earlier else lag - half


@compiled
def _snr(samples, begin, half, P):
    """Power that both halves share over what differs, of a sample."""
    mean = _mean(samples, begin, 2 * half)
    energy = 0.0
    for i in range(begin, begin + 2 * half):
        r = samples[i] - mean
        energy += r.real**2 + r.imag**2
    noise = max(energy / 2 - abs(P), 1e-12 * energy)
    return abs(P) / noise if noise > 0 else 0.0
