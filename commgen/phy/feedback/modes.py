"""Ways to send a channel: a component of a mixture, and the price of a bit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.coding.compiled import compiled
from commgen.phy.feedback import arithmetic
from commgen.phy.feedback.quantiser import Quantisers, quantisers

# Bits that a channel may take, beside 24 for each of its numbers.
_ROOM = 4096


@dataclass(frozen=True)
class Quantised:
    """Numbers of channels in one mode, in units in which a bit costs one.

    Parameters
    ----------
    levels : [n, num], int64
        What is sent.
    found : [n, num], float
        What is read.
    errors : [n], float
        Squared error, with what no direction of the component reaches.
    bits : [n], float
        Lengths of the code words, that of the mode among them.
    """

    levels: np.ndarray
    found: np.ndarray
    errors: np.ndarray
    bits: np.ndarray


class TransformModes:
    """Modes, each with the transform and the quantisers that belong to it.

    Parameters
    ----------
    mixture : Mixture
        Of zero-mean components.
    components : [num_modes], int
        Component of each mode.
    prices : [num_modes], float
        Squared error that a bit must save in each.
    probabilities : [num_modes], float
        How often each is taken; sets the length of its name.
    """

    def __init__(self, mixture: Any, components, prices, probabilities):
        self.mixture = mixture
        self.components = np.asarray(components, np.int64)
        self.prices = np.asarray(prices, np.float64)
        variances = mixture.eigenvalues[self.components] / 2
        # Real and imaginary part have half of the variance each.
        self._variances = np.repeat(variances / self.prices[:, None], 2, axis=1)
        self._which = Quantisers.number_of(self._variances)
        self._first = arithmetic.cumulative(probabilities)
        self._heads = -np.log2(np.diff(self._first) / arithmetic.TOTAL)

    def __len__(self) -> int:
        """How many."""
        return len(self.components)

    def which(self, mode: int) -> np.ndarray:
        """Return the quantiser [2 rank] of each real number of a mode."""
        return self._which[mode]

    def vectors(self, mode: int) -> np.ndarray:
        """Return the eigenvectors [size, rank] of the component of a mode."""
        return self.mixture.eigenvectors[self.basis(mode)]

    def basis(self, mode: int) -> int:
        """Return the number of a mode's eigenvectors; modes may share them."""
        return min(int(self.components[mode]), len(self.mixture.eigenvectors) - 1)

    def coefficients(self, flat: np.ndarray, mode: int) -> np.ndarray:
        """Return coefficients [n, rank] of channels [n, size], scaled by the price."""
        return flat @ self.vectors(mode).conj() / np.sqrt(self.prices[mode])

    def each(self, flat: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
        """Go through modes with their :meth:`coefficients`.

        Modes of the same eigenvectors in a row are transformed once.
        """
        last, c = None, flat
        for mode in range(len(self)):
            if self.basis(mode) != last:
                c, last = flat @ self.vectors(mode).conj(), self.basis(mode)
            yield mode, c / np.sqrt(self.prices[mode])

    def quantised(self, c: np.ndarray, power: np.ndarray, mode: int) -> Quantised:
        """Quantise coefficients.

        Parameters
        ----------
        c : [n, rank], complex128
            As of :meth:`coefficients`.
        power : [n], float
            Power of the channels, not scaled.
        mode
            Which.
        """
        x, levels, found, bits = quantise(c, self._which[mode])
        # What no direction of the component reaches is not sent.
        rest = power / self.prices[mode] - np.sum(x**2, axis=1)
        errors = np.sum((x - found) ** 2, axis=1) + np.maximum(rest, 0)
        return Quantised(levels, found, errors, bits + self._heads[mode])

    def written(self, mode: int, levels: np.ndarray) -> np.ndarray:
        """Return the bits of a mode and its levels, as :func:`write` does."""
        return write(self._first, mode, levels, self._which[mode])

    def read(self, bits: Any, i: int) -> tuple[int, np.ndarray]:
        """Return mode and levels of the report number ``i``, as :func:`read` does."""
        mode, levels = read(self._first, bits, i, self._which.__getitem__)
        return mode, levels

    def levels(self, mode: int, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return coefficients [rank] and the variances of their errors, not scaled."""
        return levels_read(
            levels, self._which[mode], self._variances[mode], self.prices[mode]
        )


def write(first, mode: int, levels: np.ndarray, which: np.ndarray) -> np.ndarray:
    """Return the bits of a mode and its levels.

    Parameters
    ----------
    first : [num_modes + 1], int64
        Cumulative frequencies of the modes.
    mode
        That is taken.
    levels, which : [num], int64
        Levels, and the quantiser of each; one of a single level is not sent.

    Raises
    ------
    ValueError
        If they are far too many.
    """
    q = quantisers()
    sent = q.ends[which] > 0
    room = np.empty(24 * len(which) + _ROOM, np.uint8)
    n = arithmetic.encode(
        mode, levels[sent], which[sent], first, q.tables, q.ends, room
    )
    if n < 0:
        raise ValueError(
            f"h must be no larger than what the prior knows, got a channel of over "
            f"{len(room)} bits."
        )
    return room[:n].copy()


def read_mode(first, bits: Any, i: int) -> int:
    """Return the mode of report number ``i``, which goes ahead.

    Raises
    ------
    ValueError
        If the bits are no zeros and ones.
    """
    bits, q = check_bits(bits, i), quantisers()
    none, empty = np.zeros((len(first) - 1, 0), np.int64), np.zeros(0, np.int64)
    return int(arithmetic.decode(bits, none, first, q.tables, q.ends, empty))


def read(
    first, bits: Any, i: int, which_of: Callable[[int], np.ndarray]
) -> tuple[int, np.ndarray]:
    """Return mode and levels [num] of report number ``i``.

    Parameters
    ----------
    first
        As of :func:`write`.
    bits : [num_bits], uint8
        Of the report.
    i
        For the error.
    which_of
        Mode to the quantisers of its levels.

    Raises
    ------
    ValueError
        If the bits are none that :func:`write` returns.
    """
    mode = read_mode(first, bits, i)
    which, q = which_of(mode), quantisers()
    sent = q.ends[which] > 0
    found = np.zeros(int(sent.sum()), np.int64)
    # Of another mode than this one no symbol is read.
    tables = np.tile(which[sent], (len(first) - 1, 1))
    found_mode = arithmetic.decode(bits, tables, first, q.tables, q.ends, found)
    levels = np.zeros(len(which), np.int64)
    levels[sent] = found
    if found_mode < 0 or not np.array_equal(write(first, mode, levels, which), bits):
        raise ValueError(
            f"bits must be a whole report, got {len(bits)} that none ends with, at {i}."
        )
    return mode, levels


def quantise(c: np.ndarray, which: np.ndarray) -> tuple[np.ndarray, ...]:
    """Quantise complex numbers.

    Parameters
    ----------
    c : [n, rank], complex128
        Over the root of the price.
    which : [2 rank] or [n, 2 rank], int64
        Quantiser of each real and imaginary part.

    Returns
    -------
    x : [n, 2 rank], float
        Real and imaginary parts.
    levels, found : [n, 2 rank]
        What is sent, and what is read.
    bits : [n], float
        Lengths of the code words.
    """
    x = np.ascontiguousarray(c).view(np.float64)
    levels, found = np.empty(x.shape, np.int64), np.empty(x.shape)
    bits, q = np.empty(len(x)), quantisers()
    which = np.atleast_2d(which)
    nearest(x, which, q.ends, q.points, q.edges, q.lengths, levels, found, bits)
    return x, levels, found, bits


def levels_read(levels, which, variances, price) -> tuple[np.ndarray, np.ndarray]:
    """Return coefficients and the variances of their errors.

    Parameters
    ----------
    levels, which : [..., 2 rank], int
        What was read, and the quantiser of each.
    variances : [..., 2 rank], float
        Of what was quantised, over the price.
    price
        Of a bit.

    Returns
    -------
    coefficients : [..., rank], complex
    errors : [..., rank], float
    """
    q = quantisers()
    ends = q.ends[which]
    at = np.clip(levels, -ends, ends) + ends
    x = q.points[which, at]
    step = np.where(ends > 0, _last_gap(q)[which], 0)
    x = x + step * np.sign(levels) * np.maximum(np.abs(levels) - ends, 0)
    # One level of a class of variances: what is not sent errs by its own.
    errors = np.where(ends > 0, q.errors[which, at], variances) * price
    c = (x * np.sqrt(price)).view(np.complex128)
    return c, errors.reshape(*errors.shape[:-1], -1, 2).sum(axis=-1)


def check_bits(bits: Any, i: int) -> np.ndarray:
    """Return the bits of report number ``i``.

    Raises
    ------
    ValueError
        If they are no zeros and ones.
    """
    bits = np.asarray(bits)
    if bits.ndim != 1 or bits.dtype != np.uint8 or (bits > 1).any():
        raise ValueError(
            f"bits must be [num_bits] zeros and ones, uint8, got {bits.shape} of "
            f"dtype {bits.dtype} at {i}."
        )
    return bits


def _last_gap(q: Quantisers) -> np.ndarray:
    """Return how far escapes lie apart: as the outermost levels."""
    rows = np.arange(len(q.ends))
    last = 2 * q.ends
    return q.points[rows, last] - q.points[rows, np.maximum(last - 1, 0)]


@compiled
def nearest(x, which, ends, points, edges, lengths, levels, found, bits):
    """Quantise x [n, num]: levels, what they stand for, and bits of each row."""
    for i in range(len(x)):
        total = 0.0
        row = which[min(i, len(which) - 1)]
        for j in range(len(row)):
            t = row[j]
            end = ends[t]
            left, right = 0, 2 * end
            while left < right:
                middle = (left + right) // 2
                if x[i, j] < edges[t, middle]:
                    right = middle
                else:
                    left = middle + 1
            level = left - end
            point = points[t, left]
            total += lengths[t, left]
            if end > 0 and abs(level) == end:
                gap = points[t, 2 * end] - points[t, 2 * end - 1]
                more = 0
                if abs(x[i, j]) > points[t, 2 * end]:
                    more = round((abs(x[i, j]) - points[t, 2 * end]) / gap)
                sign = 1 if level > 0 else -1
                level += sign * more
                point += sign * more * gap
                total += 1
                while (more + 1) >> 1 and more > 0:
                    total += 2
                    more = (more + 1) // 2 - 1
            levels[i, j] = level
            found[i, j] = point
        bits[i] = total
