"""Posterior of channels of few paths, over sets of angles drawn beforehand."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen._checks import check_amplitudes, check_int, check_positive
from commgen._random import complex_normal
from commgen.coding.compiled import compiled
from commgen.generative.model import Posterior
from commgen.inference.parameters.axis import Axis

# Sets and observations at a time.
_SETS, _ROWS = 4096, 100
_TINY = 1e-6


class DrawnPaths:
    r"""Channels of few paths along an axis, inferred by importance sampling.

    .. math:: h = L^{-1/2} \sum_{l=1}^{L} g_l\, a(x_l), \quad
        g_l \sim \mathcal{CN}(0, 1), \quad y = A h + n

    with values uniform on the axis, and all numbers of paths that are given equally
    likely. Given the values all is Gaussian, so that gains are integrated out (a
    Rao-Blackwellised importance sampler, Robert and Casella, *Monte Carlo Statistical
    Methods*, 2nd ed. 2004, sec. 4.2 and 3.3): sets of values are drawn once from their
    prior and weighted by the likelihood of an observation. More sets come nearer to the
    exact posterior.

    Parameters
    ----------
    axis
        What paths are exponentials along, such as antennas.
    A : [num_obs, num_positions], complex
        What is seen of a channel.
    no
        Noise variance, linear, above 0.
    num_sets
        Number of paths to how many sets are drawn.
    seed
        Of the sets.
    num_kept
        Sets that count for an observation, the likeliest; the rest is left out.
    """

    def __init__(
        self,
        axis: Axis,
        A: Any,
        no: float,
        num_sets: Mapping[int, int],
        *,
        seed: int,
        num_kept: int = 1024,
    ):
        A = np.asarray(A)
        if A.ndim != 2 or A.shape[1] != axis.num_positions or not len(A):
            raise ValueError(
                f"A must be [num_obs, {axis.num_positions}], got {A.shape}."
            )
        check_amplitudes("A", A)
        if not num_sets:
            raise ValueError("num_sets must name a number of paths, got none.")
        self.axis, self._A = axis, A.astype(np.complex128)
        self._no = check_positive("no", no)
        for paths, count in num_sets.items():
            check_int("num_paths", paths, low=1)
            check_int("num_sets", count, low=1)
        check_int("seed", seed, low=0)
        self._num_kept = check_int("num_kept", num_kept, low=1)
        self._draw(dict(num_sets), np.random.default_rng(seed))

    def _draw(self, num_sets, rng):
        total, most, num = sum(num_sets.values()), max(num_sets), len(self._A)
        self._paths = np.repeat([*num_sets], [*num_sets.values()])
        self._x = np.zeros((total, most), np.float32)
        self._filters = np.zeros((total, most, num), np.complex64)
        self._roots = np.zeros((total, most, most), np.complex64)
        # A quadratic form of y is linear in the products of its entries.
        self._forms = np.empty((total, num * num), np.float32)
        self._logs = np.empty(total, np.float32)
        at = 0
        for paths, count in num_sets.items():
            for first in range(0, count, _SETS):
                here = slice(at, at + min(_SETS, count - first))
                self._fill(here, paths, rng)
                self._logs[here] -= np.log(count)
                at = here.stop

    def _fill(self, here, paths, rng):
        n = here.stop - here.start
        value = rng.uniform(self.axis.low, self.axis.high, (n, paths))
        x = self.axis.to_x(value)
        D = self.axis.exponentials(x) @ self._A.T / np.sqrt(paths)
        cov = D.transpose(0, 2, 1) @ D.conj() + self._no * np.eye(len(self._A))
        inverse = np.linalg.inv(cov)
        filters = D.conj() @ inverse
        spread = np.eye(paths) - filters @ D.transpose(0, 2, 1)
        root = np.linalg.cholesky(spread + _TINY * np.eye(paths))
        self._x[here, :paths] = x
        self._filters[here, :paths] = filters / np.sqrt(paths)
        self._roots[here, :paths, :paths] = root / np.sqrt(paths)
        i, j = np.triu_indices(len(self._A), 1)
        diagonal = np.einsum("npp->np", inverse).real
        upper = inverse[:, i, j]
        forms = [diagonal, 2 * upper.real, -2 * upper.imag]
        self._forms[here] = np.concatenate(forms, axis=1)
        self._logs[here] = -np.linalg.slogdet(cov)[1]

    def posterior(self, y: Any, *, num_samples: int = 0, seed: int = 0) -> Posterior:
        """Infer channels from what was seen of them.

        Parameters
        ----------
        y : [n, num_obs], complex
            Observations.
        num_samples
            Draws of each posterior; 0 for none.
        seed
            Of these draws.

        Returns
        -------
        Posterior
            Of ``[n, num_positions]``.

        Raises
        ------
        ValueError
            If the shape is another one, or entries are no numbers.
        """
        y = np.asarray(y)
        if y.ndim != 2 or y.shape[1] != len(self._A) or not len(y):
            raise ValueError(f"y must be [n, {len(self._A)}], got {y.shape}.")
        check_amplitudes("y", y)
        check_int("num_samples", num_samples, low=0)
        rng = np.random.default_rng(check_int("seed", seed, low=0))
        parts = [
            self._infer(y[i : i + _ROWS].astype(np.complex64), num_samples, rng)
            for i in range(0, len(y), _ROWS)
        ]
        mean, var, samples = (list(p) for p in zip(*parts, strict=True))
        drawn = np.concatenate(samples, axis=1) if num_samples else None
        return Posterior(np.concatenate(mean), np.concatenate(var), drawn)

    def _infer(self, y, num_samples, rng):
        sets, weights = self._weighted(y)
        n, num = len(y), self.axis.num_positions
        mean, power = np.zeros((n, num), np.complex64), np.zeros((n, num), np.float32)
        known = self._x, self._paths, self._filters, self._roots
        turns = (2 * np.pi * self.axis.positions).astype(np.float32)
        _moments(y, sets, weights, *known, turns, mean, power)
        samples = np.zeros((num_samples, n, num), np.complex64)
        if num_samples:
            ends = np.cumsum(weights, axis=1)
            u = rng.random((num_samples, n, 1)).astype(np.float32)
            at = np.minimum((u > ends).sum(axis=2), sets.shape[1] - 1)
            chosen = np.take_along_axis(sets, at.T, axis=1)
            z = complex_normal(rng, (num_samples, n, self._x.shape[1]))
            _samples(y, chosen, z, *known, turns, samples)
        return mean, np.maximum(power - np.abs(mean) ** 2, 0), samples

    def _weighted(self, y):
        """Return the likeliest sets and their weights, [n, num] each."""
        i, j = np.triu_indices(y.shape[1], 1)
        cross = y[:, i].conj() * y[:, j]
        products = np.concatenate([np.abs(y) ** 2, cross.real, cross.imag], axis=1)
        logs = self._logs - products @ self._forms.T
        num = min(self._num_kept, logs.shape[1])
        sets = np.argpartition(-logs, num - 1, axis=1)[:, :num]
        logs = np.take_along_axis(logs, sets, axis=1)
        weights = np.exp(logs - logs.max(axis=1, keepdims=True))
        return sets, weights / weights.sum(axis=1, keepdims=True)


# Weights that change no digit of a moment.
_NO_WEIGHT = np.float32(1e-5)


@compiled
def _gain(y, filters):
    gain = np.complex64(0)
    for p in range(len(y)):
        gain += filters[p] * y[p]
    return gain


@compiled
def _moments(y, sets, weights, x, paths, filters, roots, turns, mean, power):
    num = len(turns)
    for i in range(len(y)):
        for t in range(sets.shape[1]):
            weight = weights[i, t]
            if weight < _NO_WEIGHT:
                continue
            k = sets[i, t]
            L = paths[k]
            a = np.exp(np.complex64(1j) * np.outer(x[k, :L], turns))
            h = np.zeros(num, np.complex64)
            for p in range(L):
                h += _gain(y[i], filters[k, p]) * a[p]
            mean[i] += weight * h
            square = np.real(h) ** 2 + np.imag(h) ** 2
            for q in range(L):
                h[:] = 0
                for p in range(q, L):
                    h += roots[k, p, q] * a[p]
                square += np.real(h) ** 2 + np.imag(h) ** 2
            power[i] += weight * square


@compiled
def _samples(y, chosen, z, x, paths, filters, roots, turns, samples):
    for i in range(len(y)):
        for s in range(len(z)):
            k = chosen[i, s]
            for p in range(paths[k]):
                gain = _gain(y[i], filters[k, p])
                for q in range(p + 1):
                    gain += roots[k, p, q] * z[s, i, q]
                a = np.exp(np.complex64(1j) * x[k, p] * turns)
                samples[s, i] += gain * a
