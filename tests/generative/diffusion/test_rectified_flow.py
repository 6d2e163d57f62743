"""The rectified flow: its path, its straight lines, its few steps."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.stats import kstest

from commgen.generative import (
    FourierDenoiser,
    GaussianMixture,
    RectifiedFlow,
    TrainingConfig,
    load_model,
)
from commgen.generative.diffusion.reflow import Pairs, StraightPaths
from commgen.generative.noisy_examples import flow_batch

FAST = TrainingConfig(num_epochs=8, batch_size=64, learning_rate=5e-3)
SHORT = TrainingConfig(num_epochs=1, batch_size=64)


def draw_beams(rng, n, size=8):
    """One Fourier beam each: white over all channels, sparse in every one."""
    beams = np.fft.ifft(np.eye(size), norm="ortho")[rng.integers(size, size=n)]
    gain = rng.normal(size=(n, 2)) @ [1, 1j] * np.sqrt(size / 2)
    return (gain[:, None] * beams).astype(np.complex64)


def beam_share(h):
    """Share of each channel's power in its strongest beam."""
    power = np.abs(np.fft.fft(h, norm="ortho")) ** 2
    return power.max(axis=1) / power.sum(axis=1)


def small(event_shape=(8,), **options):
    keras.utils.set_random_seed(1)
    straight = FourierDenoiser(width=32, depth=2, kernel_size=3, variance=False)
    network = FourierDenoiser(width=32, depth=1, kernel_size=3)
    return RectifiedFlow(event_shape, network, straight=straight, **options)


@pytest.fixture(scope="session")
def stages():
    """Samples after each of the three stages, and the model at the end."""
    model = small()
    model.fit(draw_beams(np.random.default_rng(2), 3000), seed=3, training=FAST)
    samples = {"flow": model.sample(500, seed=1)}
    pairs = model.draw_pairs(3000, seed=4)
    model.reflow(pairs, seed=5, training=FAST)
    samples["reflow"] = model.sample(500, seed=1)
    model.distil(pairs, seed=6, training=FAST)
    samples["distil"] = model.sample(500, seed=1)
    return model, pairs, samples


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "share"), [("flow", 0.9), ("reflow", 0.7), ("distil", 0.8)]
)
def test_samples_are_sparse_and_of_the_power(stages, stage, share):
    """Most of a sample's power lies in one beam; white channels hold 34 % there."""
    h = stages[2][stage]
    assert 0.75 < np.mean(np.abs(h) ** 2) < 1.25
    assert np.median(beam_share(h)) > share


@pytest.mark.slow
def test_one_step_ends_where_the_flow_does(stages):
    """From the same starts: the noise that a sample comes from stays the same."""
    model, _, samples = stages
    assert model.num_steps == 1
    error = np.mean(np.abs(samples["distil"] - samples["flow"]) ** 2)
    power = np.mean(np.abs(samples["flow"]) ** 2)
    assert error < 0.25 * power


@pytest.mark.slow
def test_the_estimate_is_that_of_the_flow(stages):
    """Beams are white to a Gaussian, whose error is no / (1 + no)."""
    model, rng, no = stages[0], np.random.default_rng(8), 0.1
    h = draw_beams(rng, 1000)
    noise = rng.normal(size=(*h.shape, 2)) @ [1, 1j] / np.sqrt(2)
    h_hat, err_var = model.denoise((h + np.sqrt(no) * noise).astype(np.complex64), no)
    error = np.mean(np.abs(h_hat - h) ** 2)
    assert error < 0.5 * no / (1 + no)
    assert abs(10 * np.log10(np.mean(err_var) / error)) < 1


@pytest.mark.slow
def test_stage_and_steps_are_saved(stages, tmp_path):
    model = stages[0]
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    assert loaded.num_steps == 1
    np.testing.assert_array_equal(loaded.sample(4, seed=1), model.sample(4, seed=1))


