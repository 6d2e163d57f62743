"""Posteriors of a Gaussian, and of a mixture of them, under y = A h + n.

The noise is white, of another variance in each observation.
"""

import numpy as np
from scipy.special import logsumexp

from commgen.generative.mixture.parts import Component, Mixture, Scatter

# Components of a smaller posterior probability are left out.
_NEGLIGIBLE = 1e-9


class DirectFilter:
    """Posterior of h ~ CN(0, R) under y = h + n with white noise.

    Parameters
    ----------
    component
        The covariance R.
    """

    def __init__(self, component: Component):
        self._component = component
        size, rank = component.eigenvectors.shape
        self._dimensions = size - rank

    def log_density(self, y, no):
        """Return log CN(y; 0, R + no I), [n], for y : [n, size] and no : [n]."""
        c, no = self._component, no[:, None]
        power = np.abs(y @ c.eigenvectors.conj()) ** 2
        s = c.eigenvalues + no
        out = -np.sum(np.log(np.pi * s) + power / s, axis=1)
        if self._dimensions:
            v = c.remainder + no[:, 0]
            rest = np.sum(np.abs(y) ** 2, axis=1) - power.sum(axis=1)
            out -= self._dimensions * np.log(np.pi * v) + np.maximum(rest, 0) / v
        return out

    def mean(self, y, no):
        """Return E[h | y], [n, size]."""
        U, (gain, white) = self._component.eigenvectors, self._gains(no)
        return ((gain - white) * (y @ U.conj())) @ U.T + white * y

    def variance(self, no):
        """Return the posterior variance of each entry, [n, size]."""
        U, (gain, white) = self._component.eigenvectors, self._gains(no)
        return no[:, None] * ((gain - white) @ np.abs(U.T) ** 2 + white)

    def covariance(self, no: float):
        """Return Cov[h | y] at one noise variance, [size, size]."""
        U = self._component.eigenvectors
        gain, white = (x[0] for x in self._gains(np.array([no])))
        return no * ((U * (gain - white)) @ U.conj().T + white * np.eye(len(U)))

    def scatter(self, y, no, weights) -> Scatter:
        """Return the expected sum of w h h^H given y."""
        U, (gain, white) = self._component.eigenvectors, self._gains(no)
        spread = weights @ (no[:, None] * (gain - white))
        return Scatter(
            np.concatenate([self.mean(y, no), U.T]),
            np.concatenate([weights, np.maximum(spread, 0)]),
            float(weights.sum()),
            shift=float(weights @ (no * white[:, 0])),
        )

    def _gains(self, no):
        c, no = self._component, no[:, None]
        white = c.remainder / (c.remainder + no) if self._dimensions else 0 * no
        return c.eigenvalues / (c.eigenvalues + no), white


class LinearFilter:
    """Posterior of h ~ CN(0, R) under y = A h + n with white noise.

    Parameters
    ----------
    component
        The covariance R.
    A : [num_obs, size], complex
        Observation matrix.
    """

    def __init__(self, component: Component, A: np.ndarray):
        self._component = component
        cross = component.times(A.conj().T)
        values, self._Q = np.linalg.eigh(_hermitian(A @ cross))
        self._values = np.maximum(values, 0)
        # A h has independent entries Q^H A h, and this is their covariance with h.
        self._cross = cross @ self._Q

    def log_density(self, y, no):
        """Return log CN(y; 0, A R A^H + no I), [n], for y : [n, num_obs]."""
        s = self._values + no[:, None]
        return -np.sum(np.log(np.pi * s) + np.abs(y @ self._Q.conj()) ** 2 / s, axis=1)

    def mean(self, y, no):
        """Return E[h | y], [n, size]."""
        z = (y @ self._Q.conj()) / (self._values + no[:, None])
        return z @ self._cross.T

    def variance(self, no):
        """Return the posterior variance of each entry, [n, size]."""
        levels, index = np.unique(no, return_inverse=True)
        gone = (1 / (self._values + levels[:, None])) @ np.abs(self._cross.T) ** 2
        return np.maximum(self._component.diagonal() - gone, 0)[index]

    def covariance(self, no: float):
        """Return Cov[h | y] at one noise variance, [size, size]."""
        gone = (self._cross / (self._values + no)) @ self._cross.conj().T
        return self._component.matrix() - gone

    def scatter(self, y, no, weights) -> Scatter:
        """Return the expected sum of w h h^H given y."""
        count = float(weights.sum())
        gone = weights @ (1 / (self._values + no[:, None]))
        spread = count * self._component.matrix()
        spread -= (self._cross * gone) @ self._cross.conj().T
        return Scatter(self.mean(y, no), weights, count, extra=_hermitian(spread))


