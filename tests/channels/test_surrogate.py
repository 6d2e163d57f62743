"""The learned channel against channels whose mean and variance are known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from commgen.channels.surrogate import SurrogateChannel
from commgen.generative import GaussianMixture, TrainingConfig

NO = 0.05
GAIN = 1.6 - 1.2j
POINTS = np.array([0, 0.4, 0.8j, -0.7 - 0.7j, 1.2], np.complex64)


def draw_normal(rng, shape):
    return rng.normal(size=(*shape, 2)) @ [1, 1j] / np.sqrt(2)


def flat(x):
    return GAIN * x


def amplifier(x):
    """Rapp's model of smoothness one: the output saturates at one."""
    return x / np.sqrt(1 + np.abs(x) ** 2)


# What a linear fit leaves of the first is noise: there is less to learn.
CHANNELS = {"flat": (flat, 4), "amplifier": (amplifier, 12)}


@pytest.fixture(scope="module", params=CHANNELS)
def learned(request):
    """A channel, and the surrogate that has learned it."""
    channel, num_epochs = CHANNELS[request.param]
    rng = np.random.default_rng(1)
    x = draw_normal(rng, (100, 60))
    y = channel(x) + np.sqrt(NO) * draw_normal(rng, x.shape)
    keras.utils.set_random_seed(1)
    training = TrainingConfig(num_epochs=num_epochs, batch_size=128, learning_rate=4e-3)
    block = SurrogateChannel(width=32).fit(
        x, y, seed=2, training=training, num_pairs=12_000
    )
    return channel, block


def test_mean_and_variance_are_those_of_the_channel(learned):
    """Mean within a fifth of the noise's deviation, variance within 2 dB."""
    channel, block = learned
    x = np.repeat(POINTS[:, None], 4000, axis=1)
    y = block(x, seed=(1, 1)).numpy()
    error = np.abs(y.mean(axis=1) - channel(POINTS))
    assert error.max() < 0.2 * np.sqrt(NO)
    ratio = y.var(axis=1) / NO
    assert np.abs(10 * np.log10(ratio)).max() < 2


