"""Densities on nodes: moments, quantiles and intervals of least length."""

from dataclasses import dataclass

import numpy as np


def check_level(level) -> float:
    """Return the credible level, or raise unless it lies between 0 and 1."""
    level = float(level)
    if not 0 < level < 1:
        raise ValueError(f"level must be between 0 and 1, got {level}.")
    return level


@dataclass(frozen=True, eq=False)
class Marginal:
    """Densities that are linear between nodes, one a row.

    Parameters
    ----------
    nodes : [n, num_nodes], float
        Ascending in each row.
    density : [n, num_nodes], float
        At least 0; made to integrate to one.

    Raises
    ------
    ValueError
        If the shapes differ, nodes descend, or a density is negative or has no mass.
    """

    nodes: np.ndarray
    density: np.ndarray

    def __post_init__(self):
        if self.nodes.ndim != 2 or self.nodes.shape != self.density.shape:
            raise ValueError(
                "nodes and density must be [n, num_nodes] of one shape, got "
                f"{self.nodes.shape} and {self.density.shape}."
            )
        if np.any(np.diff(self.nodes) < 0):
            raise ValueError("nodes must ascend in each row, got a descent.")
        mass = np.trapezoid(self.density, self.nodes, axis=1)
        if np.any(self.density < 0) or not np.all((mass > 0) & np.isfinite(mass)):
            raise ValueError(
                "density must be at least 0 with a finite mass above 0, got masses "
                f"from {mass.min()} to {mass.max()}."
            )
        object.__setattr__(self, "density", self.density / mass[:, None])

    @classmethod
    def of_logs(cls, nodes, log_density) -> "Marginal":
        """Make it of logarithms of densities, up to a constant of each row."""
        top = log_density.max(axis=1, keepdims=True)
        return cls(nodes, np.exp(log_density - top))

    @property
    def weights(self) -> np.ndarray:
        """Trapezoidal weights times density, which sum to one, [n, num_nodes]."""
        return trapezoid_weights(self.nodes) * self.density

    def mean(self) -> np.ndarray:
        """Return the means, [n]."""
        return np.sum(self.weights * self.nodes, axis=1)

    def std(self) -> np.ndarray:
        """Return the standard deviations, [n]."""
        deviation = self.nodes - self.mean()[:, None]
        return np.sqrt(np.sum(self.weights * deviation**2, axis=1))

    def mode(self) -> np.ndarray:
        """Return the nodes of the greatest density, [n]."""
        rows = np.arange(len(self.nodes))
        return self.nodes[rows, self.density.argmax(axis=1)]

    def circular_mean(self, period: float) -> np.ndarray:
        """Return the angle of the mean resultant on a circle, in [0, period), [n].

        For values that are known up to multiples of ``period`` only, such as a Doppler
        shift seen in samples 1 / period apart. Without any resultant it means nothing.
        """
        turn = np.exp(2j * np.pi * self.nodes / period)
        return np.angle(np.sum(self.weights * turn, axis=1)) / (2 * np.pi) % 1 * period

    def cdf(self) -> np.ndarray:
        """Return the distribution function at the nodes, [n, num_nodes]."""
        steps = np.diff(self.nodes) * (self.density[:, 1:] + self.density[:, :-1]) / 2
        cdf = np.concatenate([np.zeros((len(steps), 1)), np.cumsum(steps, 1)], 1)
        return cdf / cdf[:, -1:]

    def quantile(self, p: float) -> np.ndarray:
        """Return the quantiles at probability p, [n]; the density is linear between."""
        check_level(p)
        cdf, rows = self.cdf(), np.arange(len(self.nodes))
        i = np.clip(np.sum(cdf <= p, axis=1) - 1, 0, cdf.shape[1] - 2)
        left, right = self.density[rows, i], self.density[rows, i + 1]
        width = self.nodes[rows, i + 1] - self.nodes[rows, i]
        mass = p - cdf[rows, i]
        # The root of left t + (right - left) t^2 / 2 = mass / width in its stable form.
        with np.errstate(divide="ignore", invalid="ignore"):
            scaled = np.where(width > 0, mass / width, 0.0)
            root = np.sqrt(np.maximum(left**2 + 2 * (right - left) * scaled, 0))
            part = np.where(left + root > 0, 2 * scaled / (left + root), 0.0)
        return self.nodes[rows, i] + width * np.clip(part, 0, 1)

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the equal-tailed interval of this level, ([n], [n])."""
        tail = (1 - check_level(level)) / 2
        return self.quantile(tail), self.quantile(1 - tail)

    def hpd(self, level: float) -> list[np.ndarray]:
        """Return the region of highest density, as intervals [num_intervals, 2] a row.

        The smallest set of this probability; disjoint where the density has several
        modes. It is resolved to the nodes.
        """
        check_level(level)
        cut = self._density_cut(level)
        return [
            _segments(x, p, c)
            for x, p, c in zip(self.nodes, self.density, cut, strict=True)
        ]

    def hpd_contains(self, value, level: float) -> np.ndarray:
        """Return whether the region of highest density holds ``value`` : [n], [n]."""
        cut = self._density_cut(check_level(level))
        at = [
            np.interp(v, x, p)
            for v, x, p in zip(value, self.nodes, self.density, strict=True)
        ]
        return np.array(at) >= cut

    def _density_cut(self, level):
        """Density above which ``level`` of the probability lies, [n]."""
        order = np.argsort(-self.density, axis=1)
        mass = np.cumsum(np.take_along_axis(self.weights, order, 1), axis=1)
        last = np.minimum(np.sum(mass < level, axis=1), mass.shape[1] - 1)
        rows = np.arange(len(mass))
        return self.density[rows, order[rows, last]]


def trapezoid_weights(nodes) -> np.ndarray:
    """Return the weights of the trapezoidal rule over the last axis of ``nodes``."""
    half = np.diff(nodes) / 2
    weights = np.zeros_like(nodes)
    weights[..., :-1] += half
    weights[..., 1:] += half
    return weights


def _segments(x, density, cut):
    """Return runs of nodes at or above ``cut``, their ends interpolated, [num, 2]."""
    inside = np.concatenate([[False], density >= cut, [False]])
    change = np.diff(inside.astype(int))
    starts, ends = np.flatnonzero(change == 1), np.flatnonzero(change == -1) - 1
    last = len(x) - 1
    return np.array(
        [
            (
                _crossing(x, density, cut, max(i - 1, 0), i),
                _crossing(x, density, cut, min(j + 1, last), j),
            )
            for i, j in zip(starts, ends, strict=True)
        ]
    )


def _crossing(x, density, cut, outside, inside):
    if outside == inside or density[outside] == density[inside]:
        return x[inside]
    part = (cut - density[outside]) / (density[inside] - density[outside])
    return x[outside] + part * (x[inside] - x[outside])


def ellipse(mean, covariance, level: float, num_points: int = 181) -> np.ndarray:
    r"""Draw the confidence ellipse of a plane normal distribution.

    Its points have Mahalanobis distance :math:`\sqrt{-2 \ln(1 - level)}`.

    Parameters
    ----------
    mean : [2], float
    covariance : [2, 2], float
        Positive semi-definite.
    level
        Probability inside.
    num_points
        Points around, the first one repeated at the end.

    Returns
    -------
    points : [num_points, 2], float

    Raises
    ------
    ValueError
        If the level is not between 0 and 1 or the shapes are others.
    """
    mean, covariance = np.asarray(mean, float), np.asarray(covariance, float)
    if mean.shape != (2,) or covariance.shape != (2, 2):
        raise ValueError(
            "mean and covariance must be [2] and [2, 2], got "
            f"{mean.shape} and {covariance.shape}."
        )
    radius = np.sqrt(-2 * np.log1p(-check_level(level)))
    s, U = np.linalg.eigh(covariance)
    turn = np.linspace(0, 2 * np.pi, num_points)
    circle = np.stack([np.cos(turn), np.sin(turn)], 1)
    return mean + radius * (circle * np.sqrt(np.maximum(s, 0))) @ U.T
