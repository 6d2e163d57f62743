"""Limits of a constellation's points, by an augmented Lagrangian."""

from collections.abc import Callable

import numpy as np

from commgen.design.goal import ConstellationGoal
from commgen.measures.decibel import from_db

_ROUNDS = 8
_FIRST_WEIGHT, _GROWTH = 10.0, 3.0
_TOLERANCE = 1e-3


class Limits:
    r"""Peak power and least distance of points.

    Each limit g <= 0 adds :math:`\frac{1}{2\rho}\left(\max(0, \mu + \rho g)^2 -
    \mu^2\right)` (Nocedal and Wright, *Numerical Optimization*, 2nd ed. 2006, sec.
    17.4), with multipliers that follow it.

    Parameters
    ----------
    goal
        Which limits there are.
    """

    def __init__(self, goal: ConstellationGoal):
        self._peak = None if goal.peak_db is None else float(from_db(goal.peak_db))
        self._distance = goal.least_distance
        self._weight, self._multipliers = _FIRST_WEIGHT, np.zeros(1)

    @property
    def _any(self):
        return self._peak is not None or self._distance is not None

    def penalty(self, x: np.ndarray) -> tuple[float, np.ndarray]:
        """Return what the limits add at points x : [M], and its derivatives [M]."""
        if not self._any:
            return 0.0, np.zeros(len(x), complex)
        over, chain = self._over(x)
        pushed = np.maximum(self._multipliers + self._weight * over, 0)
        value = np.sum(pushed**2 - self._multipliers**2) / (2 * self._weight)
        return float(value), np.asarray(chain(pushed))

    def enforce(self, climb: Callable, z: np.ndarray, read: Callable) -> np.ndarray:
        """Climb again and again, while the multipliers follow.

        Parameters
        ----------
        climb
            ``(z, limits) -> z``.
        z
            Where to start.
        read
            z to points, and more.
        """
        for _ in range(_ROUNDS if self._any else 1):
            z = climb(z, self)
            if not self._any or self.kept(read(z)[0]):
                break
            over, _ = self._over(read(z)[0])
            self._multipliers = np.maximum(self._multipliers + self._weight * over, 0)
            self._weight *= _GROWTH
        return z

    def kept(self, x: np.ndarray) -> bool:
        """Whether points x : [M] keep the limits to one in a thousand."""
        return not self._any or bool(self._over(x)[0].max() <= _TOLERANCE)

    def passed(self, x: np.ndarray) -> float:
        """By how much the limits are passed at points x : [M], summed; 0 where kept."""
        over = self._over(x)[0] - _TOLERANCE / 2 if self._any else np.zeros(1)
        return float(np.maximum(over, 0).sum())

    def _over(self, x):
        """Return by how much each limit is passed, and what chains that to points."""
        parts, chains = [], []
        if self._peak is not None:
            parts.append(np.abs(x) ** 2 / self._peak - 1)
            chains.append(lambda pushed: 2 * pushed * x / self._peak)
        if self._distance is not None:
            i, j = np.triu_indices(len(x), 1)
            apart = x[i] - x[j]
            parts.append(1 - np.abs(apart) ** 2 / self._distance**2)
            chains.append(lambda pushed: _spread(pushed, apart, i, j, self._distance))
        sizes = np.cumsum([len(p) for p in parts])[:-1]

        def chain(pushed):
            pieces = np.split(pushed, sizes)
            return sum(c(p) for c, p in zip(chains, pieces, strict=True))

        return np.concatenate(parts), chain


def _spread(pushed, apart, i, j, distance):
    by_point = np.zeros(int(max(j)) + 1, complex)
    pull = -2 * pushed * apart / distance**2
    np.add.at(by_point, i, pull)
    np.add.at(by_point, j, -pull)
    return by_point
