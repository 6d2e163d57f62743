"""Expectation-maximisation for zero-mean complex Gaussian mixtures, in NumPy."""

import warnings
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.special import logsumexp

from commgen.generative.mixture.low_rank import low_rank
from commgen.generative.mixture.parts import Component, Mixture, Scatter
from commgen.generative.mixture.statistics import RELATIVE_FLOOR, Statistics
from commgen.generative.mixture.toeplitz import (
    atom_powers,
    lag_table,
    toeplitz_matrix,
    toeplitz_step,
)

__all__ = ["Component", "Mixture", "Scatter"]

COVARIANCES = ("full", "circulant", "toeplitz", "low-rank")
# Channels of a smaller responsibility are left out of a component's covariance.
NEGLIGIBLE = 1e-4
# Steps of a Toeplitz spectrum within a step of EM, and from where it starts.
_STEPS = 3
_FIRST_STEPS = 15
_FIRST_SHARE = 1e-2


@dataclass(frozen=True)
class Structure:
    """What covariances may look like, and how much they lean on a prior.

    Parameters
    ----------
    covariance
        One of ``COVARIANCES``.
    event_shape
        Shape of one channel.
    strength
        Weight of the prior part in a covariance, in channels.
    rank
        Directions of a low-rank covariance.
    noise
        Variance that every direction has at least, because the data hold that much
        white noise.
    """

    covariance: str
    event_shape: tuple[int, ...]
    strength: float
    rank: int = 0
    noise: float = 0.0

    @cached_property
    def fourier(self) -> np.ndarray:
        """Result of :func:`fourier_vectors`."""
        return fourier_vectors(self.event_shape)

    @cached_property
    def lags(self) -> np.ndarray:
        """Result of :func:`~commgen.generative.mixture.toeplitz.lag_table`."""
        return lag_table(self.event_shape)


def fourier_vectors(event_shape: tuple[int, ...]) -> np.ndarray:
    """Return the eigenvectors of (multi-level) circulant covariances as columns.

    They are the unitary, multi-dimensional discrete Fourier vectors of
    ``event_shape``, flattened in C order: [size, size], complex64.
    """
    size = int(np.prod(event_shape))
    basis = np.eye(size).reshape(size, *event_shape)
    axes = tuple(range(1, basis.ndim))
    vectors = np.fft.ifftn(basis, axes=axes, norm="ortho")
    return vectors.reshape(size, size).T.astype(np.complex64)


def spectral_features(h, fourier) -> np.ndarray:
    """Return what channels are clustered by, [n, size], float.

    The phase of a channel says nothing of its component where means are zero, so it is
    the logarithm of the power in the Fourier domain.

    Parameters
    ----------
    h : [n, size], complex
        Channels, flattened.
    fourier : [size, size], complex
        From :func:`fourier_vectors`.
    """
    power = np.abs(h @ fourier.conj()) ** 2
    return np.log(power + 0.05 * power.mean(axis=1, keepdims=True) + 1e-12)


def initial_responsibilities(h, num_components: int, fourier, seed: int) -> np.ndarray:
    """Cluster channels by the shape of their spectrum, with k-means++.

    Parameters
    ----------
    h : [n, size], complex
        Channels, flattened.
    num_components
        Number of clusters.
    fourier : [size, size], complex
        From :func:`fourier_vectors`.
    seed
        Seed of k-means++.

    Returns
    -------
    [n, num_components], float
        One for the cluster of a channel, else zero.
    """
    feature = spectral_features(h, fourier)
    rng = np.random.default_rng(seed)
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        # Of an empty cluster, which fewer different channels than clusters make too.
        warnings.simplefilter("ignore")
        _, labels = kmeans2(feature, num_components, minit="++", rng=rng)
    return np.eye(num_components)[labels]


def expectation(mixture: Mixture, h: np.ndarray) -> tuple[np.ndarray, float]:
    """Return responsibilities [n, num_components] and the mean log-likelihood."""
    log_joint = mixture.log_joint(h)
    log_p = logsumexp(log_joint, axis=1, keepdims=True)
    return np.exp(log_joint - log_p), float(log_p.mean())


class ChannelData:
    """Channels, from which :class:`Statistics` are taken again and again.

    Parameters
    ----------
    h : [n, size], complex64
        Channels, flattened.
    structure
        What they will be fitted with.
    """

    def __init__(self, h: np.ndarray, structure: Structure):
        self._h = h
        self._power = np.abs(h @ structure.fourier.conj()) ** 2
        self._overall = self._power.mean(axis=0)
        self._principal = None
        if structure.covariance == "low-rank":
            everything = Scatter(h, np.ones(len(h), np.float32), len(h))
            self._principal = principal_part(everything, self._overall, structure)

    def statistics(self, responsibilities: np.ndarray) -> Statistics:
        """Return the sums over channels that have these [n, num_components]."""

        def scatter(k):
            r = responsibilities[:, k]
            near = r > NEGLIGIBLE
            weights = r[near].astype(np.float32)
            return Scatter(self._h[near], weights, weights.sum())

        return Statistics(
            responsibilities.sum(axis=0) + 1e-9,
            scatter,
            responsibilities.T @ self._power,
            self._overall,
            self._principal,
        )


