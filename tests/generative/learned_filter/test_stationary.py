"""The estimator for a line of antennas, against closed forms and its own promises."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.linalg import toeplitz

from commgen.generative import StationaryDenoiser, TrainingConfig, load_model
from commgen.generative.learned_filter.line_filter import LineFilter
from commgen.generative.learned_filter.line_network import LineNetwork
from commgen.generative.learned_filter.toeplitz_filter import real_coordinates

SIZE = 12


@pytest.fixture(scope="module")
def channels():
    """One or two narrow clusters of random direction each."""
    rng = np.random.default_rng(0)
    u = rng.uniform(-0.5, 0.5, (1400, 2, 1)) + 0.02 * rng.normal(size=(1400, 2, 8))
    g = rng.normal(size=(1400, 2, 8, 2)) @ [1, 1j] / np.sqrt(32)
    g[::2, 1] = 0
    g[::2] *= np.sqrt(2)
    waves = np.exp(2j * np.pi * u[..., None] * np.arange(SIZE))
    return np.einsum("npk,npka->na", g, waves).astype(np.complex64)


def _model(seed=2):
    keras.utils.set_random_seed(seed)
    return StationaryDenoiser((SIZE,), LineNetwork(width=8, depth=2))


@pytest.fixture(scope="module")
def trained(channels):
    training = TrainingConfig(num_epochs=14, batch_size=64, learning_rate=5e-3)
    symmetries = ("phase", "reversal", "shift")
    return _model().fit(
        channels[:1000],
        seed=3,
        validation=channels[1000:1200],
        training=training,
        symmetries=symmetries,
    )


def _noisy(h, no, seed=0):
    noise = np.random.default_rng(seed).normal(size=(*h.shape, 2)) @ [1, 1j]
    return (h + noise * np.sqrt(no / 2)).astype(np.complex64)


def _mse(a, b):
    return float(np.mean(np.abs(np.asarray(a) - b) ** 2))


def test_filter_is_the_lmmse_estimate_of_its_covariance():
    rng = np.random.default_rng(1)
    line, Q = LineFilter(SIZE, 2 * SIZE), real_coordinates(SIZE)
    spectrum = rng.exponential(size=2 * SIZE)
    lags = np.fft.ifft(spectrum)[:SIZE]
    R = toeplitz(lags, lags.conj())
    y = rng.normal(size=(SIZE, 2)) @ [1, 1j]
    x = Q.conj().T @ y
    parts = np.stack([x.real, x.imag], axis=-1)[None].astype(np.float32)
    s = spectrum[None].astype(np.float32)
    h_hat = line.estimate(parts, tf.constant(s)).numpy()[0] @ [1, 1j]
    inverse = np.linalg.inv(R + np.eye(SIZE))
    np.testing.assert_allclose(Q @ h_hat, R @ inverse @ y, atol=1e-4)
    variance = line.variance(tf.constant(s)).numpy()[0]
    np.testing.assert_allclose(variance, np.diag(R - R @ inverse @ R).real, atol=1e-4)


def test_gradient_of_the_filter_is_that_of_finite_differences():
    rng = np.random.default_rng(2)
    line = LineFilter(6, 12)
    y = tf.constant(rng.normal(size=(2, 6, 2)), tf.float32)
    s = tf.constant(rng.exponential(size=(2, 12)), tf.float32)
    exact, numeric = tf.test.compute_gradient(line.estimate, [y, s], delta=1e-2)
    for a, b in zip(exact, numeric, strict=True):
        np.testing.assert_allclose(a, b, atol=2e-3)


def test_deviations_have_the_covariance_of_the_error():
    rng = np.random.default_rng(3)
    line, Q = LineFilter(4, 8), real_coordinates(4)
    spectrum = rng.exponential(size=8)
    noise = (rng.normal(size=(40_000, 12, 2)) / np.sqrt(2)).astype(np.float32)
    s = np.tile(spectrum.astype(np.float32), (len(noise), 1))
    x = line.deviation(tf.constant(noise), tf.constant(s)).numpy() @ [1, 1j] @ Q.T
    lags = np.fft.ifft(spectrum)[:4]
    R = toeplitz(lags, lags.conj())
    want = R - R @ np.linalg.inv(R + np.eye(4)) @ R
    np.testing.assert_allclose(x.T @ x.conj() / len(x), want, atol=0.015)


def test_untrained_it_takes_channels_for_white(channels):
    h_hat, err_var = _model().denoise(channels[:3], 0.5)
    np.testing.assert_allclose(h_hat, channels[:3] / 1.5, atol=1e-5)
    np.testing.assert_allclose(err_var, np.full((3, SIZE), 0.5 / 1.5), rtol=1e-4)


@pytest.mark.parametrize("no", [0.03, 0.3])
def test_trained_it_beats_the_sample_covariance_and_knows_its_error(
    trained, channels, no
):
    h = channels[1200:]
    y = _noisy(h, no)
    R = channels[:1000].T @ channels[:1000].conj() / 1000
    linear = y @ (R @ np.linalg.inv(R + no * np.eye(SIZE))).T
    h_hat, err_var = trained.denoise(y, no)
    assert _mse(h_hat, h) < 0.8 * _mse(linear, h)
    assert abs(10 * np.log10(np.mean(err_var) / _mse(h_hat, h))) < 0.5


def test_phase_and_mirror_of_a_channel_turn_and_mirror_the_estimate(trained, channels):
    y = _noisy(channels[:5], 0.1)
    h_hat = trained.denoise(y, 0.1)[0]
    turned = trained.denoise(1j * y, 0.1)[0]
    np.testing.assert_allclose(turned, 1j * h_hat.numpy(), atol=1e-4)


def test_posterior_samples_agree_with_mean_and_variance(trained, channels):
    y, no = _noisy(channels[1000:1020], 0.3), 0.3
    posterior = trained.posterior(y, noise_cov=no, num_samples=200, seed=1)
    spread = posterior.samples.var(axis=0).mean()
    assert spread == pytest.approx(posterior.err_var.mean(), rel=0.25)
    error = np.mean(np.abs(posterior.samples.mean(axis=0) - posterior.mean) ** 2)
    assert error < 0.1 * posterior.err_var.mean()


def test_draws_have_the_power_of_the_channels(trained, channels):
    h = trained.sample(300, seed=4)
    power = np.mean(np.abs(channels) ** 2)
    assert np.mean(np.abs(h) ** 2) == pytest.approx(power, rel=0.25)
    np.testing.assert_array_equal(h, trained.sample(300, seed=4))


def test_saved_and_loaded_it_is_the_same(trained, channels, tmp_path):
    trained.save(tmp_path / "m")
    again = load_model(tmp_path / "m")
    for a, b in zip(
        trained.denoise(channels[:4], 0.1),
        again.denoise(channels[:4], 0.1),
        strict=True,
    ):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("shape", [(), (2, 6)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match="event_shape must have"):
        StationaryDenoiser(shape)


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"width": 0}, "width must be at least 1"),
        ({"depth": 0}, "depth must be at least 1"),
        ({"num_stages": 0}, "num_stages must be at least 1"),
        ({"kernel_size": 4}, "kernel_size must be odd"),
    ],
)
def test_arguments_of_the_network_are_checked(argument, message):
    with pytest.raises(ValueError, match=message):
        LineNetwork(**argument)
