"""Whether there is a frame behind a preamble, by all of its known symbols."""

from functools import lru_cache
from typing import Any

import numpy as np

from commgen.coding.compiled import compiled
from commgen.frame.frame import Frame
from commgen.measures.decibel import noise_variance
from commgen.sdr.reception.known_symbol import halves, mean_of
from commgen.sdr.waveform.preamble import preamble_symbol

# Delay spreads of the channels that the timing looks for [s].
_DELAY_SPREADS_S = np.linspace(30e-9, 300e-9, 10)
#: Samples by which FFT windows begin early: a band-limited path has a forerunner.
EARLY = 2
# Samples around the place where the preamble seems to begin that are looked at.
_BEFORE, _NUM_LAGS = 8, 24
# SNR of a sample for which the weights of taps are [dB]. At a higher one they would
# only tell what is no tap, and a single path be found a sample early.
_SNR_DB = 3.0
#: What the halves of the preamble, filtered by its taps, weigh beside the raw samples
#: of the prefixes.
_HALVES_WEIGHT = 4.0
_NUM_POINTS = 64  # of the CFO; a parabola finds what is between


@lru_cache(maxsize=4)
def known_tables(frame: Frame) -> tuple[Any, ...]:
    """Return what :func:`confirm` needs of a frame.

    Returns
    -------
    offsets : [num_known], int64
        Samples from the preamble to each of the known symbols, itself the first.
    known : [num_known, fft_size, 2], complex64
        Conjugate samples of them over ``fft_size``, as they are and half a sample late.
    weights : [num_lags], float32
        What the powers of taps at and behind the first path weigh, at multiples of half
        a sample from ``EARLY`` samples before it on.
    scale : float
        From the power of all taps at half samples to that of a sample.
    """
    rows = np.r_[-1, frame.pilot_rows]
    bins = np.zeros((len(rows), frame.fft_size), np.complex64)
    bins[0] = preamble_symbol(frame)
    subcarriers = frame.subcarrier_index[frame.pilot_subcarriers]
    bins[1:, subcarriers] = frame.pilots
    late = np.exp(-1j * np.pi * np.fft.fftfreq(frame.fft_size))
    shifted = np.stack([bins, bins * late], axis=-1)
    samples = np.fft.ifft(shifted, axis=1) * frame.fft_size
    known = samples.conj() / np.sqrt(np.sum(np.abs(bins) ** 2, 1))[:, None, None]
    scale = frame.num_effective_subcarriers / (2 * frame.fft_size)
    offsets = (rows + 1) * frame.symbol_length
    known = (known / frame.fft_size).astype(np.complex64)
    return offsets.astype(np.int64), known, _weights(frame), scale


def _weights(frame: Frame) -> np.ndarray:
    """Return p / (p + noise) for the mean powers p of band-limited taps.

    That is the likelihood of independent Gaussian taps, which says where they begin
    even where the first ones have faded; p alone would be led by the strongest one.
    """
    lags = np.arange(2 * (EARLY + frame.cyclic_prefix_length)) / 2 - EARLY
    tau = np.arange(0, 12, 0.02)
    spreads = _DELAY_SPREADS_S[:, None] * frame.sample_rate_hz
    p = np.exp(-tau / spreads) / spreads
    p = (p / p.sum(1, keepdims=True)).mean(0)
    waves = np.exp(
        2j * np.pi / frame.fft_size * np.outer(lags, frame.subcarriers)
    ) @ np.exp(-2j * np.pi / frame.fft_size * np.outer(frame.subcarriers, tau))
    power = np.abs(waves / frame.num_effective_subcarriers) ** 2 @ p
    noise = noise_variance(_SNR_DB) / frame.fft_size
    return (power / (power + noise)).astype(np.float32)


@compiled
def confirm(samples, begin, omega, tables, cyclic_prefix, found):
    r"""Compare preamble and pilots with what was received, and refine timing and CFO.

    Taps of all known symbols are added by their powers, since the channel may change
    from one to the next; the first path is where channels of 30 to 300 ns most likely
    begin, up to a sample early where one path is all.
    The CFO is what turns the taps from one half of the preamble to the other, and the
    cyclic prefixes to the ends of their symbols, in one likelihood:

    .. math:: \hat\omega = \arg\max_\omega \mathrm{Re}\big(P\,e^{-j \omega L}
              + P_\mathrm{CP}\,e^{-j 2 \omega L}\big)

    for halves of L samples (van de Beek, Sandell and Börjesson, *ML estimation of time
    and frequency offset in OFDM systems*, IEEE Trans. Signal Process. 45, 1997, for
    the prefixes).

    Parameters
    ----------
    samples : [num], complex64
        The stream, up to the last known symbol and ``_NUM_LAGS`` samples behind it.
    begin
        Where the preamble, without its prefix, seems to begin.
    omega
        CFO [rad a sample].
    tables
        Of :func:`known_tables`.
    cyclic_prefix
        Its samples.
    found : [4 or more], float64
        Where the result goes: the share of the energy that lies in taps within a
        cyclic prefix, near 1 without noise; samples from ``begin`` to the first path;
        omega; and SNR of a sample, linear.
    """
    offsets, known, weights, scale = tables
    size = known.shape[1]
    half = size // 2
    mean = mean_of(samples, begin, size)
    power = np.zeros(2 * _NUM_LAGS, np.float32)
    energy = 0.0
    for s in range(len(offsets)):
        x = _turned(samples, begin + offsets[s] - _BEFORE, size, mean, omega)
        energy += _energy(x[_BEFORE : _BEFORE + size]) / size
        taps = _correlated(x, known[s])
        power += taps.real**2 + taps.imag**2
    best, lag = _best_lag(power, weights)
    found[0] = scale * np.sum(power[best : best + 2 * cyclic_prefix + 1])
    found[0] /= max(energy, 1e-30)
    found[1] = lag
    x = _turned(samples, begin - _BEFORE, size, mean, omega)
    P = _across(x, known[0], best, weights) * (scale * half * _HALVES_WEIGHT)
    first = begin + int(np.round(lag))
    num_symbols = offsets[-1] // (size + cyclic_prefix) + 1
    P_cp = _prefixes(samples, first, size, cyclic_prefix, num_symbols, mean)
    found[2] = omega + _rest(P, P_cp * np.exp(-1j * omega * size), half)
    found[3] = _snr(samples, first, half, energy / len(offsets))