def principal_part(
    everything: Scatter, overall: np.ndarray, structure: Structure
) -> Component:
    """Return the low-rank covariance of all channels, on which components lean.

    Parameters
    ----------
    everything
        Sum over all channels.
    overall : [size], float
        Their mean covariance, as the diagonal in the Fourier domain.
    structure
        What covariances may look like.
    """
    floor = max(RELATIVE_FLOOR * float(overall.mean()), structure.noise)
    return low_rank(everything, structure.rank, floor)


def maximisation(
    statistics: Statistics, structure: Structure, previous: Mixture | None = None
) -> Mixture:
    """Return the mixture of largest likelihood under fixed responsibilities.

    A full covariance is the mean of the sample covariance and of its circulant part,
    weighted by the channels that the component holds and by ``strength`` (the mean of
    an inverse-Wishart posterior): a component of few channels keeps a full rank. A
    Toeplitz one takes a few steps towards that mean. A low-rank one leans on the
    low-rank covariance of all channels in the same way.

    Parameters
    ----------
    statistics
        Sums over the channels.
    structure
        What covariances may look like.
    previous
        Mixture of the step before, from which a Toeplitz covariance goes on.

    Returns
    -------
    Mixture
        With eigenvalues of at least 1e-6 of the mean power.
    """
    counts = statistics.counts
    log_weights = np.log(counts / counts.sum())
    floor = max(statistics.floor, structure.noise)
    if structure.covariance == "low-rank":
        parts = []
        for k in range(len(counts)):
            scatter = statistics.scatter(k)
            if statistics.principal is not None:
                scatter = scatter.plus(statistics.principal, structure.strength + 1e-6)
            parts.append(low_rank(scatter, structure.rank, floor))
        return Mixture.of(log_weights, parts)
    # One channel's weight of the overall spectrum keeps an empty component valid.
    spectra = (statistics.powers + statistics.overall) / (counts[:, None] + 1)
    spectra = np.maximum(spectra, floor)
    if structure.covariance == "circulant":
        return Mixture(log_weights, spectra, structure.fourier[None])
    starts = None if previous is None else previous.spectra
    parts, lines = [], []
    for k in range(len(counts)):
        average = _shrunk(statistics.scatter(k), spectra[k], structure)
        start = None if starts is None else starts[k]
        part, line = average_component(average, start, floor, structure)
        parts.append(part)
        lines.append(line)
    return Mixture.of(log_weights, parts, lines)


def _shrunk(scatter, spectrum, structure):
    fourier, strength = structure.fourier, structure.strength
    circulant = (fourier * spectrum.astype(np.float32)) @ fourier.conj().T
    weight = scatter.count + strength
    if weight <= 0:
        return circulant
    return (scatter.matrix() + strength * circulant) / weight


def average_component(S, start, floor: float, structure: Structure):
    """Return the full or Toeplitz covariance that a sample covariance asks for.

    Parameters
    ----------
    S : [size, size], complex
        Sample covariance.
    start : [prod(2 event_shape)], float, or None
        Spectrum from which a Toeplitz covariance goes a few steps towards S; one made
        from S where None.
    floor
        Least variance of a direction.
    structure
        What covariances look like.

    Returns
    -------
    component : Component
    spectrum : [prod(2 event_shape)], float, or None
        Of a Toeplitz covariance.
    """
    if structure.covariance == "full":
        s, U = np.linalg.eigh(S)
        return Component(np.maximum(s, floor), U), None
    shape, lags, noise = structure.event_shape, structure.lags, structure.noise
    S = S.astype(np.complex128)
    points = len(S) * 2 ** len(shape)
    power = np.trace(S).real / points
    num_steps, c = _STEPS, start
    if c is None:
        num_steps = _FIRST_STEPS
        c = (atom_powers(S, lags, shape) - noise) * (len(S) / points)
        c = np.maximum(c, _FIRST_SHARE * power)
    c = np.maximum(c, RELATIVE_FLOOR * power)
    for _ in range(num_steps):
        least = RELATIVE_FLOOR * power
        c = toeplitz_step(c, S, lags, shape, noise=noise, floor=least)
    s, U = np.linalg.eigh(toeplitz_matrix(c, lags, shape))
    return Component(np.maximum(s + noise, floor), U.astype(np.complex64)), c


def climb(expect, maximise, mixture, max_iterations, tolerance, advance):
    """Alternate both steps of EM until the likelihood rises by less than a tolerance.

    Parameters
    ----------
    expect
        Mixture to responsibilities and mean log-likelihood.
    maximise
        Responsibilities and mixture to the next mixture.
    mixture
        Where to start.
    max_iterations, tolerance
        Most steps, and the least rise [nats] that is worth another one.
    advance
        Moves a progress bar.
    """
    last = -np.inf
    for _ in range(max_iterations):
        r, log_p = expect(mixture)
        mixture = maximise(r, mixture)
        advance(1, note=f"log-likelihood {log_p:.2f}")
        if log_p - last < tolerance:
            break
        last = log_p
    return mixture