def test_times_of_the_path_are_uniform(rng):
    """At t the noise of h_t / t has the variance ((1 - t) / t)^2."""
    h = np.zeros((20_000, 2), np.complex64)
    inputs, target = flow_batch(rng, h)
    t = 1 / (1 + np.sqrt(inputs["no"]))
    # From -30 dB, where (1 - t) / t is 10^1.5, to 40 dB.
    first, last = 1 / (1 + 10**1.5), 1 / (1 + 10**-2)
    u = (t - first) / (last - first)
    assert kstest(u, "uniform").pvalue > 1e-3
    ratio = np.sum(inputs["y"] ** 2, axis=(1, 2)) / 2 / inputs["no"]
    assert abs(ratio.mean() - 1) < 4 / np.sqrt(2 * 20_000)
    np.testing.assert_array_equal(target, 0)


@pytest.mark.parametrize("num_steps", [1, 3])
def test_lines_of_a_linear_map_need_no_network(normal, num_steps):
    """Where h = 0.6 z the best multiple of x is h itself, all along the line."""
    z = normal(200, 4).astype(np.complex64)
    network = FourierDenoiser(width=8, depth=1, variance=False)
    paths = StraightPaths((4,), network, ((None, 4, 2), (None, 2)))
    paths.adapt(Pairs(z, 0.6 * z))
    parts = np.stack([z.real, z.imag], axis=-1)
    h = paths.carry(tf.constant(parts), None, num_steps)
    np.testing.assert_allclose(h, 0.6 * parts, atol=1e-5)


def test_points_lie_on_their_lines(normal):
    z, h = (normal(50, 4).astype(np.complex64) for _ in range(2))
    network = FourierDenoiser(width=8, depth=1, variance=False)
    paths = StraightPaths((4,), network, ((None, 4, 2), (None, 2)))
    rows = np.arange(10, 40)
    inputs, ends = paths.examples(
        np.random.default_rng(1), Pairs(z, h), rows, num_steps=4
    )
    tau = inputs["tau"][:, None]
    assert set(inputs["tau"]) == {0, 0.25, 0.5, 0.75}
    x = inputs["x"][..., 0] + 1j * inputs["x"][..., 1]
    np.testing.assert_allclose(x, (1 - tau) * z[rows] + tau * h[rows], atol=1e-6)
    np.testing.assert_allclose(ends[..., 0], h[rows].real)
    turned, _ = paths.examples(
        np.random.default_rng(1), Pairs(z, h), rows, symmetries=("phase",)
    )
    power = np.sum(turned["x"] ** 2, axis=-1)
    t = turned["tau"][:, None]
    expected = np.abs((1 - t) * z[rows] + t * h[rows]) ** 2
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.slow
def test_one_seed_is_one_straight_flow_and_a_new_fit_ends_it(channels, tmp_path):
    def train(folder):
        model = small((2, 6), num_steps=2).fit(channels, seed=1, training=SHORT)
        pairs = model.draw_pairs(200, seed=2)
        return model.reflow(pairs, seed=3, training=SHORT, folder=folder), pairs

    model, pairs = train(tmp_path / "a")
    again, _ = train(None)
    for left, right in zip(model.get_weights(), again.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)
    with pytest.raises(ValueError, match="is the checkpoint of another model"):
        model.reflow(pairs, seed=4, training=SHORT, folder=tmp_path / "a")
    assert float(model._is_straight) == 1
    model.fit(channels, seed=1, training=SHORT)
    assert float(model._is_straight) == 0


@pytest.fixture(scope="module")
def told():
    """Eight beams; the condition, -1 or 1, names their half in four of five."""
    rng = np.random.default_rng(5)
    c = rng.choice([-1.0, 1.0], size=4000)
    low = (c > 0) == (rng.random(4000) < 0.8)
    beam = rng.integers(4, size=4000) + np.where(low, 0, 4)
    gain = rng.normal(size=(4000, 2)) @ [1, 1j] * 2
    h = gain[:, None] * np.fft.ifft(np.eye(8), norm="ortho")[beam]
    model = small(num_conditions=1, num_flow_steps=16)
    return model.fit(h.astype(np.complex64), c[:, None], seed=3, training=FAST)


