"""Toy channels with known distributions, and one small model of each family."""

import keras
import numpy as np
import pytest

from commgen.generative import (
    AdversarialAutoencoder,
    Autoregressive,
    CouplingFlow,
    Diffusion,
    FourierDenoiser,
    GaussianMixture,
    Prior,
    RectifiedFlow,
    SeparableDenoiser,
    TrainingConfig,
    VariationalAutoencoder,
    WassersteinGAN,
)
from commgen.generative.learned_filter.spectrum_network import SpectrumNetwork

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


def tiny(build):
    """A function that builds a small network model with known initial weights."""

    def make():
        keras.utils.set_random_seed(3)
        return build()

    return make


SMALL = {"width": 16, "depth": 1}
FAMILIES = {
    "full": lambda: GaussianMixture(EVENT, 3),
    "circulant": lambda: GaussianMixture(EVENT, 3, "circulant"),
    "toeplitz": lambda: GaussianMixture(EVENT, 3, "toeplitz"),
    "low-rank": lambda: GaussianMixture(EVENT, 3, "low-rank", rank=3),
    "one": lambda: GaussianMixture(EVENT, 1),
    "diffusion": lambda: tiny_diffusion(EVENT),
    "rectified-flow": tiny(
        lambda: RectifiedFlow(EVENT, FourierDenoiser(width=8, depth=1))
    ),
    "vae": tiny(lambda: VariationalAutoencoder(EVENT, 4, **SMALL)),
    "gm-vae": tiny(lambda: VariationalAutoencoder(EVENT, 4, 3, **SMALL)),
    "wgan": tiny(lambda: WassersteinGAN(EVENT, 4, **SMALL)),
    "vae-gan": tiny(lambda: AdversarialAutoencoder(EVENT, 4, **SMALL)),
    "coupling": tiny(lambda: CouplingFlow(EVENT, 2, 8)),
    "autoregressive": tiny(lambda: Autoregressive(EVENT, num_mixtures=2, width=8)),
    "separable": tiny(
        lambda: SeparableDenoiser(EVENT, SpectrumNetwork(width=8, rounds=1))
    ),
}
MIXTURES = ("full", "circulant", "toeplitz", "low-rank", "one")
PRIORS = (
    *MIXTURES,
    "diffusion",
    "rectified-flow",
    "vae",
    "gm-vae",
    "vae-gan",
    "separable",
)


@pytest.fixture(scope="session")
def networks():
    """Functions that build an untrained model of each network family."""
    return {name: FAMILIES[name] for name in FAMILIES if name not in MIXTURES}


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


@pytest.fixture(scope="session")
def fitted(channels, fitted_diffusion):
    """Return the fitted model of a family by name; each is fitted once."""
    models = {"diffusion": fitted_diffusion}

    def find(name):
        if name not in models:
            model = FAMILIES[name]()
            if name in MIXTURES:
                models[name] = model.fit(channels, seed=5)
            else:
                # Against a critic it takes longer until the power is right.
                num_epochs = 20 if name == "wgan" else 4
                training = TrainingConfig(num_epochs=num_epochs, batch_size=32)
                models[name] = model.fit(channels, seed=5, training=training)
        return models[name]

    return find


@pytest.fixture(params=FAMILIES)
def model(request, fitted):
    """A fitted model of each family; do not fit it again."""
    return fitted(request.param)


@pytest.fixture(params=PRIORS)
def prior(request, fitted):
    """A fitted model of each family that estimates; do not fit it again."""
    assert isinstance(fitted(request.param), Prior)
    return fitted(request.param)


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
