"""What levels of a trellis stand for and how likely they are, learned from channels."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.npz import read_npz, write_npz
from commgen.phy.feedback.arithmetic import TOTAL, cumulative
from commgen.phy.feedback.trellis import STEP, trellis

# Variances over the price of a bit, in steps, and from where on they are sent.
FIRST_LOG2, _SENT_LOG2, _LAST_LOG2, _STEP_LOG2 = -16.0, -0.5, 18.0, 0.25
NUM_CLASSES = round((_LAST_LOG2 - FIRST_LOG2) / _STEP_LOG2) + 1
# Levels reach so many deviations, as far as a table of symbols has room.
_REACH, _MOST_LEVELS = 5.0, 300
# Share of a neighbouring class in the counts of a class, and how many observations the
# start is worth, for chances and for values.
_NEIGHBOUR, _CHANCES_WORTH, _VALUES_WORTH = 0.3, 100.0, 20.0
_ARRAYS = {
    "num_states": np.int64,
    "ends": np.int64,
    "points": np.float64,
    "errors": np.float64,
    "tables": np.int64,
}


@dataclass(frozen=True)
class TrellisTables:
    """Levels of each class of variances and union: row 2 class + union.

    Parameters
    ----------
    num_states
        Of the trellis: 4, 8, 16, 32 or 64.
    ends : [num_rows], int64
        Largest level number of each; 0 where none is sent.
    points : [num_rows, num_levels], float
        Values of the levels from number -end on, where the price of a bit is one.
    errors : [num_rows, num_levels], float
        Mean squared error of each; where none is sent, of the number zero.
    tables : [num_rows, num_levels + 1], int64
        Cumulative frequencies.
    """

    num_states: int
    ends: np.ndarray
    points: np.ndarray
    errors: np.ndarray
    tables: np.ndarray

    def __post_init__(self):
        num, width = 2 * NUM_CLASSES, 2 * _MOST_LEVELS + 1
        ends, tables = self.ends, self.tables
        trellis(self.num_states)
        if ends.shape != (num,) or (ends < 0).any() or (2 * ends >= width).any():
            raise ValueError(f"ends must be [{num}], 0 to {_MOST_LEVELS}, got others.")
        width = 2 * int(ends.max()) + 1
        for name, extra in (("points", 0), ("errors", 0), ("tables", 1)):
            array = getattr(self, name)
            if array.shape != (num, width + extra) or not np.isfinite(array).all():
                raise ValueError(
                    f"{name} must be [{num}, {width + extra}] finite numbers, got "
                    f"{list(array.shape)}."
                )
        inside = np.arange(width) < 2 * ends[:, None] + 1
        whole = (tables[:, 0] == 0) & (tables[np.arange(num), 2 * ends + 1] == TOTAL)
        if not (whole.all() and (np.diff(tables, axis=1) > 0)[inside].all()):
            raise ValueError(f"tables must rise from 0 to {TOTAL}.")

    @property
    def lengths(self) -> np.ndarray:
        """Bits of each level, [num_rows, num_levels]."""
        counts = np.maximum(np.diff(self.tables, axis=1), 1)
        return -np.log2(counts / TOTAL)

    def values(self, rows, levels) -> tuple[np.ndarray, np.ndarray]:
        """Return values and mean squared errors of levels [n] of rows [n]."""
        ends = self.ends[rows]
        at = np.clip(levels, -ends, ends) + ends
        beyond = np.maximum(np.abs(levels) - ends, 0) * np.sign(levels)
        return self.points[rows, at] + 2 * STEP * beyond, self.errors[rows, at]

    def learned(self, counts, sums, squares) -> "TrellisTables":
        """Return tables that follow what paths took.

        Parameters
        ----------
        counts, sums, squares : [num_rows, num_levels], float
            How often a level was taken, and of the numbers that it was taken for the
            sum and the sum of squares. A level and its negative share theirs.
        """
        points, errors = np.zeros_like(self.points), np.zeros_like(self.points)
        tables = np.full_like(self.tables, TOTAL)
        near = [_pooled(part, self.ends) for part in (counts, sums, squares)]
        for row, end in enumerate(self.ends):
            width = 2 * end + 1
            old = self.points[row, :width]
            n, first, second = (part[row, :width] for part in near)
            n, second = n + n[::-1], second + second[::-1]
            first = (first - first[::-1]) * (end > 0)
            p = np.diff(self.tables[row, : width + 1]) / TOTAL
            tables[row, : width + 1] = cumulative(n + _CHANCES_WORTH * p)
            worth = n + _VALUES_WORTH
            points[row, :width] = (first + _VALUES_WORTH * old) / worth
            spread = second - 2 * points[row, :width] * first
            spread += points[row, :width] ** 2 * n
            start = _VALUES_WORTH * self.errors[row, :width]
            errors[row, :width] = (spread + start) / worth
        return replace(self, points=points, errors=errors, tables=tables)

    def save(self, path: str | Path) -> None:
        """Write the tables into an ``.npz`` file."""
        arrays = {name: np.asarray(getattr(self, name)) for name in _ARRAYS}
        write_npz(path, arrays, compressed=True)

    @classmethod
    def load(cls, path: str | Path) -> "TrellisTables":
        """Read what :meth:`save` wrote.

        Raises
        ------
        OSError, ValueError
            If the file cannot be read, is damaged, or holds no such tables.
        """
        found = read_npz(path, list(_ARRAYS))
        for name, array in found.items():
            if array.dtype != _ARRAYS[name]:
                raise ValueError(
                    f"{path}: {name} must be {_ARRAYS[name]}, got {array.dtype}."
                )
        if found["num_states"].shape != ():
            raise ValueError(f"{path}: num_states must be one number.")
        states = int(found.pop("num_states"))
        return cls(states, **found)


def class_of(variance: np.ndarray) -> np.ndarray:
    """Return the class of variances over the price of a bit, [...], int64."""
    with np.errstate(divide="ignore"):
        at = (np.log2(variance) - FIRST_LOG2) / _STEP_LOG2
    return np.clip(np.rint(at), 0, NUM_CLASSES - 1).astype(np.int64)


def gaussian_tables(num_states: int = 32) -> TrellisTables:
    """Return where learning starts: chances of Gaussian numbers near each level.

    Parameters
    ----------
    num_states
        Of the trellis.
    """
    logs = FIRST_LOG2 + _STEP_LOG2 * np.arange(NUM_CLASSES)
    deviations = 2.0 ** (logs / 2)
    ends = np.ceil(_REACH * deviations / (2 * STEP)).astype(np.int64) + 1
    ends = np.repeat(np.where(logs > _SENT_LOG2, np.minimum(ends, _MOST_LEVELS), 0), 2)
    width = 2 * int(ends.max()) + 1
    points = np.zeros((len(ends), width))
    tables = np.full((len(ends), width + 1), TOTAL)
    for row, end in enumerate(ends):
        k = np.arange(-end, end + 1)
        points[row, : len(k)] = (2 * k - row % 2 * np.sign(k)) * STEP
        z = points[row, : len(k)] / deviations[row // 2]
        tables[row, : len(k) + 1] = cumulative(np.exp(-(z**2) / 2) + 1e-9)
    errors = np.full_like(points, STEP**2 / 4)
    errors[ends == 0] = np.repeat(deviations**2, 2)[ends == 0, None]
    return TrellisTables(num_states, ends, points, errors, tables)


def _pooled(part: Any, ends: np.ndarray) -> np.ndarray:
    """Add a share of the next classes, level by level."""
    out = part.astype(np.float64)
    for row, end in enumerate(ends):
        for other in (row - 2, row + 2):
            if not (0 <= other < len(ends)) or ends[other] == 0 or end == 0:
                continue
            least = min(end, ends[other])
            mine = slice(end - least + 1, end + least)
            theirs = slice(ends[other] - least + 1, ends[other] + least)
            out[row, mine] += _NEIGHBOUR * part[other, theirs]
    return out
