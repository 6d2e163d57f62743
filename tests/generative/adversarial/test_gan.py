"""The critic against distances that are known, and what generators learn from it."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import AdversarialAutoencoder, WassersteinGAN
from commgen.generative.adversarial.critic import Critic, critic_loss
from commgen.generative.adversarial.steps import (
    average_weights,
    critic_noise,
    sliced_distance,
)
from commgen.generative.networks.decoder import SpectrumDecoder


def draw_beams(rng, n, size=8):
    """Two beams of unequal probability, of constant modulus, and 1 % of noise."""
    which = np.where(rng.random(n) < 0.7, 2, 5)
    beams = np.fft.ifft(np.eye(size), norm="ortho")[which] * np.sqrt(size)
    noise = rng.normal(size=(n, size, 2)) @ [1, 1j] * 0.1 / 2**0.5
    turned = beams * np.exp(2j * np.pi * rng.random((n, 1)))
    return (turned + noise).astype(np.complex64)


@pytest.mark.slow
@pytest.mark.parametrize("family", [WassersteinGAN, AdversarialAutoencoder])
def test_it_learns_both_beams_and_their_power_and_goes_on_where_it_was(family, cut_off):
    """Critic, average and optimizer are all in the checkpoint."""
    beams = draw_beams(np.random.default_rng(2), 1500)

    def train(folder, seed=1):
        keras.utils.set_random_seed(seed)
        model = family((8,), 4, width=32, depth=1)
        training = model.default_training.model_copy(
            update={"num_epochs": 30, "batch_size": 64, "learning_rate": 2e-3}
        )
        return model.fit(beams, seed=3, training=training, folder=folder)

    model, folder = cut_off(train, after=20)
    h = model.sample(1000, seed=1)
    strongest = np.abs(np.fft.fft(h, axis=1)).argmax(axis=1)
    assert np.isin(strongest, (2, 5)).mean() > 0.95
    assert 0.02 < np.mean(strongest == 5) < 0.7
    assert np.mean(np.abs(h) ** 2) == pytest.approx(1, rel=0.5)
    resumed = train(folder, seed=9)
    for left, right in zip(model.get_weights(), resumed.get_weights(), strict=True):
        np.testing.assert_allclose(left, right, rtol=1e-5, atol=1e-7)


@pytest.mark.slow
def test_condition_chooses_the_beam():
    rng = np.random.default_rng(2)
    which = rng.integers(2, size=2000)
    beams = np.fft.ifft(np.eye(8), norm="ortho")[[1, 6]][which] * np.sqrt(8)
    h = (beams * np.exp(2j * np.pi * rng.random((2000, 1)))).astype(np.complex64)
    keras.utils.set_random_seed(1)
    model = WassersteinGAN((8,), 4, 32, 1, num_conditions=1)
    training = model.default_training.model_copy(
        update={"num_epochs": 25, "batch_size": 64, "learning_rate": 1e-3}
    )
    model.fit(h, which[:, None], seed=3, training=training)
    for value, beam in ((0, 1), (1, 6)):
        power = np.abs(np.fft.fft(model.sample(200, [value], seed=1), axis=1))
        assert np.mean(power.argmax(axis=1) == beam) > 0.9


def test_critic_measures_a_distance():
    """Between sets two apart, the loss of a trained critic tends to minus two."""
    keras.utils.set_random_seed(4)
    critic = Critic(32, 1)
    critic.build(((1,), 0))
    optimizer = keras.optimizers.Adam(3e-3)
    rng = np.random.default_rng(5)

    @tf.function(autograph=False)
    def step(real, fake, u):
        with tf.GradientTape() as tape:
            loss = critic_loss(critic, real, fake, None, u)
        variables = critic.trainable_variables
        optimizer.apply(tape.gradient(loss, variables), variables)
        return loss

    losses = []
    for _ in range(400):
        real, fake = rng.normal(0, 0.1, (2, 64, 1, 2)).astype(np.float32)
        real[..., 0] += 2.0
        losses.append(float(step(real, fake, rng.random(64, np.float32))))
    assert np.mean(losses[-50:]) == pytest.approx(-2.0, abs=0.4)


def test_sliced_distance_tells_scale(rng):
    a, b, c = (rng.standard_normal((2000, 3, 2)).astype(np.float32) for _ in range(3))
    same, other = float(sliced_distance(a, b)), float(sliced_distance(a, 2 * c))
    assert same < 0.01 < 0.1 < other


def test_average_goes_to_the_network():
    parts = []
    for seed in (1, 2):
        keras.utils.set_random_seed(seed)
        part = SpectrumDecoder((3,), 4, 1)
        part.build((None, 2))
        for v in part.variables:
            v.assign(np.full(v.shape, float(seed)))
        parts.append(part)
    average_weights(*parts)
    for v in parts[0].variables:
        np.testing.assert_allclose(v, 1.005, rtol=1e-6)


def test_noise_is_a_function_of_the_generator():
    a, b = (critic_noise(np.random.default_rng(1), 4, 3, (2,), draws=2) for _ in "ab")
    assert {k: v.shape for k, v in a.items()} == {
        "latents": (4, 2, 3),
        "noise": (4, 2, 2, 2),
        "u": (4, 2),
    }
    for name in a:
        np.testing.assert_array_equal(a[name], b[name])


def test_arguments_are_checked():
    for family in (WassersteinGAN, AdversarialAutoencoder):
        with pytest.raises(ValueError, match="num_latents must be at least 1, got 0"):
            family((4,), 0)
