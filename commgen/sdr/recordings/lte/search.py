"""Cells by their synchronisation signals, FDD and TDD, normal cyclic prefix."""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from commgen.sdr.recordings.lte.clock import HALF_FRAME, Correlator
from commgen.sdr.recordings.lte.sequences import (
    FFT_SIZE,
    SYNC_CARRIERS,
    primary,
    secondary,
)

# Where the body of the primary signal begins in its half frame, and how far before it
# that of the secondary one does: symbol 6 of slot 0 and the one before; in TDD symbol 2
# of subframe 1 and three before (TS 36.211 6.11, table 6.12-1).
_PLACES = {"FDD": (832, 137), "TDD": (2204, 412)}
# Deviations of a folded correlation above its median; of a secondary signal above what
# another one would have. 336 tries of a normal number reach 4 once in 100 searches.
_LEAST_PRIMARY, _LEAST_SECONDARY = 6.0, 8.0
# The next best one: those of one cell agree by half where they share a sequence, and
# what is not a secondary signal agrees with many equally well.
_MOST_SECOND = 0.75
_MOST_PEAKS, _MOST_CELLS = 12, 8
_GUARD = 2
_EARLY = 2
# Of paths in samples behind the window, which begins two early, with what the limits
# of the band spread them to.
_DELAYS = np.arange(-3, 12)


@dataclass(frozen=True)
class Found:
    """A cell.

    Parameters
    ----------
    cell
        Physical cell identity, 0 to 503.
    duplex
        "FDD" or "TDD".
    start
        Sample at which its first whole frame begins; may be negative.
    primary, secondary
        By how many standard deviations of noise its signals stood out.
    """

    cell: int
    duplex: str
    start: int
    primary: float
    secondary: float


def find_cells(y) -> list[Found]:
    """Return the cells in samples without clock error, the clearest first.

    What a cell sends for synchronisation repeats every half frame, and so does all that
    it looks like at other places. So the clearest cell is taken, its signals are taken
    away, and the search begins again.

    Parameters
    ----------
    y : [n], complex64
        Of :func:`~commgen.sdr.recordings.lte.resampling.corrected`.
    """
    found: list[Found] = []
    while len(found) < _MOST_CELLS:
        cell = _clearest(y, {other.cell for other in found})
        if cell is None:
            break
        found.append(cell)
        y = _without(y, cell)
    return found


def _clearest(y, known: set[int]) -> Found | None:
    """Return the clearest cell, where its primary signal is strongest."""
    correlator, there = Correlator(y), {}
    for sector in range(3):
        for at, height in peaks(correlator.share(sector, 0.0)):
            for duplex in _PLACES:
                cell = _identified(y, sector, at, height, duplex)
                if cell is not None and cell.cell not in known:
                    there.setdefault((cell.cell, duplex), cell)
    return max(there.values(), key=lambda cell: cell.secondary, default=None)


def peaks(share) -> list[tuple[int, float]]:
    """Return where a primary signal comes every half frame, and how clearly.

    Parameters
    ----------
    share : [n], float
        Of :meth:`~commgen.sdr.recordings.lte.clock.Correlator.share`.
    """
    num = len(share) // HALF_FRAME
    folded = share[: num * HALF_FRAME].reshape(num, HALF_FRAME).mean(axis=0)
    middle = np.median(folded)
    # 1.4826 median absolute deviations are a standard one of normal numbers.
    height = (folded - middle) / (1.4826 * np.median(np.abs(folded - middle)) + 1e-12)
    found = []
    for _ in range(_MOST_PEAKS):
        at = int(height.argmax())
        if height[at] < _LEAST_PRIMARY:
            break
        found.append((at, float(height[at])))
        height[np.arange(at - _GUARD, at + _GUARD + 1) % HALF_FRAME] = 0
    return found


def _identified(y, sector: int, at: int, height: float, duplex: str) -> Found | None:
    """Return the cell whose secondary signal stands where ``duplex`` has it."""
    offset, back = _PLACES[duplex]
    k = np.arange((len(y) - FFT_SIZE - at) // HALF_FRAME + 1)
    k = k[at + k * HALF_FRAME >= back + _EARLY]
    starts = at + k * HALF_FRAME - _EARLY
    h = _smoothed(_spectra(y, starts) * np.conj(primary(sector)))
    d = _spectra(y, starts - back) * np.conj(h)
    d /= np.maximum(np.linalg.norm(d, axis=1, keepdims=True), 1e-12)
    # [half frame, subframe 0 or 5, group]; those of one kind alternate.
    score = np.einsum("ks,pgs->kpg", d.real, secondary(sector), optimize=True)
    even = score[k % 2 == 0].sum(axis=0) + score[k % 2 == 1][:, ::-1].sum(axis=0)
    # Of unit vectors: 62 signs on real parts of mean square 1 / 124.
    deviations = even / np.sqrt(len(k) / 2)
    parity, group = np.unravel_index(deviations.argmax(), deviations.shape)
    second, clear = np.partition(deviations.ravel(), -2)[-2:]
    if clear < _LEAST_SECONDARY or second > _MOST_SECOND * clear:
        return None
    start = at - offset + (HALF_FRAME if parity == 1 else 0)
    return Found(3 * int(group) + sector, duplex, start, height, float(clear))


def _spectra(y, starts) -> np.ndarray:
    n = np.arange(FFT_SIZE)
    return np.fft.fft(y[starts[:, None] + n], axis=1)[:, SYNC_CARRIERS]


def _smoothed(h) -> np.ndarray:
    """Fit taps of delays that a cell may have, seen from the window: [n, 62]."""
    return h @ _tap_fit()


@lru_cache
def _tap_fit() -> np.ndarray:
    F = np.exp(-2j * np.pi / FFT_SIZE * np.outer(SYNC_CARRIERS, _DELAYS))
    return (F @ np.linalg.pinv(F, rcond=0.1)).T


def _without(y, cell: Found) -> np.ndarray:
    """Return samples without the synchronisation signals of a cell."""
    offset, back = _PLACES[cell.duplex]
    y, sector = y.copy(), cell.cell % 3
    every = np.arange(-2, len(y) // HALF_FRAME + 2)
    signals = secondary(sector)[:, cell.cell // 3]
    for parity in (0, 1):
        k = every[every % 2 == parity]
        at = cell.start + offset + k * HALF_FRAME
        _take_away(y, at, primary(sector))
        _take_away(y, at - back, signals[parity])
    return y


def _take_away(y, starts, sequence) -> None:
    """Subtract a known symbol, by the channel that it shows, prefix included."""
    starts = starts[(starts >= 9 + _EARLY) & (starts + FFT_SIZE <= len(y))] - _EARLY
    h = _smoothed(_spectra(y, starts) * np.conj(sequence))
    spectrum = np.zeros((len(starts), FFT_SIZE), complex)
    spectrum[:, SYNC_CARRIERS] = h * sequence
    body = np.fft.ifft(spectrum, axis=1)
    n = np.arange(-9, FFT_SIZE)
    y[starts[:, None] + n] -= body[:, n % FFT_SIZE].astype(y.dtype)
