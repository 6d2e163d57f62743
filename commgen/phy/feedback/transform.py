"""Transform coding of channels under a mixture: KLT, quantisers, arithmetic coder."""

from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen.coding.compiled import compiled
from commgen.generative.mixture.model import MixtureModel
from commgen.generative.model import Posterior, check_channels
from commgen.phy.feedback import arithmetic
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.quantiser import Quantisers, quantisers

# Bits that a channel may take, beside 8 for each of its numbers.
_ROOM = 4096
# Range of the price of a bit over the power of a channel, and steps of the search.
_PRICES, _HALVINGS = (1e-7, 10.0), 30


class MixtureTransformCodec(Codec):
    r"""Karhunen-Loève transform of the likeliest component, then counted bits.

    Of a component :math:`\mathcal{CN}(0, U \Lambda U^H)` the numbers :math:`U^H h` are
    independent. Each is quantised at one price of a bit, which is reverse water-filling
    over all of them, and written by an arithmetic coder under its own distribution.
    The component goes ahead, coded by its weight; it is the one that makes error plus
    price of the bits least, not the likeliest. With one component this is the KLT of
    the sample covariance.

    Parameters
    ----------
    prior
        Fitted :class:`~commgen.generative.GaussianMixture`, without conditions.
    price
        Squared error that a bit must save.
    """

    def __init__(self, prior: Any, price: float):
        if not isinstance(prior, MixtureModel) or prior.num_conditions:
            raise ValueError(
                "prior must be a GaussianMixture without conditions, got "
                f"{type(prior).__name__}."
            )
        super().__init__(prior.event_shape)
        self.price = check_positive("price", price)
        mixture = prior.mixture
        self._mixture = mixture
        K, M = mixture.eigenvalues.shape
        # Real and imaginary part have half of the variance each.
        numbers = Quantisers.number_of(mixture.eigenvalues / 2 / self.price)
        self._which = np.repeat(numbers, 2, axis=1).reshape(K, 2 * M)
        self._first = arithmetic.cumulative(np.exp(mixture.log_weights))
        self._quantisers = quantisers()

    @classmethod
    def of_rate(cls, prior: Any, h: Any, num_bits: float) -> "MixtureTransformCodec":
        """Return the codec that needs ``num_bits`` for a mean channel.

        Parameters
        ----------
        prior
            As of the class.
        h : [n, *event_shape], complex
            Channels to count the bits of, none that are judged by.
        num_bits
            Above 0.

        Raises
        ------
        ValueError
            If no price leads to so few or so many bits.
        """
        num_bits = check_positive("num_bits", num_bits)
        h = check_channels("h", h, prior.event_shape)
        low, high = np.log(_PRICES)
        fewest, most = (
            cls(prior, float(np.exp(p))).encode(h).num_bits.mean() for p in (high, low)
        )
        if not fewest <= num_bits <= most:
            raise ValueError(
                f"num_bits must be between {fewest:.1f} and {most:.0f}, what channels "
                f"like these can take, got {num_bits:g}."
            )
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            mean = cls(prior, float(np.exp(middle))).encode(h).num_bits.mean()
            low, high = (middle, high) if mean > num_bits else (low, middle)
            if high - low < 1e-3:
                break
        return cls(prior, float(np.exp(high)))

    def _encode(self, h: np.ndarray) -> Report:
        flat = h.reshape(len(h), -1).astype(np.complex128) / np.sqrt(self.price)
        best = np.full(len(h), np.inf)
        component = np.zeros(len(h), np.int64)
        symbols = np.zeros((len(h), self._which.shape[1]), np.int64)
        head = -np.log2(np.diff(self._first) / arithmetic.TOTAL)
        for k in range(len(self._which)):
            cost, levels = self._quantised(flat, k)
            cost += head[k]
            better = cost < best
            best[better], component[better] = cost[better], k
            symbols[better] = levels[better]
        return Report(
            tuple(self._written(k, s) for k, s in zip(component, symbols, strict=True))
        )

    def _quantised(self, flat, k):
        """Return error and bits together, and the levels, under one component."""
        c = flat @ self._vectors(k).conj()
        x = np.ascontiguousarray(c).view(np.float64)
        levels = np.empty(x.shape, np.int64)
        cost = np.empty(len(x))
        q = self._quantisers
        _nearest(x, self._which[k], q.ends, q.points, q.edges, q.lengths, levels, cost)
        # What no direction of the component reaches is not sent.
        rest = np.sum(np.abs(flat) ** 2, axis=1) - np.sum(np.abs(c) ** 2, axis=1)
        return cost + np.maximum(rest, 0), levels

    def _vectors(self, k):
        U = self._mixture.eigenvectors
        return U[min(k, len(U) - 1)]

    def _written(self, k, symbols) -> np.ndarray:
        which, q = self._which[k], self._quantisers
        sent = q.ends[which] > 0
        room = np.empty(8 * len(which) + _ROOM, np.uint8)
        n = arithmetic.encode(
            k, symbols[sent], which[sent], self._first, q.tables, q.ends, room
        )
        if n < 0:
            raise ValueError(
                f"h must be no larger than what the prior knows, got a channel of over "
                f"{len(room)} bits."
            )
        return room[:n].copy()

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`."""
        means, variances = [], []
        for i, bits in enumerate(report.bits):
            k, symbols = self._read(i, bits)
            c, errors = self._levels(k, symbols)
            U = self._vectors(k)
            means.append(U @ c)
            spread = np.abs(U) ** 2 @ errors
            if U.shape[1] < U.shape[0]:
                rest: Any = self._mixture.remainder
                spread += rest[k] * (1 - np.sum(np.abs(U) ** 2, axis=1))
            variances.append(spread)
        shape = (len(means), *self.event_shape)
        return Posterior(
            np.reshape(means, shape).astype(np.complex64),
            np.reshape(variances, shape).astype(np.float32),
        )

    def _read(self, i, bits):
        bits = np.asarray(bits)
        if bits.ndim != 1 or bits.dtype != np.uint8 or (bits > 1).any():
            raise ValueError(
                f"bits must be [num_bits] zeros and ones, uint8, got {bits.shape} of "
                f"dtype {bits.dtype} at {i}."
            )
        q = self._quantisers
        # Symbols that are sent, those of other components marked by the last table.
        k = self._component(bits)
        which = self._which[k]
        sent = q.ends[which] > 0
        found = np.zeros(int(sent.sum()), np.int64)
        tables = np.tile(which[sent], (len(self._which), 1))
        first = arithmetic.decode(bits, tables, self._first, q.tables, q.ends, found)
        symbols = np.zeros(len(which), np.int64)
        symbols[sent] = found
        if first < 0 or not np.array_equal(self._written(k, symbols), bits):
            raise ValueError(
                f"bits must be a whole report, got {len(bits)} that none ends with, "
                f"at {i}."
            )
        return k, symbols

    def _component(self, bits) -> int:
        q = self._quantisers
        none = np.zeros((len(self._which), 0), np.int64)
        empty = np.zeros(0, np.int64)
        return int(arithmetic.decode(bits, none, self._first, q.tables, q.ends, empty))

    def _levels(self, k, symbols):
        """Return coefficients and the variance of their errors, [num]."""
        q, which = self._quantisers, self._which[k]
        ends = q.ends[which]
        at = np.clip(symbols, -ends, ends) + ends
        x = q.points[which, at]
        step = np.where(ends > 0, _last_gap(q)[which], 0)
        x = x + step * np.sign(symbols) * np.maximum(np.abs(symbols) - ends, 0)
        errors = q.errors[which, at]
        # One level of a class of variances: what is not sent errs by its own.
        s = np.repeat(self._mixture.eigenvalues[k] / 2 / self.price, 2)
        errors = np.where(ends > 0, errors, s) * self.price
        c = (x * np.sqrt(self.price)).view(np.complex128)
        return c, errors.reshape(-1, 2).sum(axis=1)


def _last_gap(q: Quantisers) -> np.ndarray:
    """Return how far escapes lie apart: as the outermost levels."""
    rows = np.arange(len(q.ends))
    last = 2 * q.ends
    return q.points[rows, last] - q.points[rows, np.maximum(last - 1, 0)]


@compiled
def _nearest(x, which, ends, points, edges, lengths, levels, cost):
    """Quantise x [n, num]; add up squared error and bits of each row."""
    for i in range(len(x)):
        total = 0.0
        for j in range(len(which)):
            t = which[j]
            end = ends[t]
            left, right = 0, 2 * end
            while left < right:
                middle = (left + right) // 2
                if x[i, j] < edges[t, middle]:
                    right = middle
                else:
                    left = middle + 1
            level = left - end
            d = x[i, j] - points[t, left]
            bits = lengths[t, left]
            if end > 0 and abs(level) == end:
                gap = points[t, 2 * end] - points[t, 2 * end - 1]
                more = 0
                if abs(x[i, j]) > points[t, 2 * end]:
                    more = round((abs(x[i, j]) - points[t, 2 * end]) / gap)
                sign = 1 if level > 0 else -1
                level += sign * more
                d -= sign * more * gap
                bits += 1
                while (more + 1) >> 1 and more > 0:
                    bits += 2
                    more = (more + 1) // 2 - 1
            total += d * d + bits
            levels[i, j] = level
        cost[i] = total