def share_of_low_beams(h):
    power = np.abs(np.fft.fft(h, norm="ortho")) ** 2
    return np.mean(power.argmax(axis=1) < 4)


def test_the_condition_decides_and_guidance_sharpens(told):
    """In so short a training the condition is learned in part: it leads to 0.8."""
    n = 1000
    free, right, sharp = (
        share_of_low_beams(told.sample(n, [1.0], seed=1, guidance=w))
        for w in (0.0, 1.0, 3.0)
    )
    four_sigma = 4 * np.sqrt(0.25 / n)
    assert abs(free - 0.5) < four_sigma
    assert free + 0.05 < right < 0.8 + four_sigma
    assert sharp > right + 0.1
    wrong = share_of_low_beams(told.sample(n, [-1.0], seed=1))
    assert wrong < 0.45
    drawn = share_of_low_beams(told.sample(n, seed=1))
    assert abs(drawn - 0.5) < four_sigma


@pytest.fixture(scope="module")
def straightened(told, tmp_path_factory):
    """A copy of that model after reflow, and the pairs that it has learned from."""
    folder = tmp_path_factory.mktemp("told") / "m"
    told.save(folder)
    pairs = told.draw_pairs(3000, seed=4)
    return load_model(folder).reflow(pairs, seed=5, training=FAST), pairs


@pytest.mark.slow
def test_straight_paths_follow_the_condition(straightened):
    model, pairs = straightened
    assert pairs.condition.shape == (3000, 2)
    of_flow = [
        share_of_low_beams(pairs.end[pairs.condition[:, 0] * c > 0]) for c in (1, -1)
    ]
    shares = [share_of_low_beams(model.sample(1000, [c], seed=1)) for c in (1.0, -1.0)]
    np.testing.assert_allclose(shares, of_flow, atol=0.1)


@pytest.mark.slow
def test_carrying_is_differentiable_in_the_condition(straightened):
    model, _ = straightened
    noise = tf.random.stateless_normal((5, 8, 2), seed=(1, 2))
    c = tf.zeros((5, 1))

    def power(c):
        return tf.reduce_sum(model.carry(noise, c) ** 2, axis=(1, 2))

    with tf.GradientTape() as tape:
        tape.watch(c)
        total = power(c)
    gradient = np.asarray(tape.gradient(total, c))
    slope = (power(c + 0.01) - power(c - 0.01)) / 0.02
    assert np.abs(slope).max() > 0.1
    np.testing.assert_allclose(gradient[:, 0], slope, rtol=0.05, atol=0.02)


def test_arguments_are_checked(channels):
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        RectifiedFlow((4,), num_steps=0)
    with pytest.raises(ValueError, match="num_flow_steps must be at least 2, got 1"):
        RectifiedFlow((4,), num_flow_steps=1)
    with pytest.raises(
        ValueError, match=r"start_snr_db must be at least -30 .* got 20 and 20"
    ):
        RectifiedFlow((4,), start_snr_db=20)
    prior = GaussianMixture((4,), 1, num_conditions=1)
    with pytest.raises(ValueError, match=r"prior must have the 2 conditions .* got 1"):
        RectifiedFlow((4,), prior=prior, num_conditions=2)
    model = small((2, 6))
    with pytest.raises(ValueError, match="n must be at least 20, got 3"):
        model.draw_pairs(3, seed=1)
    pairs = Pairs(channels[:, 0], channels[:, 0])
    with pytest.raises(
        ValueError, match=r"pairs must be at least 20 of shape \(2, 6\)"
    ):
        model.reflow(pairs, seed=1)
    with pytest.raises(ValueError, match="num_steps must be at least 1, got 0"):
        model.distil(pairs, seed=1, num_steps=0)
    with pytest.raises(ValueError, match="unconditional, guidance must be 1, got 2"):
        model.sample(3, seed=1, guidance=2)
    with pytest.raises(ValueError, match="guidance must be finite and at least 0"):
        model.sample(3, seed=1, guidance=-1)
