r"""Expectation-maximisation that has seen noisy or incomplete channels only.

The E-step takes the posterior moments of the channels under each component,

.. math:: \sum_i r_{ik}\,E[h h^\mathsf{H}\,|\,y_i, k]

in place of their outer products, so that the likelihood of the observations never falls
(Dempster et al., J. R. Stat. Soc. B 39 (1977)). Where all entries were seen in noise of
one variance, the mixture of y is fitted instead, with covariances that hold at least
that noise: the same maximum, and sooner. For mixtures from noisy channels see Fesl et
al., *Learning a Gaussian Mixture Model From Imperfect Training Data for Robust Channel
Estimation*, IEEE Wireless Commun. Lett. 12 (2023).
"""

from dataclasses import dataclass, replace

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from commgen.generative.mixture import em
from commgen.generative.mixture.em import ChannelData, Structure, climb
from commgen.generative.mixture.filter import make_filters
from commgen.generative.mixture.masked import MaskedObservation
from commgen.generative.mixture.parts import Component, Mixture
from commgen.generative.mixture.statistics import Statistics
from commgen.generative.model import POWER_RANGE
from commgen.generative.observation import check_observation

# Steps of EM for the one Gaussian that starts the mixture.
_FIRST_ITERATIONS = 20


class WhiteObservation:
    """Observations y = A h + n with one A and white noise.

    Parameters
    ----------
    y : [n, num_obs], complex
        Observations.
    A : [num_obs, size], complex, or None
        Observation matrix; None observes all entries.
    no : [n], float
        Noise variance.
    """

    def __init__(self, y, A, no):
        self._y, self._A, self._no = y, A, no

    def log_density(self, component: Component) -> np.ndarray:
        """Return the log-density of y under CN(0, R), [n]."""
        return self._filter(component).log_density(self._y, self._no)

    def scatter(self, component: Component, weights: np.ndarray):
        """Return the expected sum of w h h^H given y."""
        near = weights > 0
        one = self._filter(component)
        return one.scatter(self._y[near], self._no[near], weights[near])

    def estimate(self, component: Component) -> np.ndarray:
        """Return E[h | y] under CN(0, R), [n, size]."""
        return self._filter(component).mean(self._y, self._no)

    def _filter(self, component):
        mixture = Mixture.of(np.zeros(1), [component])
        return make_filters(mixture, self._A)[0]


Observation = WhiteObservation | MaskedObservation


def expectation(observation: Observation, mixture: Mixture):
    """Return responsibilities [n, num_components] and the mean log-likelihood of y."""
    log_joint = np.stack(
        [
            log_weight + observation.log_density(mixture.component(k))
            for k, log_weight in enumerate(mixture.log_weights)
        ],
        axis=1,
    )
    log_p = logsumexp(log_joint, axis=1, keepdims=True)
    return np.exp(log_joint - log_p), float(log_p.mean())


def expected_statistics(
    observation: Observation,
    responsibilities: np.ndarray,
    mixture: Mixture,
    structure: Structure,
    principal: Component | None = None,
) -> Statistics:
    """Return the expected :class:`~commgen.generative.mixture.statistics.Statistics`.

    Parameters
    ----------
    observation
        What was seen.
    responsibilities : [n, num_components], float
        From :func:`expectation`.
    mixture
        Under which the channels are inferred.
    structure
        What covariances may look like.
    principal
        Covariance that low-rank ones lean on.
    """
    r = np.where(responsibilities > em.NEGLIGIBLE, responsibilities, 0.0)
    parts = [
        observation.scatter(mixture.component(k), r[:, k]) for k in range(r.shape[1])
    ]
    powers = np.stack([part.powers(structure.fourier) for part in parts])
    return Statistics(
        responsibilities.sum(axis=0) + 1e-9,
        parts.__getitem__,
        powers,
        powers.sum(axis=0) / max(r.sum(), 1e-9),
        principal,
    )


def first_gaussian(observation, power: float, structure: Structure) -> Mixture:
    """Return one Gaussian fitted to what was seen, from white channels on.

    Parameters
    ----------
    observation
        What was seen.
    power
        Mean power of an entry of a channel.
    structure
        What its covariance may look like.
    """
    size = int(np.prod(structure.event_shape))
    rank = structure.rank if structure.covariance == "low-rank" else size
    start = Component(np.full(rank, power), np.eye(size, rank), power)
    mixture = Mixture.of(np.zeros(1), [start])
    plain = replace(structure, strength=0.0)
    for _ in range(_FIRST_ITERATIONS):
        r, _ = expectation(observation, mixture)
        statistics = expected_statistics(observation, r, mixture, plain)
        mixture = em.maximisation(statistics, plain, mixture)
    return mixture


