"""Small mixtures whose weights and covariances are known."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture


def covariance(size, angle, spread=0.3, floor=0.05):
    """Return a Toeplitz covariance of unit diagonal around one angle."""
    lag = np.arange(size)[:, None] - np.arange(size)
    R = np.exp(1j * np.pi * np.sin(angle) * lag - (spread * lag) ** 2)
    return (R + floor * np.eye(size)) / (1 + floor)


@pytest.fixture(scope="session")
def make_mixture():
    """Return a function that makes a mixture of given weights and covariances."""

    def make(weights, covariances, event_shape=None):
        size = len(covariances[0])
        model = GaussianMixture(event_shape or (size,), len(weights))
        values, vectors = np.linalg.eigh(np.stack(covariances))
        parts = np.stack([vectors.real, vectors.imag], axis=-1)
        model.set_weights([np.log(weights), np.maximum(values, 1e-6), parts])
        return model

    return make


@pytest.fixture(scope="session")
def covariances():
    """Three covariances of four antennas, [3, 4, 4]."""
    return np.stack([covariance(4, angle) for angle in (-0.9, 0.1, 0.7)])


@pytest.fixture(scope="session")
def mixture(make_mixture, covariances):
    """Return a mixture of them; not to be fitted."""
    return make_mixture([0.5, 0.3, 0.2], covariances)


@pytest.fixture(scope="session")
def weights():
    """Weights of that mixture."""
    return np.array([0.5, 0.3, 0.2])


def log_normal(y, C):
    """Return log CN(y; 0, C), [batch], by inverse and determinant."""
    quadratic = np.einsum("bi,ij,bj->b", y.conj(), np.linalg.inv(C), y).real
    return -quadratic - np.linalg.slogdet(np.pi * C)[1]


@pytest.fixture(scope="session")
def brute_force():
    """Return a function that has the posterior of a mixture from its definition."""

    def posterior(y, A, C, weights, covariances):
        log_joint = np.stack(
            [
                np.log(w) + log_normal(y, A @ R @ A.conj().T + C)
                for w, R in zip(weights, covariances, strict=True)
            ],
            axis=1,
        )
        p = np.exp(log_joint - log_joint.max(axis=1, keepdims=True))
        p /= p.sum(axis=1, keepdims=True)
        mean, second = 0.0, 0.0
        for k, R in enumerate(covariances):
            W = R @ A.conj().T @ np.linalg.inv(A @ R @ A.conj().T + C)
            m, v = y @ W.T, np.diag(R - W @ A @ R).real
            mean = mean + p[:, k, None] * m
            second = second + p[:, k, None] * (v + np.abs(m) ** 2)
        return mean, second - np.abs(mean) ** 2

    return posterior
