"""What a network learns of a mixture's draws alone."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.federated.server.warm_start import warm_start
from commgen.generative import GaussianMixture, VariationalAutoencoder
from commgen.generative._untyped import keras
from commgen.generative.training import TrainingConfig


@pytest.mark.timeout(120)
def test_a_network_learns_channels_that_only_the_mixture_has_seen():
    # Two clusters of channels, each in half of the beams: no Gaussian, but a mixture.
    rng = np.random.default_rng(0)
    beams = complex_normal(rng, (900, 8)) * np.repeat(
        np.array([[1, 0.1], [0.1, 1]], np.float32)[rng.integers(2, size=900)], 4, axis=1
    )
    h = np.fft.ifft(1.4 * beams, norm="ortho").astype(np.complex64)
    mixture = GaussianMixture((8,), 2).fit(h[:600], seed=0)
    keras.utils.set_random_seed(1)
    model = VariationalAutoencoder((8,), num_latents=2, width=16, depth=1)
    model.adapt_sums(model.sums(h[:600]))
    seen = model.training(h[:600], seed=5, validation=h[600:])
    before = seen.loss()
    config = TrainingConfig(num_epochs=6, batch_size=64, learning_rate=1e-2)
    weights = warm_start(model, mixture, 1200, config, seeds=(1, 2, 3))
    after = seen.loss()
    assert after < before - 0.2  # nats for each coefficient, on true channels
    for name, value in seen.state().items():
        np.testing.assert_array_equal(value, weights[name])
