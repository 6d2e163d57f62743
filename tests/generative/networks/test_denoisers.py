"""The network's parts: circles, Fourier features, configurations."""

import keras
import numpy as np
import pytest

from commgen.generative import FourierDenoiser
from commgen.generative.networks.dense_denoiser import DenseDenoiser
from commgen.generative.networks.fourier_denoiser import (
    CircularConv,
    ConditionEmbedding,
)


@pytest.mark.parametrize("kernel_size", [1, 3, 5, 9])
@pytest.mark.parametrize("num_bins", [1, 2, 5])
def test_convolution_is_circular(rng, num_bins, kernel_size):
    """Against the sum over a circle, also where the kernel goes round it."""
    layer = CircularConv(2, kernel_size)
    x = rng.normal(size=(2, num_bins, 3)).astype(np.float32)
    out = np.asarray(layer(x))
    kernel, bias = (np.asarray(v) for v in layer.conv.get_weights())
    shifts = np.arange(kernel_size) - kernel_size // 2
    expected = bias + sum(
        np.roll(x, -shift, axis=1) @ kernel[k] for k, shift in enumerate(shifts)
    )
    np.testing.assert_allclose(out, expected, atol=1e-5)


def test_kernel_is_odd():
    with pytest.raises(ValueError, match="kernel_size must be odd, got 4"):
        CircularConv(2, 4)


@pytest.mark.parametrize("name", ["width", "depth", "kernel_size"])
def test_sizes_are_at_least_one(name):
    with pytest.raises(ValueError, match=f"{name} must be at least 1, got 0"):
        FourierDenoiser(**{name: 0})


def test_unknown_arguments_are_refused():
    with pytest.raises((TypeError, ValueError), match="widht"):
        FourierDenoiser(widht=8)


@pytest.fixture
def network():
    keras.utils.set_random_seed(1)
    layer = FourierDenoiser(width=8, depth=2)
    layer.build(((None, 3, 5, 4), (None, 2)))
    return layer


def test_features_are_fourier_coefficients_and_back(network, rng):
    parts = rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    u = np.asarray(network._transform(parts)).reshape(2, 5, 3, 2, 2)
    x = parts[..., ::2] + 1j * parts[..., 1::2]
    expected = np.fft.fft(x, axis=2, norm="ortho").transpose(0, 2, 1, 3)
    np.testing.assert_allclose(u[..., 0] + 1j * u[..., 1], expected, atol=1e-5)
    first = np.ascontiguousarray(u[..., 0, :]).reshape(2, 5, 6)
    np.testing.assert_allclose(network._inverse(first), parts[..., :2], atol=1e-5)


def test_an_untrained_network_says_nothing(network, rng):
    x = rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    f, log_var = network((x, np.zeros((2, 2), np.float32)))
    assert f.shape == (2, 3, 5, 2)
    assert log_var.shape == (2, 3, 5)
    np.testing.assert_array_equal(f, 0)
    np.testing.assert_array_equal(log_var, 0)


def test_without_variance_there_is_one_output(rng):
    keras.utils.set_random_seed(1)
    layer = FourierDenoiser(width=8, depth=1, variance=False)
    layer.build(((None, 5, 2), (None, 2)))
    x = rng.normal(size=(2, 5, 2)).astype(np.float32)
    f, log_var = layer((x, np.zeros((2, 2), np.float32)))
    assert f.shape == (2, 5, 2)
    assert log_var is None


@pytest.mark.parametrize(
    "layer", [FourierDenoiser(width=8, depth=1), DenseDenoiser(width=8, depth=1)]
)
def test_conditions_enter_only_where_it_was_built_for_them(layer, rng):
    free, told = (type(layer).from_config(layer.get_config()) for _ in range(2))
    shapes = ((None, 5, 4), (None, 2))
    keras.utils.set_random_seed(1)
    free.build(shapes)
    told.build((*shapes, (None, 3)))
    assert told.count_params() > free.count_params()
    for variable in told.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) / 4)
    x = rng.normal(size=(3, 5, 4)).astype(np.float32)
    levels = np.zeros((3, 2), np.float32)
    c = np.array([[0, 0, 0], [1, 0, 1], [0, 1, 1]], np.float32)
    f = np.asarray(told((x[:1].repeat(3, axis=0), levels, c))[0])
    assert np.abs(f[1] - f[0]).max() > 0.01
    assert np.abs(f[2] - f[1]).max() > 0.01


def test_a_condition_that_is_not_told_is_embedded_as_zero(rng):
    layer = ConditionEmbedding(4)
    layer.build((None, 3))
    np.testing.assert_array_equal(layer(np.zeros((2, 3), np.float32)), 0)


@pytest.mark.parametrize(("name", "low"), [("width", 1), ("depth", 0)])
def test_sizes_of_a_dense_network(name, low):
    with pytest.raises(ValueError, match=f"{name} must be at least {low}, got -1"):
        DenseDenoiser(**{name: -1})


@pytest.mark.parametrize("variance", [True, False])
def test_a_dense_network_starts_silent_and_survives(variance, rng):
    layer = DenseDenoiser(width=8, depth=1, variance=variance)
    layer.build(((None, 2, 3, 4), (None, 2)))
    x = rng.normal(size=(2, 2, 3, 4)).astype(np.float32)
    f, log_var = layer((x, np.zeros((2, 2), np.float32)))
    np.testing.assert_array_equal(f, np.zeros((2, 2, 3, 2)))
    assert (log_var is None) != variance
    again = keras.saving.deserialize_keras_object(
        keras.saving.serialize_keras_object(layer)
    )
    assert (again.width, again.depth, again.variance_head) == (8, 1, variance)


def test_a_shift_of_the_spectrum_shifts_the_answer(network, rng):
    """Circular convolutions: turning the phase along the axis commutes with f."""
    for variable in network.trainable_variables:
        variable.assign(rng.normal(size=variable.shape) / 4)
    x = rng.normal(size=(2, 3, 5, 4)).astype(np.float32)
    z = (x[..., ::2] + 1j * x[..., 1::2]) * np.exp(
        2j * np.pi * 2 * np.arange(5)[:, None] / 5
    )
    turned = np.stack([z.real, z.imag], axis=-1).reshape(x.shape).astype(np.float32)
    levels = rng.normal(size=(2, 2)).astype(np.float32)
    f, g = (np.asarray(network((v, levels))[0]) for v in (x, turned))
    expected = (f[..., 0] + 1j * f[..., 1]) * np.exp(4j * np.pi * np.arange(5) / 5)
    assert np.abs(f).max() > 0.1
    np.testing.assert_allclose(g[..., 0] + 1j * g[..., 1], expected, atol=1e-4)


def test_configuration_survives(network):
    config = keras.saving.serialize_keras_object(network)
    again = keras.saving.deserialize_keras_object(config)
    assert (again.width, again.depth, again.kernel_size) == (8, 2, 5)
