"""Directions of channels as a few paths, in words of a fixed length."""

from functools import cached_property
from itertools import combinations, product
from math import comb
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.generative.model import Posterior
from commgen.inference.parameters.axis import Axis
from commgen.phy.feedback.codec import Codec, Report
from commgen.phy.feedback.words import Reader, bits_for, choice_of, index_of, written

# Codebooks up to so many bits are searched as a whole; rows and angles at a time.
_WHOLE_BITS, _ROWS, _NEAR, _ROUNDS = 16, 64, 8, 3
# Of the power of a path: keeps gains of neighbours that nearly cancel small.
_LOAD = 1e-3


class PathCodec(Codec):
    r"""A channel's direction as paths of a grid, with relative gains.

    .. math:: c \propto \sum_p \gamma_p\, a(x_p), \quad \gamma_p \in
        \{10^{-(2k + 1) \Delta / 40} e^{j 2 \pi q / Q}\}

    The strongest path has the gain 1; phases are those in the middle of the antennas,
    where they depend least on an error of the angle. The word is the choice of grid
    points, which of them is the strongest, and amplitude and phase of each other path.
    Encoding takes the word that gets most of the channel's power,
    :math:`|c^H h|^2 / |c|^2`: of codebooks up to 2^16 words the best, of others what a
    search path by path finds.

    Parameters
    ----------
    axis
        What paths are exponentials along; the grid lies between its ends.
    num_paths
        That are reported, at least 1.
    num_points
        Of the grid.
    amplitude_bits, phase_bits
        Of each path but the strongest.
    step_db
        Delta, between amplitudes.
    err_var
        Variance of the error of an entry that :meth:`decode` tells, at least 0; measure
        it.

    Input
    -----
    h : [n, num_positions], complex
        Channels of about unit mean power; decoded ones have mean power 1.

    Examples
    --------
    >>> from commgen.inference.parameters import angle_axis
    >>> PathCodec(angle_axis(64, low_deg=-30, high_deg=30), 2, 1024, 4, 5).num_bits
    29
    """

    def __init__(
        self,
        axis: Axis,
        num_paths: int,
        num_points: int,
        amplitude_bits: int,
        phase_bits: int,
        *,
        step_db: float = 3.0,
        err_var: float = 0.0,
    ):
        super().__init__((axis.num_positions,))
        self.num_paths = check_int("num_paths", num_paths, low=1)
        self.num_points = check_int("num_points", num_points, low=num_paths)
        self._lengths = (
            check_int("amplitude_bits", amplitude_bits, low=0, high=8),
            check_int("phase_bits", phase_bits, low=0, high=10),
        )
        step = check_positive("step_db", step_db)
        if not 0 <= err_var < np.inf:
            raise ValueError(f"err_var must be finite and at least 0, got {err_var}.")
        self._err_var = err_var
        levels = 10 ** (-(2 * np.arange(2**amplitude_bits) + 1) * step / 40)
        turns = np.exp(2j * np.pi * np.arange(2**phase_bits) / 2**phase_bits)
        # The last is that of the strongest path.
        self._values = np.append(np.outer(levels, turns).reshape(-1), 1)
        low, high = axis.to_x(axis.low), axis.to_x(axis.high)
        x = low + (np.arange(num_points) + 0.5) / num_points * (high - low)
        centre = (axis.positions.min() + axis.positions.max()) / 2
        turn = np.exp(-2j * np.pi * x * centre)[:, None]
        self._points = axis.exponentials(x) * turn
        self._gram = self._points.conj() @ self._points.T
        self._num_choices = comb(num_points, num_paths)

    @property
    def num_bits(self) -> int:
        """Bits of every report."""
        head = bits_for(self._num_choices) + bits_for(self.num_paths)
        return head + (self.num_paths - 1) * sum(self._lengths)

    def _encode(self, h: np.ndarray) -> Report:
        search = self._best if self.num_bits <= _WHOLE_BITS else self._near
        words: list[np.ndarray] = []
        for i in range(0, len(h), _ROWS):
            inner = h[i : i + _ROWS].astype(np.complex128) @ self._points.conj().T
            words += map(self._word, *search(inner))
        return Report(tuple(words))

    @cached_property
    def _codebook(self):
        """Points, numbers of values and norms of all words, [num, num_paths] each."""
        P, G = self.num_paths, len(self._values) - 1
        points = np.array(list(combinations(range(self.num_points), P)))
        others = np.array(list(product(range(G), repeat=P - 1)), int)
        others = others.reshape(G ** (P - 1), P - 1)
        values = np.concatenate([np.insert(others, p, G, axis=1) for p in range(P)])
        points, values = (
            np.repeat(points, len(values), axis=0),
            np.tile(values, (len(points), 1)),
        )
        v = self._values[values]
        gram = self._gram[points[:, :, None], points[:, None]]
        power = np.einsum("wp,wpq,wq->w", v.conj(), gram, v).real
        return points, values, np.sqrt(np.maximum(power, _LOAD))

    def _best(self, inner):
        """Return points and numbers of values of the best words, [n, num_paths]."""
        points, values, norms = self._codebook
        found: Any = 0
        for p in range(self.num_paths):
            found = found + inner[:, points[:, p]] * self._values[values[:, p]].conj()
        at = (np.abs(found) / norms).argmax(axis=1)
        return points[at], values[at]

    def _near(self, inner):
        """Return what a search from the strongest paths finds, as :meth:`_best`."""
        points, gains = self._greedy(inner)
        strongest = np.abs(gains).argmax(axis=1)
        ratio = gains / np.take_along_axis(gains, strongest[:, None], axis=1)
        apart = np.abs(ratio[..., None] - self._values[:-1])
        values = apart.argmin(axis=2)
        np.put_along_axis(values, strongest[:, None], len(self._values) - 1, axis=1)
        for _ in range(_ROUNDS):
            for p in range(self.num_paths):
                self._move(inner, points, values, p)
        return points, values

    def _greedy(self, inner):
        """Return points of orthogonal matching pursuit and their gains."""
        n, free = len(inner), np.abs(inner)
        points = free.argmax(axis=1)[:, None]
        while True:
            gram = self._gram[points[:, :, None], points[:, None]]
            gram = gram + _LOAD * self._gram[0, 0] * np.eye(points.shape[1])
            own = np.take_along_axis(inner, points, axis=1)
            gains = np.linalg.solve(gram, own[..., None])[..., 0]
            if points.shape[1] == self.num_paths:
                return points, gains
            heard = np.einsum("np,npk->nk", gains, self._gram[points].conj())
            left = np.abs(inner - heard)
            left[np.arange(n)[:, None], points] = -1
            points = np.concatenate([points, left.argmax(axis=1)[:, None]], axis=1)

    def _move(self, inner, points, values, p):
        """Put one path where it is best beside the others, in place."""
        n, last = len(inner), len(self._values) - 1
        rest = [q for q in range(self.num_paths) if q != p]
        near = np.arange(-_NEAR, _NEAR + 1)
        tried = np.clip(points[:, p, None] + near, 0, self.num_points - 1)
        v_rest, at = self._values[values[:, rest]], points[:, rest]
        taken = (tried[:, :, None] == at[:, None]).any(axis=2)
        got = np.sum(v_rest.conj() * np.take_along_axis(inner, at, axis=1), axis=1)
        gram = self._gram[at[:, :, None], at[:, None]]
        power = np.einsum("np,npq,nq->n", v_rest.conj(), gram, v_rest).real
        cross = np.einsum(
            "np,npk->nk", v_rest.conj(), self._gram[at[:, :, None], tried[:, None]]
        )
        v = self._values
        own = np.take_along_axis(inner, tried, axis=1)
        inner_all = got[:, None, None] + own[..., None] * v.conj()
        power_all = power[:, None, None] + self._gram[0, 0].real * np.abs(v) ** 2
        power_all = power_all + 2 * (cross[..., None] * v).real
        score = np.abs(inner_all) ** 2 / np.maximum(power_all, _LOAD)
        score[taken] = -1
        is_strongest = values[:, p] == last
        score[is_strongest, :, :last] = -1
        score[~is_strongest, :, last] = -1
        best = score.reshape(n, -1).argmax(axis=1)
        points[:, p] = tried[np.arange(n), best // len(v)]
        values[:, p] = best % len(v)

    def _word(self, points, values) -> np.ndarray:
        order = np.argsort(points)
        points, values = points[order], values[order]
        strongest = int(values.argmax())
        fields = [
            (index_of(points, self.num_points), bits_for(self._num_choices)),
            (strongest, bits_for(self.num_paths)),
        ]
        others = np.delete(values, strongest)
        return written(fields + [(int(g), sum(self._lengths)) for g in others])

    def decode(self, report: Report) -> Posterior:
        """As :meth:`Codec.decode`."""
        means = np.array([self._read(bits) for bits in report.bits])
        variances = np.full(means.shape, self._err_var, np.float32)
        return Posterior(means.astype(np.complex64), variances)

    def _read(self, bits) -> np.ndarray:
        read = Reader(bits)
        index = read.below(self._num_choices)
        points = choice_of(index, self.num_paths, self.num_points)
        strongest = read.below(self.num_paths)
        values = [
            len(self._values) - 1 if p == strongest else read.number(sum(self._lengths))
            for p in range(self.num_paths)
        ]
        read.end()
        c = self._values[values] @ self._points[points]
        return c / np.sqrt(max(np.mean(np.abs(c) ** 2), _LOAD))
