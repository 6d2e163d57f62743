"""Expectation-maximisation for zero-mean complex Gaussian mixtures, in NumPy."""

import warnings
from dataclasses import dataclass

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.special import logsumexp

# Channels of a smaller responsibility are left out of a component's covariance.
_NEGLIGIBLE = 1e-4


@dataclass(frozen=True)
class Mixture:
    """Weights and covariances R_k = U_k diag(s_k) U_k^H of a zero-mean mixture.

    Parameters
    ----------
    log_weights : [num_components], float
        Logarithm of the weights.
    eigenvalues : [num_components, size], float
        Variances s_k along the eigenvectors, all positive.
    eigenvectors : [num_components or 1, size, size], complex64
        Columns are eigenvectors; one matrix where all components share it.
    """

    log_weights: np.ndarray
    eigenvalues: np.ndarray
    eigenvectors: np.ndarray

    def log_joint(self, h: np.ndarray) -> np.ndarray:
        """Return log(w_k p(h | k)), [n, num_components], for h : [n, size]."""
        out = np.empty((len(h), len(self.log_weights)))
        shared = len(self.eigenvectors) == 1
        power = np.abs(h @ self.eigenvectors[0].conj()) ** 2 if shared else None
        for k, s in enumerate(self.eigenvalues):
            if power is None:
                whiten = self.eigenvectors[k].conj() / np.sqrt(s).astype(np.float32)
                z = h @ whiten
                distance = np.sum(z.real**2 + z.imag**2, axis=1)
            else:
                distance = power @ (1 / s)
            out[:, k] = self.log_weights[k] - np.sum(np.log(np.pi * s)) - distance
        return out


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


def initial_responsibilities(h, num_components: int, fourier, seed: int) -> np.ndarray:
    """Cluster channels by the shape of their spectrum, with k-means++.

    The phase of a channel says nothing of its component where means are zero, so the
    feature is the logarithm of the power in the Fourier domain.

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
    power = np.abs(h @ fourier.conj()) ** 2
    feature = np.log(power + 0.05 * power.mean(axis=1, keepdims=True) + 1e-12)
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


def maximisation(h, responsibilities, fourier, *, circulant: bool, strength: float):
    """Return the mixture of largest likelihood under fixed responsibilities.

    A full covariance is the mean of the sample covariance and of its circulant part,
    weighted by the channels that the component holds and by ``strength`` (the mean of
    an inverse-Wishart posterior): a component of few channels keeps a full rank.

    Parameters
    ----------
    h : [n, size], complex64
        Channels, flattened.
    responsibilities : [n, num_components], float
        From :func:`expectation`.
    fourier : [size, size], complex64
        From :func:`fourier_vectors`.
    circulant
        Keep the circulant part only.
    strength
        Weight of the circulant part, in channels.

    Returns
    -------
    Mixture
        With eigenvalues of at least 1e-6 of the mean power.
    """
    counts = responsibilities.sum(axis=0) + 1e-9
    power = np.abs(h @ fourier.conj()) ** 2
    floor = 1e-6 * power.mean()
    overall = power.mean(axis=0)
    # One channel's weight of the overall spectrum keeps an empty component valid.
    spectra = (responsibilities.T @ power + overall) / (counts[:, None] + 1)
    spectra = np.maximum(spectra, floor)
    log_weights = np.log(counts / counts.sum())
    if circulant:
        return Mixture(log_weights, spectra, fourier[None])
    pairs = [
        _shrunk_eigh(h, responsibilities[:, k], spectra[k], fourier, strength)
        for k in range(len(counts))
    ]
    eigenvalues = np.maximum([s for s, _ in pairs], floor)
    return Mixture(log_weights, eigenvalues, np.stack([u for _, u in pairs]))


def _shrunk_eigh(h, r, spectrum, fourier, strength):
    near = r > _NEGLIGIBLE
    x, r = h[near], r[near].astype(np.float32)
    total = (x * r[:, None]).T @ x.conj()
    circulant = (fourier * spectrum.astype(np.float32)) @ fourier.conj().T
    weight = r.sum() + strength
    R = (total + strength * circulant) / weight if weight > 0 else circulant
    return np.linalg.eigh(R)
