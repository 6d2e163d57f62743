r"""The noise level, where nobody knows it: its likelihood under a mixture of channels.

.. math:: p(y_1, \dots, y_B\,|\,N_0) = \prod_b \sum_k w_k\,
    \mathcal{CN}(y_b; 0, A R_k A^\mathsf{H} + N_0 C)

for the B observations that share one level.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import logsumexp

from commgen._checks import check_int, check_positive
from commgen.generative.mixture.parts import Mixture
from commgen.generative.model import Posterior
from commgen.inference.observation.infer import infer
from commgen.inference.observation.linear import LinearObservation
from commgen.inference.observation.prior import check_label, check_mixture

# From one point of the first grid to the next, in nats: 1 dB.
_STEP = np.log(10) / 10
_FINE_POINTS = 41
# What lies this far below the greatest log-likelihood has no weight.
_FAR = 15.0
_GOLDEN = (5**0.5 - 1) / 2
_GOLDEN_STEPS = 20
# Channels whose powers are held at once, unless one group has more.
_CHUNK = 512


@dataclass(frozen=True, eq=False)
class NoiseEstimate:
    """Noise level of each group, and what is uncertain about it.

    Parameters
    ----------
    no_hat : [num_groups], float
        Most likely level, linear; groups in the order of their sorted labels.
    grid : [num_groups, num_points], float
        Levels, ascending.
    cdf : [num_groups, num_points], float
        Posterior probability of a lower level.
    at_edge : [num_groups], bool
        Whether the most likely level lies at an end of the range that was looked
        through: then it is a bound and no estimate.
    """

    no_hat: np.ndarray
    grid: np.ndarray
    cdf: np.ndarray
    at_edge: np.ndarray

    def quantile(self, probability: float) -> np.ndarray:
        """Return the level below which the true one is with a probability, [groups]."""
        pairs = zip(self.cdf, np.log(self.grid), strict=True)
        return np.exp([np.interp(probability, c, g) for c, g in pairs])

    def interval(self, confidence: float = 0.9) -> tuple[np.ndarray, np.ndarray]:
        """Return the ends of the equal-tailed interval, [num_groups] each.

        Raises
        ------
        ValueError
            If ``confidence`` is not in (0, 1).
        """
        if not 0 < confidence < 1:
            raise ValueError(f"confidence must be in (0, 1), got {confidence}.")
        tail = (1 - confidence) / 2
        return self.quantile(tail), self.quantile(1 - tail)


class MarginalLikelihood:
    """Log-density of whitened observations as a function of the noise variance.

    Parameters
    ----------
    mixture
        Of the channels.
    y : [n, num_obs], complex
        Observations.
    A : [num_obs, size], complex, or None
        Observation matrix; None observes all entries.
    """

    def __init__(self, mixture: Mixture, y: np.ndarray, A: np.ndarray | None):
        K = len(mixture.log_weights)
        values, powers, counts = [], [], np.ones(1)
        for k in range(K):
            component = mixture.component(k)
            if A is None:
                s, Q, rest = component.eigenvalues, component.eigenvectors, True
            else:
                cross = A @ component.times(A.conj().T)
                s, Q = np.linalg.eigh((cross + cross.conj().T) / 2)
                rest = False
            power = np.abs(y @ Q.conj()) ** 2
            counts, beyond = np.ones(len(s)), y.shape[1] - len(s)
            if rest and beyond:
                left = np.sum(np.abs(y) ** 2, axis=1) - power.sum(axis=1)
                power = np.column_stack([power, np.maximum(left, 0)])
                s, counts = np.append(s, component.remainder), np.append(counts, beyond)
            values.append(np.maximum(s, 0))
            powers.append(power)
        self._values, self._counts = np.stack(values), counts
        self._power = np.stack(powers, axis=1)
        self._log_weights = mixture.log_weights
        self._constant = y.shape[1] * np.log(np.pi)

    def each(self, no: np.ndarray) -> np.ndarray:
        """Return log p(y | no), [n], each channel with its own level, no : [n]."""
        s = self._values + no[:, None, None]
        log_joint = -np.sum(self._power / s, axis=2) - np.log(s) @ self._counts
        return self._total(log_joint)

    def common(self, no: float) -> np.ndarray:
        """Return log p(y | no), [n], all with one level."""
        s = self._values + no
        log_joint = -np.einsum("nkm,km->nk", self._power, 1 / s)
        return self._total(log_joint - np.log(s) @ self._counts)

    def _total(self, log_joint):
        return logsumexp(log_joint + self._log_weights, axis=1) - self._constant


def estimate_noise(
    prior,
    y,
    observation: LinearObservation,
    *,
    groups: Any = None,
    no_range: tuple[float, float] = (1e-4, 1e2),
    prior_db: tuple[float, float] | None = None,
) -> NoiseEstimate:
    """Estimate the noise level of groups of channels that were seen in the same noise.

    The logarithm of the likelihood is looked through in steps of 1 dB, its greatest
    value found by golden section, and its integral over the logarithm of the level
    taken on a fine grid around that. Noise far below a component's least eigenvalues
    cannot be told from channel: a mixture whose full covariances were smoothed finds
    too little of it there, and one of Toeplitz covariances is the better choice.

    Parameters
    ----------
    prior
        A Gaussian mixture.
    y, observation
        As :func:`~commgen.inference.observation.infer`; ``observation.no`` is not
        looked at, but its ``noise_corr`` is.
    groups : [batch], int or str, or None
        Label of each channel; channels of one label share a level. None gives each
        channel its own.
    no_range
        Least and greatest level.
    prior_db
        Mean and standard deviation in dB of what is known of the level beforehand,
        for a MAP estimate; None knows nothing, for maximum likelihood.

    Returns
    -------
    NoiseEstimate

    Raises
    ------
    ValueError
        If ``no_range`` or ``prior_db`` is none, or as :func:`infer`.
    TypeError
        If the prior is no mixture.
    """
    mixture = check_mixture("prior", prior, observation.event_shape)
    low, high = (check_positive("no_range", no) for no in no_range)
    if low >= high:
        raise ValueError(f"no_range must be ascending, got {no_range}.")
    log_prior = _log_prior(prior_db)
    y, A, _ = replace(observation, no=1.0).whiten(y)
    index, num_groups = check_label("groups", groups, len(y))
    order = np.argsort(index, kind="stable")
    ends = np.searchsorted(index[order], np.arange(num_groups + 1))
    parts, first = [], 0
    while first < num_groups:
        last = int(np.searchsorted(ends, ends[first] + _CHUNK, side="right")) - 1
        last = max(last, first + 1)
        rows = order[ends[first] : ends[last]]
        likelihood = MarginalLikelihood(mixture, y[rows], A)
        group = index[rows] - first
        parts.append(_search(likelihood, group, log_prior, np.log(low), np.log(high)))
        first = last
    return NoiseEstimate(*(np.concatenate(part) for part in zip(*parts, strict=True)))


def denoise_unknown_noise(
    prior,
    y,
    observation: LinearObservation,
    *,
    groups: Any = None,
    num_levels: int = 5,
    no_range: tuple[float, float] = (1e-4, 1e2),
    prior_db: tuple[float, float] | None = None,
) -> tuple[Posterior, NoiseEstimate]:
    r"""Infer channels where the noise level is unknown too.

    .. math:: E[h\,|\,y] = \int p(N_0\,|\,y)\,E[h\,|\,y, N_0]\,\mathrm{d}N_0

    with the integral over equally probable levels, the middle quantiles of the
    posterior of the group; ``err_var`` has the spread between them.

    Parameters
    ----------
    prior, y, observation, groups, no_range, prior_db
        As :func:`estimate_noise`.
    num_levels
        Levels of the integral; 1 takes the median.

    Returns
    -------
    posterior : Posterior
    noise : NoiseEstimate
    """
    check_int("num_levels", num_levels, low=1)
    noise = estimate_noise(
        prior, y, observation, groups=groups, no_range=no_range, prior_db=prior_db
    )
    index = check_label("groups", groups, len(np.asarray(y)))[0]
    means, variances = [], []
    for i in range(num_levels):
        no = noise.quantile((i + 0.5) / num_levels)[index]
        one = infer(prior, y, replace(observation, no=no))
        means.append(one.mean)
        variances.append(one.err_var)
    mean = np.mean(means, axis=0)
    err_var = np.mean(variances, axis=0) + np.var(means, axis=0)
    return Posterior(mean, err_var.astype(np.float32)), noise


def _log_prior(prior_db):
    if prior_db is None:
        return np.zeros_like
    mean, deviation = prior_db
    check_positive("prior_db deviation", deviation)
    if not np.isfinite(mean):
        raise ValueError(f"prior_db mean must be finite, got {mean}.")
    return lambda x: -0.5 * ((x / _STEP - mean) / deviation) ** 2


def _search(likelihood, group, log_prior, low, high):
    """Return no_hat, grid, cdf and at_edge of each group, from ends in nats."""
    num = int(group.max()) + 1

    def common(x):
        total = np.bincount(group, likelihood.common(np.exp(x)), num)
        return total + log_prior(np.float64(x))

    def each(x):
        total = np.bincount(group, likelihood.each(np.exp(x[group])), num)
        return total + log_prior(x)

    coarse = np.linspace(low, high, 1 + int(np.ceil((high - low) / _STEP)))
    score = np.stack([common(x) for x in coarse], axis=1)
    best, step = score.argmax(axis=1), coarse[1] - coarse[0]
    bounds = np.clip(coarse[best, None] + [[-step, step]], low, high)
    mode = _golden_section(each, *bounds.T)
    near = score > score.max(axis=1, keepdims=True) - _FAR
    start = coarse[np.maximum(near.argmax(axis=1) - 1, 0)]
    stop = coarse[::-1][np.maximum(near[:, ::-1].argmax(axis=1) - 1, 0)]
    grid = np.linspace(start, stop, _FINE_POINTS, axis=1)
    density = np.stack([each(x) for x in grid.T], axis=1)
    density = np.exp(density - density.max(axis=1, keepdims=True))
    cdf = np.cumsum(density[:, 1:] + density[:, :-1], axis=1)
    cdf = np.pad(cdf, ((0, 0), (1, 0))) / cdf[:, -1:]
    at_edge = (mode - low < 1e-3 * step) | (high - mode < 1e-3 * step)
    return np.exp(mode), np.exp(grid), cdf, at_edge


def _golden_section(score, low, high):
    """Return where each of several functions is greatest between two ends, [n]."""
    left, right = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
    at_left, at_right = score(left), score(right)
    for _ in range(_GOLDEN_STEPS):
        lower = at_left > at_right
        low, high = np.where(lower, low, left), np.where(lower, right, high)
        fresh = np.where(
            lower, high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        )
        value = score(fresh)
        left, right = np.where(lower, fresh, right), np.where(lower, left, fresh)
        at_left, at_right = (
            np.where(lower, value, at_right),
            np.where(lower, at_left, value),
        )
    return (low + high) / 2