def fit_observed(
    observation: Observation,
    num_components: int,
    structure: Structure,
    *,
    power: float,
    seed: int,
    max_iterations: int,
    tolerance: float,
    advance,
) -> Mixture:
    """Fit a mixture to what was seen of channels.

    Parameters
    ----------
    observation
        What was seen.
    num_components
        Number of Gaussians.
    structure
        What covariances may look like.
    power
        Mean power of an entry of a channel.
    seed
        Seed of the first clustering.
    max_iterations, tolerance, advance
        As :func:`~commgen.generative.mixture.em.climb`.
    """
    one = first_gaussian(observation, power, structure)
    if num_components == 1:
        return one
    h_hat = observation.estimate(one.component(0))
    r = em.initial_responsibilities(h_hat, num_components, structure.fourier, seed)
    principal = one.component(0) if structure.covariance == "low-rank" else None

    def maximise(r, mixture):
        statistics = expected_statistics(observation, r, mixture, structure, principal)
        return em.maximisation(statistics, structure, mixture)

    same = Mixture.of(np.zeros(num_components), [one.component(0)] * num_components)
    statistics = expected_statistics(observation, r, same, structure, principal)
    return climb(
        lambda mixture: expectation(observation, mixture),
        maximise,
        em.maximisation(statistics, structure),
        max_iterations,
        tolerance,
        advance,
    )


def fit_in_noise(
    y: np.ndarray,
    no: float,
    num_components: int,
    structure: Structure,
    *,
    seed: int,
    max_iterations: int,
    tolerance: float,
    advance,
) -> Mixture:
    """Fit a mixture to channels that were all received in noise of one variance.

    Parameters
    ----------
    y : [n, size], complex64
        Received channels.
    no
        Noise variance.
    num_components, structure, seed, max_iterations, tolerance, advance
        As :func:`fit_observed`.
    """
    structure = replace(structure, noise=no)
    data = ChannelData(y, structure)
    alone = replace(structure, strength=0.0)
    one = em.maximisation(data.statistics(np.ones((len(y), 1))), alone)
    floor = 1e-6 * float(np.mean(np.abs(y) ** 2))
    if num_components == 1:
        return one.plus(-no, floor)
    start = one.plus(-no, floor).component(0)
    h_hat = WhiteObservation(y, None, np.full(len(y), no)).estimate(start)
    r = em.initial_responsibilities(h_hat, num_components, structure.fourier, seed)
    mixture = climb(
        lambda mixture: em.expectation(mixture, y),
        lambda r, mixture: em.maximisation(data.statistics(r), structure, mixture),
        em.maximisation(data.statistics(r), structure),
        max_iterations,
        tolerance,
        advance,
    )
    return without_noise(mixture, no, len(y), structure, floor)


def without_noise(
    mixture: Mixture, no: float, n: int, structure: Structure, floor: float
) -> Mixture:
    r"""Return the mixture of the channels, given that of the received ones.

    The eigenvalue :math:`\lambda` of a received covariance is known to about
    :math:`\sigma = \lambda / \sqrt{m}` after m channels, and the channel's part of it,
    :math:`\lambda - N_0`, is not negative: where all such values count as equally
    likely before, its posterior mean is that of a truncated normal distribution. The
    likeliest value would be 0 for many directions, which costs most where an estimator
    meets less noise than there was in training. Toeplitz covariances need no such
    help, and would not stay Toeplitz.

    Parameters
    ----------
    mixture
        Of the received channels.
    no
        Noise variance.
    n
        Channels that it was fitted to.
    structure
        What its covariances look like.
    floor
        Least variance of a direction.
    """
    plain = mixture.plus(-no, floor)
    if structure.covariance == "toeplitz":
        return plain
    counts = n * np.exp(mixture.log_weights - logsumexp(mixture.log_weights))
    lean = 0.0 if structure.covariance == "circulant" else structure.strength
    sigma = mixture.eigenvalues / np.sqrt(counts + lean + 1)[:, None]
    z = (mixture.eigenvalues - no) / sigma
    values = sigma * (z + np.exp(norm.logpdf(z) - norm.logcdf(z)))
    rest = floor if plain.remainder is None else plain.remainder[:, None]
    return replace(plain, eigenvalues=np.maximum(values, rest))


