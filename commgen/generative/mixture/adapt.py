"""A fitted mixture moved to a few channels of another site."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy.special import logsumexp, softmax

from commgen._random import complex_normal
from commgen.generative.mixture import em
from commgen.generative.mixture.em import ChannelData, Structure, climb
from commgen.generative.mixture.low_rank import low_rank
from commgen.generative.mixture.parts import Mixture
from commgen.generative.mixture.statistics import Statistics

#: Weights of the old model, in channels, to choose from.
STRENGTHS = (1.0, 4.0, 16.0, 64.0, 256.0, 1024.0, 4096.0)
# Steps of EM for a candidate.
_STEPS = 5
_WEIGHT_STEPS = 20
# Noise in which it is judged, relative to the power of the channels.
_NOISE = 0.1


def anchored(
    statistics: Statistics,
    structure: Structure,
    prior: Mixture,
    previous: Mixture,
    weight_strength: float,
) -> Mixture:
    r"""Return the mixture of largest posterior density under fixed responsibilities.

    .. math:: w_k \propto n_k + b w_k^0, \qquad
        R_k = \frac{\sum_i r_{ik} h_i h_i^\mathsf{H} + a R_k^0}{n_k + a}

    with the old mixture :math:`w^0, R^0` as the centre of a Dirichlet prior of the
    weights and of an inverse-Wishart prior of each covariance (Gauvain and Lee,
    *Maximum a Posteriori Estimation for Multivariate Gaussian Mixture Observations of
    Markov Chains*, IEEE Trans. Speech Audio Process. 2 (1994)). A component that holds
    no new channel keeps its covariance.

    Parameters
    ----------
    statistics
        Sums over the new channels.
    structure
        What covariances look like, and the strength a, in channels a component.
    prior
        The old mixture.
    previous
        Mixture of the step before.
    weight_strength
        Strength b, in channels of all components together.
    """
    a = structure.strength
    old = np.exp(prior.log_weights - logsumexp(prior.log_weights))
    counts = statistics.counts + weight_strength * old
    log_weights = np.log(counts / counts.sum())
    floor = statistics.floor
    if structure.covariance == "circulant":
        total = statistics.powers + a * prior.eigenvalues
        spectra = np.maximum(total / (statistics.counts + a)[:, None], floor)
        return Mixture(log_weights, spectra, prior.eigenvectors)
    parts, lines, starts = [], [], previous.spectra
    for k in range(len(old)):
        part = prior.component(k)
        line = None if prior.spectra is None else prior.spectra[k]
        scatter = statistics.scatter(k)
        if scatter.count > 0:  # else the covariance is the old one
            scatter = scatter.plus(part, a)
            if structure.covariance == "low-rank":
                part = low_rank(scatter, structure.rank, floor)
            else:
                start = None if starts is None else starts[k]
                average = scatter.matrix() / scatter.count
                part, line = em.average_component(average, start, floor, structure)
        parts.append(part)
        lines.append(line)
    return Mixture.of(log_weights, parts, lines)


def adapt_mixture(
    h: np.ndarray,
    prior: Mixture,
    structure: Structure,
    *,
    weight_strength: float,
    max_iterations: int = 30,
    tolerance: float = 0.02,
    advance=lambda *_, **__: None,
) -> Mixture:
    """Fit a mixture to a few channels, with an older mixture as its prior.

    Parameters
    ----------
    h : [n, size], complex64
        New channels, flattened.
    prior
        The old mixture, which is also where EM starts.
    structure
        What covariances look like, and their strength.
    weight_strength
        As :func:`anchored`.
    max_iterations, tolerance, advance
        As :func:`~commgen.generative.mixture.em.climb`.
    """
    data = ChannelData(h, structure)
    return climb(
        lambda mixture: em.expectation(mixture, h),
        lambda r, mixture: anchored(
            data.statistics(r), structure, prior, mixture, weight_strength
        ),
        prior,
        max_iterations,
        tolerance,
        advance,
    )


def choose_strengths(
    h: np.ndarray,
    prior: Mixture,
    structure_of: Callable[[float], Structure],
    *,
    seed: int,
    strengths: Sequence[float] = STRENGTHS,
    weight_strengths: Sequence[float] = STRENGTHS,
    num_folds: int = 5,
) -> tuple[float, float]:
    """Return the strengths under which channels left out, and received, are likeliest.

    They are received 10 dB above white noise: without it the likelihood would be about
    the directions of least variance, which matter to no receiver. The strength of the
    weights is chosen first, with the old covariances.

    Parameters
    ----------
    h : [n, size], complex64
        New channels, flattened; at least two.
    prior
        The old mixture.
    structure_of
        Strength to :class:`~commgen.generative.mixture.em.Structure`.
    seed
        Seed of folds and noise.
    strengths, weight_strengths
        Candidates.
    num_folds
        Parts that are left out in turn, at most as many as channels.

    Returns
    -------
    strength, weight_strength
        As :func:`anchored`.
    """
    rng = np.random.default_rng(seed)
    fold = rng.permutation(np.arange(len(h)) % min(num_folds, len(h)))
    no = _NOISE * float(np.mean(np.abs(h) ** 2))
    received = h + np.sqrt(no) * complex_normal(rng, h.shape)
    folds = [(fold != i, fold == i) for i in np.unique(fold)]
    old = prior.log_weights - logsumexp(prior.log_weights)
    exact = prior.log_joint(h) - prior.log_weights
    noisy = prior.plus(no).log_joint(received) - prior.log_weights

    def weight_score(b):
        total = 0.0
        for rest, out in folds:
            log_joint = noisy[out] + _adapted_weights(exact[rest], old, b)
            total += float(np.sum(np.asarray(logsumexp(log_joint, axis=1))))
        return total

    def score(a):
        structure, total = structure_of(a), 0.0
        for rest, out in folds:
            mixture = adapt_mixture(
                h[rest], prior, structure, weight_strength=b, max_iterations=_STEPS
            )
            log_p = em.expectation(mixture.plus(no), received[out])[1]
            total += np.count_nonzero(out) * log_p
        return total

    b = max(weight_strengths, key=weight_score)
    return float(max(strengths, key=score)), float(b)


def _adapted_weights(log_density, old, strength):
    """Return log-weights after EM that leaves the covariances alone."""
    log_weights = old
    for _ in range(_WEIGHT_STEPS):
        r = softmax(log_density + log_weights, axis=1)
        counts = r.sum(axis=0) + strength * np.exp(old)
        log_weights = np.log(counts / counts.sum())
    return log_weights
