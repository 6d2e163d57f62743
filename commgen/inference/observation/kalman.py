"""Kalman filters of one Gaussian component whose channels drift."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.generative.mixture.parts import Component


@dataclass(frozen=True, eq=False)
class Belief:
    """What is known of a channel under one component.

    Parameters
    ----------
    mean : [batch, size], complex
        Mean, in the coordinates of the filter.
    spread : [batch or 1, size], float, or [batch or 1, size, size], complex
        Covariance: its diagonal where the coordinates are the eigenvectors'.
    """

    mean: np.ndarray
    spread: Any


class DirectKalman:
    r"""Filter of h_t = a h_{t-1} + ..., where all of h_t + n is seen or nothing.

    All covariances are diagonal in the eigenvectors of R, so that it costs two
    products with them.

    Parameters
    ----------
    component
        The covariance R, of full rank.
    """

    def __init__(self, component: Component):
        self._s, self._U = component.eigenvalues, component.eigenvectors
        self._squares = np.abs(self._U.T) ** 2

    def start(self, batch: int) -> Belief:
        """Return the prior."""
        return Belief(np.zeros((batch, len(self._s)), complex), self._s[None])

    def predict(self, belief: Belief, a: float) -> Belief:
        """Return what is known one slot later."""
        return Belief(a * belief.mean, a**2 * belief.spread + (1 - a**2) * self._s)

    def update(self, belief: Belief, y, A, no):
        """Return what is known after y = h + n, and log p(y), [batch].

        Parameters
        ----------
        belief
            Of before.
        y : [batch, size], complex
        A
            None.
        no : [batch], float
        """
        spread = belief.spread
        total = spread + no[:, None]
        gap = y @ self._U.conj() - belief.mean
        log_density = -np.sum(np.log(np.pi * total) + np.abs(gap) ** 2 / total, axis=1)
        gain = spread / total
        return Belief(belief.mean + gain * gap, gain * no[:, None]), log_density

    def moments(self, belief: Belief):
        """Return the mean and the variance of each entry, [batch or 1, size]."""
        return belief.mean @ self._U.T, belief.spread @ self._squares


class LinearKalman:
    r"""Filter of h_t = a h_{t-1} + ..., where A_t h_t + n is seen.

    Parameters
    ----------
    component
        The covariance R.
    """

    def __init__(self, component: Component):
        self._R = component.matrix()

    def start(self, batch: int) -> Belief:
        """Return the prior."""
        return Belief(np.zeros((batch, len(self._R)), complex), self._R[None])

    def predict(self, belief: Belief, a: float) -> Belief:
        """Return what is known one slot later."""
        return Belief(a * belief.mean, a**2 * belief.spread + (1 - a**2) * self._R)

    def update(self, belief: Belief, y, A, no):
        """Return what is known after y = A h + n, and log p(y), [batch].

        Parameters
        ----------
        belief
            Of before; one covariance for all where the noise always was alike.
        y : [batch, num_obs], complex
        A : [num_obs, size], complex, or None
            None sees all.
        no : [batch], float
        """
        P = belief.spread
        if len(P) == 1:
            no = no[:1] if np.all(no == no[0]) else no
        cross = P if A is None else P @ A.conj().T
        total = cross if A is None else A @ cross
        total = total + no[:, None, None] * np.eye(y.shape[1])
        L = np.linalg.cholesky((total + _adjoint(total)) / 2)
        gap = y - (belief.mean if A is None else belief.mean @ A.T)
        z = _solve(L, gap)
        root = np.diagonal(L, axis1=1, axis2=2).real
        log_det = 2 * np.sum(np.log(root), axis=1) + y.shape[1] * np.log(np.pi)
        V = np.linalg.solve(L, _adjoint(cross))
        after = P - _adjoint(V) @ V
        step = z @ V[0].conj() if len(V) == 1 else np.einsum("bm,bmn->bn", z, V.conj())
        after = (after + _adjoint(after)) / 2
        return Belief(belief.mean + step, after), (
            -log_det - np.sum(np.abs(z) ** 2, axis=1)
        )

    def moments(self, belief: Belief):
        """Return the mean and the variance of each entry, [batch or 1, size]."""
        variance = np.diagonal(belief.spread, axis1=1, axis2=2).real
        return belief.mean, np.maximum(variance, 0)


def _adjoint(M):
    return np.swapaxes(M, -1, -2).conj()


def _solve(L, gap):
    if len(L) == 1:
        return np.linalg.solve(L[0], gap.T).T
    return np.linalg.solve(L, gap[..., None])[..., 0]
