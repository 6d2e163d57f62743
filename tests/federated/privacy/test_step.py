"""Private steps, against gradients that were taken one by one."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from commgen._random import complex_normal
from commgen.federated.privacy.gradients import per_channel_losses
from commgen.federated.privacy.sampling import poisson_rows
from commgen.federated.privacy.step import PrivateStep, check_private, secret_seed
from commgen.generative.adversarial.gan import WassersteinGAN
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.autoregressive.model import Autoregressive


@pytest.fixture(scope="module")
def vae():
    keras.utils.set_random_seed(1)
    model = VariationalAutoencoder((4,), num_latents=2, width=8, depth=1)
    model.compile(keras.optimizers.SGD(learning_rate=1.0))
    return model


@pytest.fixture(scope="module")
def clipping():
    """A step whose graph the tests share."""
    step = PrivateStep(5.0)
    return step, tf.function(step, reduce_retracing=True)


def examples(model, n):
    h = complex_normal(np.random.default_rng(0), (n, *model.event_shape))
    return tf.nest.map_structure(
        tf.constant, model._examples(np.random.default_rng(1), h, None)
    )


def one_by_one(model, data):
    """Return the gradients of each channel, [n, num_weights], by a plain loop."""
    rows = []
    for i in range(len(tf.nest.flatten(data)[0])):
        x, y = tf.nest.map_structure(lambda a, i=i: a[i : i + 1], data)
        with tf.GradientTape() as tape:
            loss = model.compute_loss(x, y, model(x, training=True))
        found = tape.gradient(loss, model.trainable_variables)
        dense = [np.ravel(tf.convert_to_tensor(g)) for g in found]
        rows.append(np.concatenate(dense))
    return np.array(rows)


def weights(model):
    return np.concatenate([np.ravel(v) for v in model.trainable_variables])


def moved(model, graph, data):
    """Return by how much a step of SGD at rate 1 moves all weights, negated."""
    before = weights(model)
    graph(model, data)
    return before - weights(model)


@pytest.mark.timeout(600)
def test_a_step_sums_clipped_gradients(vae, clipping):
    """70 channels are two chunks."""
    step, graph = clipping
    step.set(noise=0.0, expected_batch=64.0, seed=0)
    data = examples(vae, 70)
    gradients = one_by_one(vae, data)
    factor = np.minimum(1, 5.0 / np.linalg.norm(gradients, axis=1))
    assert 0.1 < np.mean(factor < 1) < 1
    expected = factor @ gradients / 64
    assert moved(vae, graph, data) == pytest.approx(expected, rel=1e-3, abs=1e-5)


@pytest.mark.timeout(600)
def test_noise_has_the_promised_spread_and_never_repeats(vae, clipping):
    step, graph = clipping
    step.set(noise=400.0, expected_batch=2.0, seed=3)
    draws = [moved(vae, graph, examples(vae, 2)) for _ in range(2)]
    spread = 400.0 * 5.0 / 2.0
    for draw in draws:
        # Gradients of norm 5 at most do not show; a variance of n deviates by 2 / n.
        deviation = 4 * np.sqrt(2 / draw.size)
        assert np.mean(draw**2) == pytest.approx(spread**2, rel=deviation)
    assert abs(np.corrcoef(*draws)[0, 1]) < 4 / np.sqrt(draws[0].size)


@pytest.mark.timeout(600)
def test_an_empty_batch_is_noise_alone(vae, clipping):
    step, graph = clipping
    step.set(noise=1.0, expected_batch=5.0, seed=3)
    data = tf.nest.map_structure(lambda a: a[:0], examples(vae, 2))
    assert np.mean(moved(vae, graph, data) ** 2) == pytest.approx(1, rel=0.5)


@pytest.mark.timeout(600)
def test_recurrent_families_have_gradients_of_channels_too():
    keras.utils.set_random_seed(1)
    model = Autoregressive((4,), width=8)
    model.compile(keras.optimizers.SGD(learning_rate=1.0))
    data = examples(model, 3)
    step = PrivateStep(None)
    step.set(noise=0.0, expected_batch=3.0, seed=0)
    gradients = one_by_one(model, data)
    expected = np.mean(gradients / np.linalg.norm(gradients, axis=1)[:, None], axis=0)
    found = moved(model, tf.function(step), data)
    assert found == pytest.approx(expected, rel=1e-3, abs=1e-5)


def test_losses_of_channels_have_the_mean_of_the_batch(vae):
    data = examples(vae, 9)
    losses = per_channel_losses(vae, data)
    assert losses.shape == (9,)
    loss = vae.compute_loss(*data, vae(data[0]))
    assert float(tf.reduce_mean(losses)) == pytest.approx(float(loss), rel=1e-5)


def test_channels_are_sampled_independently():
    """Sizes have the mean and variance of the binomial distribution."""
    rng = np.random.default_rng(0)
    sizes = np.array([len(poisson_rows(rng, 200, 20)) for _ in range(4000)])
    variance = 200 * 0.1 * 0.9
    assert sizes.mean() == pytest.approx(20, abs=4 * np.sqrt(variance / 4000))
    assert sizes.var() == pytest.approx(variance, rel=4 * np.sqrt(2 / 4000))


def test_families_with_a_critic_are_refused(vae):
    with pytest.raises(ValueError, match="privacy must be off for families with a cr"):
        check_private(WassersteinGAN((4,), width=8, depth=1))
    check_private(vae)
    assert secret_seed() != secret_seed()