@compiled
def _turned(samples, begin, size, mean, omega):
    """Return a symbol for all lags, less the mean, turned back by omega a sample."""
    x = np.empty(size + _NUM_LAGS - 1, np.complex64)
    step, turn = np.exp(-1j * omega), 1 + 0j
    for i in range(len(x)):
        x[i] = turn * (samples[begin + i] - mean)
        turn *= step
    return x


@compiled
def _energy(x):
    total = 0.0
    for i in range(len(x)):
        total += x[i].real ** 2 + x[i].imag ** 2
    return total


@compiled
def _correlated(x, known):
    """Return taps at all lags, half a sample apart, [2 _NUM_LAGS]."""
    taps = np.zeros((_NUM_LAGS, 2), np.complex64)
    for i in range(len(known)):
        now, late = known[i, 0], known[i, 1]
        for lag in range(_NUM_LAGS):
            taps[lag, 0] += x[i + lag] * now
            taps[lag, 1] += x[i + lag] * late
    return taps.ravel()


@compiled
def _across(x, known, best, weights):
    """Correlate the taps that one half of the preamble sees with those of the other."""
    half = len(known) // 2
    early = _correlated(x, known[:half])
    late = _correlated(x[half:], known[half:])
    P = 0j
    for i in range(len(weights)):
        P += weights[i] * np.conj(early[best + i]) * late[best + i]
    return 4 * P


@compiled
def _prefixes(samples, begin, size, cyclic_prefix, num_symbols, mean):
    """Correlate the later part of each prefix, free of the symbol before it."""
    P = 0j
    for s in range(num_symbols):
        end = begin + s * (size + cyclic_prefix)
        for i in range(end - cyclic_prefix + cyclic_prefix // 3, end):
            P += np.conj(samples[i] - mean) * (samples[i + size] - mean)
    return P


@compiled
def _rest(P, P_cp, half):
    """Return the CFO [rad a sample] within half a turn over the halves."""
    step = 2 * np.pi / half / _NUM_POINTS
    fit = np.empty(_NUM_POINTS + 2)
    for i in range(len(fit)):
        omega = (i - 1 - _NUM_POINTS // 2) * step
        turn = np.exp(-1j * omega * half)
        fit[i] = (P * turn + P_cp * turn * turn).real
    best = 1 + int(np.argmax(fit[1:-1]))
    left, mid, right = fit[best - 1], fit[best], fit[best + 1]
    return (best - 1 - _NUM_POINTS // 2 + _vertex(left, mid, right)) * step


@compiled
def _vertex(left, mid, right):
    """Where a parabola through three points has its top, -0.5 to 0.5."""
    bend = left - 2 * mid + right
    return 0.5 * (left - right) / bend if bend < 0 else 0.0


@compiled
def _best_lag(power, weights):
    """Return where the weights fit best: its index, and the first path in samples."""
    num = len(power) - len(weights) + 1
    fit = np.zeros(num)
    for lag in range(num):
        for i in range(len(weights)):
            fit[lag] += weights[i] * power[lag + i]
    best = int(np.argmax(fit))
    part = 0.0
    if 0 < best < num - 1:
        part = _vertex(fit[best - 1], fit[best], fit[best + 1])
    return best, (best + part) / 2 + EARLY - _BEFORE


@compiled
def _snr(samples, begin, half, power):
    """Return power over noise; what differs between both halves is noise."""
    mean = mean_of(samples, begin, 2 * half)
    energy = 0.0
    for i in range(begin, begin + 2 * half):
        r = samples[i] - mean
        energy += r.real**2 + r.imag**2
    noise = (energy / 2 - abs(halves(samples, begin, half))) / half
    noise = max(noise, 1e-12 * power)
    return max(power - noise, 0.0) / noise if noise > 0 else 0.0
