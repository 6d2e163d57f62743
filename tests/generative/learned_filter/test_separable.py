"""Filters of separable Toeplitz covariances, and the network that finds them."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy.linalg import toeplitz

from commgen.generative import TrainingConfig, load_model
from commgen.generative.learned_filter.separable import SeparableDenoiser
from commgen.generative.learned_filter.spectrum_network import (
    MADE,
    SpectrumNetwork,
    SpectrumStage,
)
from commgen.generative.learned_filter.toeplitz_filter import (
    outer_products,
    real_coordinates,
    real_steering,
    separable_deviation,
    separable_filter,
)

SIZES = (5, 4)
SMALL = {"width": 12, "rounds": 1, "heads": 2}


@pytest.mark.parametrize("n", [1, 2, 5, 8])
def test_a_toeplitz_matrix_is_real_in_real_coordinates(n, rng):
    column = rng.normal(size=n) + 1j * rng.normal(size=n)
    column[0] = abs(column[0])
    C, Q = toeplitz(column, column.conj()), real_coordinates(n)
    np.testing.assert_allclose(Q @ Q.conj().T, np.eye(n), atol=1e-12)
    np.testing.assert_allclose((Q.conj().T @ C @ Q).imag, 0, atol=1e-12)


@pytest.mark.parametrize("n", [1, 4, 5])
def test_a_spectrum_makes_its_toeplitz_covariance(n, rng):
    """Against the sum over frequencies; a spectrum of ones is white."""
    s, k = rng.random(MADE * n), np.arange(n)
    frequency = np.arange(MADE * n) / (MADE * n)
    column = np.exp(2j * np.pi * k[:, None] * frequency) @ s / len(s)
    Q, R = real_coordinates(n), (s @ outer_products(n, MADE * n)).reshape(n, n)
    C = Q @ R @ Q.conj().T
    np.testing.assert_allclose(C, toeplitz(column, column.conj()), atol=1e-6)
    white = np.ones(MADE * n) @ outer_products(n, MADE * n)
    np.testing.assert_allclose(white.reshape(n, n), np.eye(n), atol=1e-6)


def test_steering_is_the_fourier_transform_in_modulus(rng):
    x = rng.normal(size=5) + 1j * rng.normal(size=5)
    window = np.hanning(7)[1:-1]
    D = real_steering(5, 10, window)
    z = real_coordinates(5).conj().T @ x
    np.testing.assert_allclose(abs(D.T @ z), abs(np.fft.fft(x * window, 10)))


@pytest.fixture
def problem(rng):
    """Covariances of both axes in real coordinates, and y in both coordinates."""
    n_a, n_b = SIZES
    spectra = [rng.random(MADE * n) * 5 for n in SIZES]
    R = [
        np.asarray(s @ outer_products(n, MADE * n), np.float32).reshape(1, n, n)
        for s, n in zip(spectra, SIZES, strict=True)
    ]
    Q = [real_coordinates(n) for n in SIZES]
    C = [q @ r[0] @ q.conj().T for q, r in zip(Q, R, strict=True)]
    y = rng.normal(size=(1, n_a, n_b)) + 1j * rng.normal(size=(1, n_a, n_b))
    z = np.einsum("ik,bij,jl->blk", Q[0].conj(), y, Q[1].conj())
    x = np.stack([z.real, z.imag], axis=1).astype(np.float32)
    return R, np.kron(*C), y, x


def back(x):
    z = np.asarray(x)[:, 0] + 1j * np.asarray(x)[:, 1]
    Q = [real_coordinates(n) for n in SIZES]
    return np.einsum("ik,blk,jl->bij", Q[0], z, Q[1])


def test_filter_and_variance_are_those_of_the_whole_covariance(problem):
    R, C, y, x = problem
    W = C @ np.linalg.inv(C + np.eye(len(C)))
    h_hat, variance = separable_filter(x, *R)
    np.testing.assert_allclose(back(h_hat).ravel(), W @ y.ravel(), atol=1e-5)
    expected = np.diag(C - W @ C).real.reshape(SIZES)
    np.testing.assert_allclose(variance[0], expected.T, atol=1e-5)


def test_derivatives_are_those_of_differences(problem, rng):
    (R_a, R_b), _, _, x = problem

    def estimate(y, a, b):
        a, b = ((m + tf.linalg.matrix_transpose(m)) / 2 for m in (a, b))
        return separable_filter(y, a, b)[0]

    at = [tf.constant(v) for v in (x, R_a, R_b)]
    weight = rng.normal(size=x.shape).astype(np.float32)
    with tf.GradientTape() as tape:
        tape.watch(at)
        total = tf.reduce_sum(weight * estimate(*at))
    for i, slope in enumerate(tape.gradient(total, at)):
        # A few directions, each with the mean slope over a short way.
        for _ in range(3):
            way = rng.normal(size=at[i].shape).astype(np.float32)
            ends = [
                estimate(*at[:i], at[i] + step * way, *at[i + 1 :])
                for step in (-1e-2, 1e-2)
            ]
            rise = np.sum(weight * (ends[1] - ends[0])) / 2e-2
            assert rise == pytest.approx(np.sum(slope * way), rel=5e-3, abs=5e-3)


def test_derivatives_hold_where_eigenvalues_meet(problem):
    """Both covariances white: dh by the scale of one is y / 4."""
    _, _, _, x = problem
    scale = tf.constant(1.0)
    with tf.GradientTape() as tape:
        tape.watch(scale)
        R_a, R_b = scale * tf.eye(5)[None], tf.eye(4)[None]
        total = tf.reduce_sum(separable_filter(tf.constant(x), R_a, R_b)[0])
    np.testing.assert_allclose(tape.gradient(total, scale), x.sum() / 4, rtol=1e-4)


def test_deviation_has_the_covariance_of_the_error(problem, rng):
    R, C, _, _ = problem
    n = 20_000
    noise = (rng.normal(size=(n, 2, 4, 5)) / 2**0.5).astype(np.float32)
    tiled = [np.repeat(r, n, axis=0) for r in R]
    d = back(separable_deviation(noise, *tiled)).reshape(n, -1)
    expected = C - C @ np.linalg.inv(C + np.eye(len(C))) @ C
    # An entry of a sample covariance deviates by at most its variances' mean / n^0.5.
    four_sigma = 4 * np.diag(expected).real.max() / np.sqrt(n)
    np.testing.assert_allclose(d.T @ d.conj() / n, expected, atol=four_sigma)


@pytest.fixture(scope="module")
def separable():
    """Channels [1200, 8, 4] of one narrow path at either end, of random angle."""
    rng = np.random.default_rng(4)
    u = rng.uniform(-0.5, 0.5, (2, 1200, 1, 1))
    u = u + 0.04 * rng.normal(size=(2, 1200, 1, 6))
    g = (rng.normal(size=(1200, 6, 6)) + 1j * rng.normal(size=(1200, 6, 6))) / 72**0.5
    steer = [
        np.exp(2j * np.pi * u[i] * np.arange(n)[:, None]) for i, n in enumerate((8, 4))
    ]
    return (steer[0] @ g @ steer[1].transpose(0, 2, 1)).astype(np.complex64)


@pytest.fixture(scope="module")
def train(separable, tmp_path_factory):
    folder = tmp_path_factory.mktemp("separable")
    training = TrainingConfig(num_epochs=25, learning_rate=3e-3)
    return lambda: SeparableDenoiser((8, 4), _small_network()).fit(
        separable[:1000], seed=3, training=training, symmetries=(), folder=folder
    )


@pytest.fixture(scope="module")
def trained(train):
    return train()


def _small_network():
    keras.utils.set_random_seed(2)
    return SpectrumNetwork(**SMALL)


def _noisy(h, no, seed=0):
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(*h.shape, 2)) @ [1, 1j] * np.sqrt(no / 2)
    return (h + noise).astype(np.complex64)


def test_untrained_it_takes_channels_for_white(separable):
    model = SeparableDenoiser((8, 4), _small_network())
    h_hat, err_var = model.denoise(separable[:3], 0.5)
    np.testing.assert_allclose(h_hat, separable[:3] / 1.5, atol=1e-5)
    np.testing.assert_allclose(err_var, 0.5 / 1.5, rtol=1e-4)


@pytest.mark.parametrize("no", [0.03, 1.0])
def test_trained_it_beats_the_sample_covariance(trained, separable, no):
    """Each channel has a covariance of its own, which LMMSE averages over."""
    h = separable[1000:]
    y = _noisy(h, no)
    flat = separable[:1000].reshape(1000, -1)
    R = flat.T @ flat.conj() / 1000
    linear = y.reshape(200, -1) @ (R @ np.linalg.inv(R + no * np.eye(32))).T
    h_hat, err_var = trained.denoise(y, no)
    error = np.mean(np.abs(h_hat - h) ** 2)
    assert error < 0.8 * np.mean(np.abs(linear - h.reshape(200, -1)) ** 2)
    assert np.mean(err_var) == pytest.approx(error, rel=0.2)


def test_phase_and_mirror_go_through(trained, separable):
    y = _noisy(separable[:4], 0.3)
    h_hat, err_var = trained.denoise(y, 0.3)
    turned = trained.denoise(y * np.complex64(np.exp(0.7j)), 0.3)[0]
    np.testing.assert_allclose(turned, h_hat * np.exp(0.7j), atol=1e-4)
    mirrored, variance = trained.denoise(y[:, ::-1, ::-1].conj(), 0.3)
    np.testing.assert_allclose(mirrored[:, ::-1, ::-1], np.conj(h_hat), atol=1e-4)
    np.testing.assert_allclose(variance, err_var, rtol=1e-3)


def test_nothing_diverges_without_noise_or_channel(trained, separable):
    h_hat, err_var = trained.denoise(separable[:3], 0.0)
    np.testing.assert_allclose(h_hat, separable[:3], atol=1e-3)
    assert (np.asarray(err_var) >= 0).all()
    h_hat, err_var = trained.denoise(np.zeros((1, 8, 4), np.complex64), 1.0)
    np.testing.assert_array_equal(h_hat, 0)
    assert np.isfinite(err_var).all()


def test_saved_and_loaded_is_the_same(trained, separable, tmp_path):
    trained.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    y = _noisy(separable[:5], 0.3)
    for left, right in zip(
        trained.denoise(y, 0.3), loaded.denoise(y, 0.3), strict=True
    ):
        np.testing.assert_array_equal(left, right)


def test_samples_are_channels(trained, separable):
    h = trained.sample(200, seed=1)
    np.testing.assert_array_equal(h[:3], trained.sample(200, seed=1)[:3])
    power = np.mean(np.abs(h) ** 2) / np.mean(np.abs(separable) ** 2)
    assert 0.6 < power < 1.5
    # Narrow: most of the power is in two of eight beams, which white channels share.
    beams = np.abs(np.fft.fft(h, axis=1)) ** 2
    share = np.sort(beams, axis=1)[:, -2:].sum() / beams.sum()
    assert share > 0.6


def test_posterior_samples_spread_as_promised(trained, separable):
    y = _noisy(separable[1000:1050], 0.3)
    posterior = trained.posterior(y, None, 0.3, num_samples=40, num_steps=1)
    assert posterior.samples.shape == (40, 50, 8, 4)
    spread = np.mean(np.abs(posterior.samples - posterior.mean) ** 2)
    assert spread == pytest.approx(posterior.err_var.mean(), rel=0.1)


def test_one_axis_is_enough(separable):
    model = SeparableDenoiser((8,), SpectrumNetwork(**{**SMALL, "rounds": 2}))
    h_hat, err_var = model.denoise(separable[:2, :, 0], 0.25)
    np.testing.assert_allclose(h_hat, separable[:2, :, 0] / 1.25, atol=1e-5)
    np.testing.assert_allclose(err_var, 0.2, rtol=1e-4)


def test_a_training_is_found_again_in_its_folder(trained, train):
    """Also the validation set and the order follow the seed, or it would be refused."""
    for left, right in zip(trained.get_weights(), train().get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_three_axes_are_refused():
    with pytest.raises(ValueError, match=r"one or two axes, got \(2, 3, 4\)"):
        SeparableDenoiser((2, 3, 4))


def test_steps_are_at_least_two():
    with pytest.raises(ValueError, match="num_steps must be at least 2, got 1"):
        SeparableDenoiser((4,), num_steps=1)


@pytest.mark.parametrize("name", ["width", "depth", "kernel_size", "rounds", "heads"])
def test_sizes_are_at_least_one(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        SpectrumNetwork(**{name: 0})


def test_layers_tell_their_configuration():
    for layer in (SpectrumNetwork(**SMALL), SpectrumStage(8, 1, 3, 2)):
        copy = type(layer).from_config(layer.get_config())
        assert copy.get_config() == layer.get_config()