@dataclass(frozen=True)
class Observed:
    """What was seen of channels, checked.

    Parameters
    ----------
    observation
        :class:`WhiteObservation` or
        :class:`~commgen.generative.mixture.masked.MaskedObservation`.
    power
        Mean power of an entry of a channel, the noise taken away.
    noise
        Mean noise variance of an observation, relative to the channel's part in it.
    y : [n, num_obs], complex64
        Observations, flattened.
    no
        Noise variance, if all entries of all channels were seen in the same; else None.
    """

    observation: Observation
    power: float
    noise: float
    y: np.ndarray
    no: float | None


def check_observed(y, A, noise_cov, mask, event_shape) -> Observed:
    """Check and flatten what was seen of channels.

    Parameters
    ----------
    y, A, noise_cov
        As :func:`~commgen.generative.observation.check_observation`.
    mask : [n, *event_shape], bool, or None
        Which entries of y were seen; without ``A``, and with noise variances.
    event_shape
        Shape of one channel.

    Raises
    ------
    ValueError
        As :func:`~commgen.generative.observation.check_observation`; if the mask does
        not fit, hides a channel or an entry of all channels; if all observations are
        the same; or if the channels that y holds beside the noise have not about unit
        power.
    """
    if mask is not None:
        mask = _check_mask(mask, y, A, event_shape)
        # Whatever stands where nothing was seen must not matter, even NaN.
        y = np.where(mask, y, 0)
    y, A, no, cov = check_observation(y, A, noise_cov, event_shape)
    if mask is not None and no is None:
        raise ValueError("noise_cov must be noise variances where a mask is given.")
    if len(y) > 1 and (y == y[0]).all():
        raise ValueError(
            f"y must hold different observations, got {len(y)} copies of one."
        )
    if cov is not None:
        L = np.linalg.cholesky(cov)
        A = np.linalg.inv(L) if A is None else np.linalg.solve(L, A)
        y, no = np.linalg.solve(L, y.T).T, np.ones(len(y))
    power, noise = _check_power(y, A, no, mask)
    flat = y.astype(np.complex64)
    if mask is not None and not mask.all():
        masked = MaskedObservation(y, mask.reshape(y.shape), no)
        return Observed(masked, power, noise, flat, None)
    level = float(no[0]) if A is None and (no == no[0]).all() else None
    return Observed(WhiteObservation(y, A, no), power, noise, flat, level)


def _check_mask(mask, y, A, event_shape):
    mask = np.asarray(mask)
    if A is not None:
        raise ValueError("mask must be None where A is given.")
    if mask.dtype != bool or mask.shape != np.shape(y):
        raise ValueError(
            f"mask must be boolean {np.shape(y)} as y, got {mask.dtype} {mask.shape}."
        )
    axes = tuple(range(1, mask.ndim))
    if not mask.any(axis=axes).all():
        hidden = int(np.flatnonzero(~mask.any(axis=axes))[0])
        raise ValueError(f"mask must show some entry of each channel, not of {hidden}.")
    if not mask.any(axis=0).all():
        hidden = tuple(int(i) for i in np.argwhere(~mask.any(axis=0))[0])
        raise ValueError(f"mask must show each entry of some channel, not {hidden}.")
    return mask


def _check_power(y, A, no, mask):
    """Return the channels' power and the noise relative to it, or raise."""
    seen = y.size if mask is None else mask.sum()
    row = 1.0 if A is None else np.sum(np.abs(A) ** 2) / len(A)
    weight = y.shape[1] if mask is None else seen / len(y)
    power = (np.sum(np.abs(y) ** 2) - weight * no.sum()) / seen / max(row, 1e-300)
    low, high = POWER_RANGE
    if not low <= power <= high:
        raise ValueError(
            f"y must hold channels of a mean power |h|^2 near 1 (between {low:g} and "
            f"{high:g}) beside the noise, got {power:.3g}; normalise it first."
        )
    return float(power), float(np.mean(no) / (power * row))
