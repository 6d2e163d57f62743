"""Entropy-coded scalar quantisers of Gaussian numbers, one for each variance."""

from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy.special import ndtr

from commgen.phy.feedback.arithmetic import TOTAL, cumulative

# Variances over the price of a bit: from those that no bit is worth, in steps.
_FIRST_LOG2, _LAST_LOG2, _STEP_LOG2 = -1.0, 18.0, 0.25
# Levels reach so many deviations, as far as a table of symbols has room.
_REACH, _MOST_LEVELS = 5.0, 400
_ROUNDS = 60
# Bits below which a quantiser counts as one of a single level.
_NO_RATE = 2e-3


@dataclass(frozen=True)
class Quantisers:
    r"""Quantisers of real Gaussian numbers, at the price of one per bit.

    Each has the least :math:`D + R`, squared error and bits, of its variance (Chou,
    Lookabaugh and Gray, IEEE Trans. Acoust., Speech, Signal Process. 37, 1989): levels
    are means of their cells, cells are where error and length of the code word are
    least, and lengths follow the probabilities of the cells. At high rates this is a
    uniform quantiser, 0.25 bit over the rate-distortion function; at low rates the zero
    is wide. One price for all coefficients is reverse water-filling.

    Parameters
    ----------
    ends : [num], int64
        Largest level number of each; 0 where no bit is worth its price.
    points : [num, num_levels], float
        Levels from number -end on.
    edges : [num, num_levels - 1], float
        Between them.
    lengths : [num, num_levels], float
        Bits of each.
    errors : [num, num_levels], float
        Variance within each cell.
    tables : [num, num_levels + 1], int64
        Cumulative frequencies.
    """

    ends: np.ndarray
    points: np.ndarray
    edges: np.ndarray
    lengths: np.ndarray
    errors: np.ndarray
    tables: np.ndarray

    @staticmethod
    def number_of(variance: np.ndarray) -> np.ndarray:
        """Return which quantiser serves variances over the price of a bit, [...]."""
        with np.errstate(divide="ignore"):
            at = (np.log2(variance) - _FIRST_LOG2) / _STEP_LOG2
        last = round((_LAST_LOG2 - _FIRST_LOG2) / _STEP_LOG2)
        return np.clip(np.rint(at), 0, last).astype(np.int64)


@cache
def quantisers() -> Quantisers:
    """Return all quantisers; the first time takes half a second."""
    logs = np.arange(_FIRST_LOG2, _LAST_LOG2 + _STEP_LOG2 / 2, _STEP_LOG2)
    made = [_quantiser(2.0**log) for log in logs]
    ends = np.array([len(m[0]) // 2 for m in made], np.int64)
    width = 2 * int(ends.max()) + 1

    def filled(arrays, size, value):
        out = np.full((len(arrays), size), value, np.asarray(arrays[0]).dtype)
        for row, array in zip(out, arrays, strict=True):
            row[: len(array)] = array
        return out

    points, edges, lengths, errors, tables = zip(*made, strict=True)
    return Quantisers(
        ends,
        filled(points, width, 0.0),
        filled(edges, width - 1, np.inf),
        filled(lengths, width, np.inf),
        filled(errors, width, 0.0),
        filled(tables, width + 1, TOTAL),
    )


def _quantiser(variance):
    """Return points, edges, lengths, errors and table of one variance."""
    deviation = variance**0.5
    step = (12 / (2 * np.log(2))) ** 0.5  # where a bit more saves one of error
    end = int(min(np.ceil(_REACH * deviation / step), _MOST_LEVELS))
    points = step * np.arange(-end, end + 1.0)
    p = np.ones(len(points)) / len(points)
    edges = np.empty(0)
    for _ in range(_ROUNDS if end else 0):
        bits = -np.log2(np.maximum(p, 1 / TOTAL))
        edges = _edges(points, bits)
        p, points, errors = _cells(edges, points, deviation)
    rate = -np.sum(p * np.log2(np.maximum(p, 1e-30)))
    if not end or rate < _NO_RATE:
        one = np.zeros(1)
        return one, np.empty(0), one, np.array([variance]), np.array([0, TOTAL])
    table = cumulative(p)
    return points, edges, -np.log2(np.diff(table) / TOTAL), errors, table


def _edges(points, bits):
    gap = np.diff(points)
    edges = (points[1:] + points[:-1]) / 2 + np.diff(bits) / (2 * gap)
    # A level that is never worth its bits has an empty cell.
    middle = len(points) // 2
    edges[middle:] = np.maximum.accumulate(np.maximum(edges[middle:], 0))
    edges[:middle] = -edges[middle:][::-1]
    return edges


def _cells(edges, points, deviation):
    t = np.concatenate([[-np.inf], edges / deviation, [np.inf]])
    p = np.diff(ndtr(t))
    density = np.exp(-(t**2) / 2) / np.sqrt(2 * np.pi)
    first = -np.diff(density)
    finite = np.where(np.isfinite(t), t, 0)
    second = p - np.diff(finite * density)
    some = p > 1e-12
    safe = np.where(some, p, 1)
    mean = np.where(some, first / safe, points / deviation)
    error = np.where(some, second / safe - mean**2, 0)
    return p, mean * deviation, np.maximum(error, 0) * deviation**2