def test_gradient_is_the_slope_of_the_mean(learned):
    """d Re E[y] / dx, both parts, within 0.15 where the slope is one."""
    channel, block = learned
    x = tf.constant(np.repeat(POINTS[:, None], 1000, axis=1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        total = tf.reduce_sum(tf.math.real(block(x, seed=(1, 2))))
    gradient = tape.gradient(total, x).numpy().mean(axis=1)
    step = 1e-4
    re, im = (
        (channel(POINTS + d) - channel(POINTS - d)).real / (2 * step)
        for d in (step, 1j * step)
    )
    np.testing.assert_allclose(gradient, re + 1j * im, atol=0.15)


def true_loss(channel, points, rng):
    """Cross-entropy of the best receiver of equally likely points, in nats."""
    sent = rng.integers(len(points), size=4000)
    y = channel(points[sent]) + np.sqrt(NO) * draw_normal(rng, (4000,))
    distance = np.abs(y[:, None] - channel(points)[None]) ** 2 / NO
    log_p = -distance - np.log(np.exp(-distance).sum(axis=1, keepdims=True))
    return -log_p[np.arange(4000), sent].mean()


def test_a_constellation_learned_through_it_is_better_over_the_channel(learned):
    """Eight points drawn at random; the receiver knows mean and noise."""
    channel, block = learned
    rng = np.random.default_rng(6)
    start = draw_normal(rng, (8,)) * 0.6
    points = keras.Variable(np.stack([start.real, start.imag], axis=1))
    optimizer = keras.optimizers.Adam(0.02)

    @tf.function(autograph=False)
    def step(k):
        with tf.GradientTape() as tape:
            p = tf.convert_to_tensor(points)
            p = 0.6 * p / tf.sqrt(tf.reduce_mean(tf.reduce_sum(p**2, axis=1)))
            x = tf.complex(p[:, 0], p[:, 1])
            sent = tf.repeat(tf.range(8), 64)
            y = block(tf.gather(x, sent)[None], seed=tf.stack([3, k]))[0]
            means = tf.reduce_mean(tf.reshape(y, (8, 64)), axis=1)
            distance = tf.abs(y[:, None] - means) ** 2 / NO
            loss = tf.reduce_mean(
                tf.nn.sparse_softmax_cross_entropy_with_logits(sent, -distance)
            )
        optimizer.apply([tape.gradient(loss, points.value)], [points])

    first = np.array(points)
    for k in range(150):
        step(tf.constant(k))
    before, after = (
        0.6 * p / np.sqrt(np.mean(np.abs(p) ** 2))
        for p in (v[:, 0] + 1j * v[:, 1] for v in (first, np.array(points)))
    )
    losses = [true_loss(channel, p, np.random.default_rng(7)) for p in (before, after)]
    assert losses[1] < 0.8 * losses[0]


def test_noise_follows_the_seed(learned):
    x = np.ones((3, 7), np.complex64)
    y = learned[1](x, seed=(1, 2))
    assert y.shape == (3, 7)
    assert y.dtype == tf.complex64
    np.testing.assert_array_equal(y, learned[1](x, seed=(1, 2)))
    assert np.abs(y - learned[1](x, seed=(1, 3))).min() > 0


def test_saved_and_loaded_is_the_same(learned, tmp_path):
    learned[1].save(tmp_path / "m")
    loaded = SurrogateChannel.load(tmp_path / "m")
    x = np.ones((3, 7), np.complex64)
    np.testing.assert_array_equal(loaded(x, seed=(1, 2)), learned[1](x, seed=(1, 2)))


@pytest.mark.slow
def test_blocks_are_joined(normal_pairs):
    """y_2 = x_1, in blocks of two: the second symbol is the first one sent."""
    x, y = normal_pairs
    keras.utils.set_random_seed(1)
    training = TrainingConfig(num_epochs=12, batch_size=128, learning_rate=4e-3)
    block = SurrogateChannel(2, width=32).fit(
        x, y, seed=1, training=training, num_pairs=8000
    )
    sent = np.tile(np.array([1, 0, -1j, 0.5], np.complex64), (2000, 1))
    received = block(sent, seed=(1, 1)).numpy().mean(axis=0)
    np.testing.assert_allclose(received, [0, 1, 0, -1j], atol=0.15)


@pytest.fixture
def normal_pairs():
    rng = np.random.default_rng(3)
    x = draw_normal(rng, (4000, 2))
    y = np.stack([np.zeros(4000), x[:, 0]], axis=1)
    return x, y + np.sqrt(0.02) * draw_normal(rng, y.shape)


def test_arguments_are_checked(tmp_path):
    with pytest.raises(ValueError, match="block_length must be at least 1, got 0"):
        SurrogateChannel(0)
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        SurrogateChannel(num_steps=0)
    block, x = SurrogateChannel(2, width=4), np.ones((600, 4), complex)
    with pytest.raises(ValueError, match=r"x and y must have one shape .* and \(600,"):
        block.fit(x, x[:, :2], seed=1)
    with pytest.raises(ValueError, match=r"a multiple of 2, got \(600, 3\)"):
        block.fit(x[:, :3], x[:, :3], seed=1)
    with pytest.raises(ValueError, match="at least 1000 blocks of 2 symbols, got 600"):
        block.fit(x[:, :2], x[:, :2], seed=1)
    with pytest.raises(ValueError, match="y must be finite, got 2400 NaN"):
        block.fit(x, np.nan * x, seed=1)
    with pytest.raises(ValueError, match="x must have power above 0, got 0"):
        block.fit(0 * x, x, seed=1)
    sent = np.arange(4000.0).reshape(1000, 4)
    with pytest.raises(ValueError, match="y must be more than a linear function of x"):
        block.fit(sent, 2j * sent, seed=1)
    with pytest.raises(ValueError, match=r"a multiple of 2, got \(1, 3\)"):
        block(np.ones((1, 3), np.complex64), seed=(1, 2))
    GaussianMixture((2,), 1).save(tmp_path / "gmm")
    with pytest.raises(ValueError, match="holds a model that is no surrogate channel"):
        SurrogateChannel.load(tmp_path / "gmm")
