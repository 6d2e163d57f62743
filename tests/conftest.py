"""What all tests share."""

import copy
import ctypes
import gc
import os
import signal
import sys
from pathlib import Path

import numpy as np
import pytest

import commgen.generative as g  # loads no TensorFlow before it must

# Before anything imports TensorFlow: silence its start-up log.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# What this process ignores, as in the background of a script or under nohup, those that
# it starts would ignore too, and tests send them signals; handlers are not inherited.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    if signal.getsignal(number) == signal.SIG_IGN:
        signal.signal(number, lambda *_: None)

# Files that use the fixture fitted, whose models take long to train.
FITTED = (
    "tests/cli/test_every_model.py",
    "tests/generative/denoising/test_posterior_samples.py",
    "tests/generative/mixture/test_gmm.py",
    "tests/generative/test_contract.py",
    "tests/inference/posterior/test_map_estimate.py",
)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    """Give each worker whole files, and to one of them what needs the same models."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid):
            file = super()._split_scope(nodeid)
            if file in FITTED:
                return "fitted"
            return "cli" if file.startswith("tests/cli/") else file

    return Scheduling(config, log)


@pytest.fixture(scope="module", autouse=True)
def release_graphs():
    """Let go of what TensorFlow would keep of the graphs of this file.

    The default graph holds on to the batches of each training, and the registry of
    gradients to each graph in which ``tf.nn.silu`` was called.
    """
    yield
    if "tensorflow" not in sys.modules:
        return
    import keras
    from tensorflow.python.framework.ops import gradient_registry

    keras.backend.clear_session()
    for name in list(gradient_registry._registry):
        if name.startswith("CustomGradient-"):
            del gradient_registry._registry[name]
    gc.collect()
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


@pytest.fixture(scope="session")
def data_root():
    """Return the folder of the measured sets, or skip where COMMGEN_DATA names none."""
    name = os.environ.get("COMMGEN_DATA", "")
    if not name:
        pytest.skip("COMMGEN_DATA is unset: the measured sets are not here")
    if not Path(name).is_dir():
        pytest.fail(f"COMMGEN_DATA must name a folder, got {name}")
    return Path(name)


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def complex_normal(rng):
    """Draw CN(0, 1) numbers of a shape, complex64."""

    def draw(*shape):
        z = rng.normal(size=(2, *shape))
        return ((z[0] + 1j * z[1]) / np.sqrt(2)).astype(np.complex64)

    return draw


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


def set_random_seed(seed):
    import keras

    keras.utils.set_random_seed(seed)


def spectrum_network(**size):
    from commgen.generative.learned_filter.spectrum_network import SpectrumNetwork

    return SpectrumNetwork(**size)


def tiny_diffusion(event_shape, seed=3):
    set_random_seed(seed)
    return g.Diffusion(event_shape, g.FourierDenoiser(width=8, depth=1))


def tiny(build):
    """A function that builds a small network model with known initial weights."""

    def make():
        set_random_seed(3)
        return build()

    return make


SMALL = {"width": 16, "depth": 1}
FAMILIES = {
    "full": lambda: g.GaussianMixture(EVENT, 3),
    "circulant": lambda: g.GaussianMixture(EVENT, 3, "circulant"),
    "toeplitz": lambda: g.GaussianMixture(EVENT, 3, "toeplitz"),
    "low-rank": lambda: g.GaussianMixture(EVENT, 3, "low-rank", rank=3),
    "one": lambda: g.GaussianMixture(EVENT, 1),
    "diffusion": lambda: tiny_diffusion(EVENT),
    "rectified-flow": tiny(
        lambda: g.RectifiedFlow(EVENT, g.FourierDenoiser(width=8, depth=1))
    ),
    "vae": tiny(lambda: g.VariationalAutoencoder(EVENT, 4, **SMALL)),
    "gm-vae": tiny(lambda: g.VariationalAutoencoder(EVENT, 4, 3, **SMALL)),
    "wgan": tiny(lambda: g.WassersteinGAN(EVENT, 4, **SMALL)),
    "vae-gan": tiny(lambda: g.AdversarialAutoencoder(EVENT, 4, **SMALL)),
    "coupling": tiny(lambda: g.CouplingFlow(EVENT, 2, 8)),
    "autoregressive": tiny(lambda: g.Autoregressive(EVENT, num_mixtures=2, width=8)),
    "separable": tiny(
        lambda: g.SeparableDenoiser(EVENT, spectrum_network(width=8, rounds=1))
    ),
}
MIXTURES = ("full", "circulant", "toeplitz", "low-rank", "one")


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
    training = g.TrainingConfig(num_epochs=2, batch_size=64)
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
                training = g.TrainingConfig(num_epochs=num_epochs, batch_size=32)
                models[name] = model.fit(channels, seed=5, training=training)
        return models[name]

    return find


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


BASE = {
    "seed": 1,
    "channel": {
        "source": "3gpp",
        "scenario": "tdl",
        "model": "A",
        "delay_spread_s": 1e-7,
        "carrier_hz": 3.5e9,
        "num_rx_ant": 2,
    },
    "link": {
        "fft_size": 12,
        "subcarrier_spacing_hz": 30e3,
        "num_rx_ant": 2,
        "coderate": 0.5,
        "time_interpolation": "average",
        "num_decoder_iterations": 5,
    },
    "estimators": [{"kind": "ls"}, {"kind": "perfect"}],
    "sweep": {
        "snr_start_db": -5,
        "snr_stop_db": 10,
        "snr_step_db": 5,
        "batch_size": 32,
        "max_num_blocks": 96,
        "target_block_errors": 60,
    },
}


@pytest.fixture(scope="session")
def base_values():
    """Plain values of a small simulation, not to be changed."""
    return copy.deepcopy(BASE)


@pytest.fixture
def base():
    """Plain values of a small simulation, to be changed at will."""
    return copy.deepcopy(BASE)
