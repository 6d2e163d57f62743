r"""Expectation propagation for a Gaussian of which only intervals were seen.

A real vector :math:`x \sim \mathcal{N}(0, S)` is seen through
:math:`l_i < x_i + n_i < u_i` with white noise of variance v. The likelihood is

.. math:: \prod_i \Phi\Big(\frac{u_i - x_i}{\sqrt v}\Big)
                 - \Phi\Big(\frac{l_i - x_i}{\sqrt v}\Big)

where each factor is replaced by a Gaussian site of precision t and shift b, so that the
moments of x_i agree (Minka, *Expectation Propagation for Approximate Bayesian
Inference*, UAI 2001; Rasmussen and Williams, *Gaussian Processes for Machine Learning*,
2006, sec. 3.6 and algorithm 3.5, here with all sites at once).
"""

from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack
from scipy.special import log_ndtr

_LOG_ROOT_2PI = 0.5 * np.log(2 * np.pi)
# Site precisions that stand for "nothing learned".
_LEAST = 1e-10


@dataclass
class Sites:
    """Gaussian sites of some observations, one of each for an entry.

    Parameters
    ----------
    precision, shift : [n, size], float
        Precision t, and precision times mean b.
    """

    precision: np.ndarray
    shift: np.ndarray

    @classmethod
    def empty(cls, n: int, size: int) -> "Sites":
        """Return sites that say nothing."""
        return cls(np.full((n, size), _LEAST), np.zeros((n, size)))

    def rows(self, index) -> "Sites":
        """Return the sites of some observations."""
        return Sites(self.precision[index], self.shift[index])


@dataclass
class Fit:
    """Moments of x and the evidence that some sites amount to.

    Parameters
    ----------
    mean, variance : [n, size], float
        Of each entry of x.
    log_evidence : [n], float
        Logarithm of the probability of the intervals, as EP approximates it.
    sites
        Sites one step on.
    change : [n], float
        Greatest change of a mean that the step makes, in standard deviations.
    """

    mean: np.ndarray
    variance: np.ndarray
    log_evidence: np.ndarray
    sites: Sites
    change: np.ndarray


def interval_moments(low, high, mean, variance, noise):
    r"""Moments of x ~ N(mean, variance) given low < x + n < high, n ~ N(0, noise).

    Parameters
    ----------
    low, high, mean, variance, noise : [...], float
        Ends may be infinite.

    Returns
    -------
    log_mass : [...], float
        Logarithm of the probability of the interval.
    slope : [...], float
        Its derivative by the mean; the mean of x is ``mean + variance * slope``.
    curvature : [...], float
        Minus its second derivative, in [0, 1 / (variance + noise)]; the variance of x
        is ``variance - variance**2 * curvature``.
    """
    c = np.sqrt(variance + noise)
    a, b = (low - mean) / c, (high - mean) / c
    # The mirrored interval where it lies right of the mean: left tails do not cancel.
    flip = a + b > 0
    a, b = np.where(flip, -b, a), np.where(flip, -a, b)
    at_b = log_ndtr(b)
    log_mass = at_b + np.log1p(-np.exp(np.minimum(log_ndtr(a) - at_b, -1e-15)))
    bell_a, bell_b = (np.exp(-0.5 * e**2 - _LOG_ROOT_2PI - log_mass) for e in (a, b))
    finite_a, finite_b = (np.where(np.isfinite(e), e, 0.0) for e in (a, b))
    slope = bell_a - bell_b
    curvature = slope**2 - (finite_a * bell_a - finite_b * bell_b)
    slope = np.where(flip, -slope, slope) / c
    return log_mass, slope, np.clip(curvature, 1e-12, 1) / c**2


def refine(S, low, high, noise, sites: Sites, *, damping: float = 1.0) -> Fit:
    """Return what sites say, and the sites one step of EP on.

    Parameters
    ----------
    S : [size, size], float
        Prior covariance of x.
    low, high : [n, size], float
        Intervals.
    noise : [n], float
        Variance of the noise.
    sites
        Of these observations.
    damping
        Share of the step that is taken.
    """
    t, b = sites.precision, sites.shift
    mean, variance, log_det = _gaussian(S, t, b)
    # Cavities: the posterior without the entry's own site.
    rest = np.maximum(1 - t * variance, 1e-12)
    cavity = variance / rest
    centre = (mean - variance * b) / rest
    log_mass, slope, curvature = interval_moments(
        low, high, centre, cavity, noise[:, None]
    )
    log_evidence = (
        0.5 * np.sum(b * mean, axis=1)
        - 0.5 * log_det
        + np.sum(
            log_mass
            + 0.5 * np.log1p(t * cavity)
            # What the sites say of their cavities; b^2 / t cancels against b mean.
            + 0.5 * (t * centre**2 - 2 * b * centre - b**2 * cavity) / (1 + t * cavity),
            axis=1,
        )
    )
    new_t = np.maximum(curvature / np.maximum(1 - cavity * curvature, 1e-12), _LEAST)
    new_b = new_t * centre + slope * (1 + new_t * cavity)
    gap = centre + cavity * slope - mean
    change = np.max(np.abs(gap) / np.sqrt(variance), axis=1)
    after = Sites(t + damping * (new_t - t), b + damping * (new_b - b))
    return Fit(mean, variance, log_evidence, after, change)


def _gaussian(S, t, b):
    """Return mean, variances and log det(I + S T) of N(0, S) times Gaussian sites."""
    n, size = t.shape
    mean, variance, log_det = np.empty((n, size)), np.empty((n, size)), np.empty(n)
    diagonal, identity = np.diag(S), np.eye(size)
    for i in range(n):
        root = np.sqrt(t[i])
        scaled = root[:, None] * S
        L = lapack.dpotrf(scaled * root + identity, lower=1)[0]
        V = lapack.dtrtrs(L, scaled, lower=1)[0]
        variance[i] = diagonal - np.einsum("ij,ij->j", V, V)
        pulled = S @ b[i]
        mean[i] = pulled - V.T @ (V @ b[i])
        log_det[i] = 2 * np.sum(np.log(np.diag(L)))
    return mean, np.maximum(variance, 1e-12 * diagonal), log_det


def project(S, cross, sites: Sites):
    """Return the moments of another Gaussian vector z that x tells of.

    Parameters
    ----------
    S : [size, size], float
        Prior covariance of x.
    cross : [num, size], float
        Prior covariance of z with x.
    sites
        Of x, for n observations.

    Returns
    -------
    mean : [n, num], float
    gone : [n, num], float
        How much of the prior variance of each entry the sites take away.
    """
    n, size = sites.precision.shape
    mean, gone = np.empty((n, len(cross))), np.empty((n, len(cross)))
    identity = np.eye(size)
    for i in range(n):
        root = np.sqrt(sites.precision[i])
        scaled = root[:, None] * S
        L = lapack.dpotrf(scaled * root + identity, lower=1)[0]
        V = lapack.dtrtrs(L, root[:, None] * cross.T, lower=1)[0]
        shift = sites.shift[i]
        whitened = lapack.dtrtrs(L, scaled @ shift, lower=1)[0]
        mean[i] = cross @ shift - V.T @ whitened
        gone[i] = np.einsum("ij,ij->j", V, V)
    return mean, gone
