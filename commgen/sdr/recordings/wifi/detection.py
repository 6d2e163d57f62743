"""Where packets begin, and how far their carrier is off."""

from dataclasses import dataclass

import numpy as np

from commgen.sdr.recordings.wifi.grid import FFT_SIZE, LEGACY, SAMPLE_RATE_HZ

_LAG = 16
_WINDOW = 96
# Correlation coefficient of the short training symbols with themselves: at 0 dB it is
# 0.5; noise alone reaches 0.35 once in 100,000 windows.
_LEAST_METRIC = 0.45
# Of the long symbol as it was sent, both halves: noise alone stays below 0.2.
_LEAST_MATCH = 0.3
# From where the metric rises to the first long symbol: within the ten short ones, their
# window and the guard.
REACH = 400
_EARLY = 4


@dataclass(frozen=True)
class Start:
    """A packet's training symbols.

    Parameters
    ----------
    training
        Sample at which the first of the two long symbols is cut out: some samples
        early, within its prefix.
    cfo_hz
        Carrier frequency offset.
    """

    training: int
    cfo_hz: float


def correlation(x) -> np.ndarray:
    """Return the coefficient of samples with those 16 later, over 96: [n], complex."""
    if len(x) < _LAG + _WINDOW:
        return np.zeros(0, complex)
    product = np.conj(x[:-_LAG]) * x[_LAG:]
    power = np.abs(x).astype(float) ** 2
    both = power[:-_LAG] + power[_LAG:]
    cross, energy = (_moving(v, _WINDOW) for v in (product.astype(complex), both))
    silent = energy <= 1e-12 * max(float(energy.max()), 1e-30)
    return np.where(silent, 0, 2 * cross / np.where(silent, 1, energy))


def _moving(v, width: int) -> np.ndarray:
    total = np.cumsum(np.concatenate([[0], v]))
    return total[width:] - total[:-width]


def synchronise(x, at: int, metric) -> Start | None:
    """Return the training symbols behind a rise of the metric, None where are none.

    Parameters
    ----------
    x : [n], complex
        Samples.
    at
        Where the metric rises.
    metric : [n - 111], complex
        Of :func:`correlation`.
    """
    coarse = np.angle(np.sum(metric[at : at + 32])) / (2 * np.pi * _LAG)
    window = x[at : at + REACH + 2 * FFT_SIZE]
    if len(window) < 4 * FFT_SIZE:
        return None
    window = window * np.exp(-2j * np.pi * coarse * np.arange(len(window)))
    matched = np.correlate(window, long_symbol(), "valid")
    energy = _moving(np.abs(window) ** 2, FFT_SIZE)
    share = np.abs(matched) ** 2 / np.maximum(energy, 1e-30)
    # The smaller one: a neighbour of one half alone is no pair.
    pair = np.minimum(share[:-FFT_SIZE], share[FFT_SIZE:])
    peak = int(np.argmax(pair))
    if pair[peak] < _LEAST_MATCH:
        return None
    first = max(peak - _LAG, 0)
    early, late = (window[k + first : k + peak + FFT_SIZE] for k in (0, FFT_SIZE))
    fine = np.angle(np.vdot(early, late)) / (2 * np.pi * FFT_SIZE)
    if at + peak < _EARLY:
        return None
    return Start(at + peak - _EARLY, float((coarse + fine) * SAMPLE_RATE_HZ))


def long_symbol() -> np.ndarray:
    """Return the long training symbol at unit energy, [64], complex."""
    spectrum = np.zeros(FFT_SIZE, complex)
    spectrum[LEGACY.carriers] = LEGACY.training
    body = np.fft.ifft(spectrum)
    return body / np.linalg.norm(body)


def next_rise(metric, at: int) -> int | None:
    """Return where the metric next is high enough, from ``at`` on."""
    high = np.flatnonzero(np.abs(metric[at:]) > _LEAST_METRIC)
    return at + int(high[0]) if high.size else None