def make_filters(mixture: Mixture, A: np.ndarray | None) -> list:
    """Return one filter for each component; ``A`` None observes all entries."""
    components = [mixture.component(k) for k in range(len(mixture.log_weights))]
    if A is None:
        return [DirectFilter(c) for c in components]
    return [LinearFilter(c, A) for c in components]


def component_posterior(mixture, filters, y, no, log_weights=None):
    """Return log p(y), [n], and p(k | y), [n, num_components].

    ``log_weights`` : [n, num_components] stand in for those of the mixture.
    """
    log_joint = np.stack([f.log_density(y, no) for f in filters], axis=1)
    log_joint += mixture.log_weights if log_weights is None else log_weights
    log_p = np.asarray(logsumexp(log_joint, axis=1, keepdims=True))
    return log_p[:, 0], np.exp(log_joint - log_p)


def mixture_moments(mixture, y, A, no, log_weights=None):
    r"""Return the posterior mean and variance of each entry under a mixture.

    Parameters
    ----------
    mixture
        The prior.
    y : [n, num_obs], complex
        Observations y = A h + n.
    A : [num_obs, size], complex, or None
        Observation matrix; None observes all entries.
    no : [n], float
        Noise variance.
    log_weights : [n, num_components], float, or None
        Of the components for each channel, as a condition tells; None for those of
        the mixture.

    Returns
    -------
    mean : [n, size], complex128
    variance : [n, size], float64
    """
    filters = make_filters(mixture, A)
    p = component_posterior(mixture, filters, y, no, log_weights)[1]
    mean = np.zeros((len(y), mixture.eigenvectors.shape[1]), complex)
    second = np.zeros(mean.shape)
    for k, one in enumerate(filters):
        near = p[:, k] > _NEGLIGIBLE
        if near.any():
            m = one.mean(y[near], no[near])
            weight = p[near, k, None]
            mean[near] += weight * m
            second[near] += weight * (one.variance(no[near]) + np.abs(m) ** 2)
    return mean, np.maximum(second - np.abs(mean) ** 2, 0)


def mixture_samples(mixture, y, A, no, num_samples, seed, log_weights=None):
    r"""Draw from the posterior exactly, [num_samples, n, size], complex64.

    The component is drawn from p(k | y). Then h' and n' are drawn from its prior and
    from the noise, and :math:`h' + E[h\,|\,y - A h' - n']` is a draw of its posterior
    (Matheron's rule).

    Parameters
    ----------
    mixture, y, A, no, log_weights
        As :func:`mixture_moments`.
    num_samples
        Draws for each observation.
    seed
        Their seed.
    """
    filters = make_filters(mixture, A)
    p = component_posterior(mixture, filters, y, no, log_weights)[1]
    rng = np.random.default_rng(seed)
    u = rng.random((num_samples, len(y)))
    # Rounding may leave the last sum just below one.
    edges = np.cumsum(p, axis=1)[:, :-1]
    chosen = np.sum(u[..., None] > edges, axis=-1)
    y = np.broadcast_to(y, (num_samples, *y.shape))
    return samples_of_components(mixture, filters, chosen, y, A, no, rng)


def samples_of_components(mixture, filters, chosen, y, A, no, rng):
    """Draw h given its component and an observation, [num_samples, n, size].

    Parameters
    ----------
    mixture, filters, A, no
        As :func:`mixture_samples`, and what :func:`make_filters` makes of them.
    chosen : [num_samples, n], int
        Component of each draw.
    y : [num_samples, n, num_obs], complex
        Observation of each draw.
    rng
        Generator of the draws.
    """
    size = mixture.eigenvectors.shape[1]
    out = np.empty((*chosen.shape, size), np.complex64)
    for k in np.unique(chosen):
        draw, row = np.nonzero(chosen == k)
        h = mixture.component(int(k)).sample(len(row), rng)
        noise = rng.normal(size=(len(row), y.shape[2], 2)) @ np.array([1, 1j])
        seen = h if A is None else h @ A.T
        gap = y[draw, row] - seen - np.sqrt(no[row, None] / 2) * noise
        out[draw, row] = h + filters[k].mean(gap, no[row])
    return out


def _hermitian(matrix):
    return (matrix + matrix.conj().T) / 2
