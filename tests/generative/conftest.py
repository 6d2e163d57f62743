"""Toy channels with known distributions, and one small model of each family."""

import keras
import numpy as np
import pytest

from commgen.generative import (
    Diffusion,
    FourierDenoiser,
    GaussianMixture,
    TrainingConfig,
)

EVENT = (2, 6)


def draw_normal(rng, shape):
    z = rng.normal(size=(2, *shape))
    return (z[0] + 1j * z[1]) / np.sqrt(2)


def decaying(size, ratio):
    """Covariance of unit power: a Fourier basis with decaying powers."""
    U = np.fft.ifft(np.eye(size), norm="ortho")
    s = ratio ** np.arange(size)
    return (U * (s / s.mean())) @ U.conj().T


def draw_two_clusters(rng, n, event_shape=EVENT):
    """Channels of two covariances, half and half."""
    size = int(np.prod(event_shape))
    roots = [np.linalg.cholesky(decaying(size, r)) for r in (0.5, 1 / 0.6)]
    z = draw_normal(rng, (n, size))
    h = np.where(rng.random((n, 1)) < 0.5, z @ roots[0].T, z @ roots[1].T)
    return h.reshape(n, *event_shape).astype(np.complex64)


def tiny_diffusion(event_shape, seed=3):
    keras.utils.set_random_seed(seed)
    return Diffusion(event_shape, FourierDenoiser(width=8, depth=1))


FAMILIES = {
    "full": lambda: GaussianMixture(EVENT, 3),
    "circulant": lambda: GaussianMixture(EVENT, 3, "circulant"),
    "one": lambda: GaussianMixture(EVENT, 1),
    "diffusion": lambda: tiny_diffusion(EVENT),
}


@pytest.fixture(scope="session")
def families():
    """Functions that build an unfitted model of each family, for events (2, 6)."""
    return FAMILIES


@pytest.fixture(scope="session")
def channels():
    """Channels of two clusters, [300, 2, 6]."""
    return draw_two_clusters(np.random.default_rng(11), 300)


@pytest.fixture(scope="session")
def fitted_diffusion(channels):
    training = TrainingConfig(num_epochs=2, batch_size=64)
    return tiny_diffusion(EVENT).fit(channels, seed=5, training=training)


@pytest.fixture(scope="session", params=FAMILIES)
def model(request, channels):
    """A fitted model of each family; do not fit it again."""
    if request.param == "diffusion":
        return request.getfixturevalue("fitted_diffusion")
    return FAMILIES[request.param]().fit(channels, seed=5)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def normal(rng):
    """Draw CN(0, 1) numbers of a shape, complex128."""
    return lambda *shape: draw_normal(rng, shape)


@pytest.fixture(scope="session")
def two_clusters():
    return draw_two_clusters


@pytest.fixture(scope="session")
def covariance():
    return decaying


@pytest.fixture(scope="session")
def diffusion():
    return tiny_diffusion
