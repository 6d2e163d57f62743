"""Every channel source does what Sionna and the Monte-Carlo loop ask of it."""

import numpy as np
import pytest
import tensorflow as tf
from sionna.phy import config as sionna_config
from sionna.phy.channel import (
    ChannelModel,
    OFDMChannel,
    TimeChannel,
    cir_to_ofdm_channel,
    subcarrier_frequencies,
)
from sionna.phy.ofdm import ResourceGrid

GRID = ResourceGrid(num_ofdm_symbols=3, fft_size=12, subcarrier_spacing=15e3)


def test_shapes(make_source):
    source = make_source(0)
    a, tau = source(5, 3, 14e3)
    paths = a.shape[5]
    assert isinstance(source, ChannelModel)
    assert a.shape == (5, 1, 2, 1, 1, paths, 3)
    assert a.dtype == tf.complex64
    assert tau.shape == (5, 1, 1, paths)
    assert tau.dtype == tf.float32
    assert np.isfinite(a).all()
    assert np.min(tau) >= 0
    assert make_source(0).labels == {}
    for values in source.labels.values():
        assert values.shape == (5,)


def test_drops_into_ofdm_channel(make_source):
    x = tf.ones([4, 1, 1, 3, 12], tf.complex64)
    y, h = OFDMChannel(make_source(0), GRID, return_channel=True)(x)
    assert h.shape == (4, 1, 2, 1, 1, 3, 12)
    np.testing.assert_allclose(y[:, 0], h[:, 0, :, 0, 0], rtol=1e-5, atol=1e-6)


def test_drops_into_time_channel(make_source):
    x = tf.ones([4, 1, 1, 20], tf.complex64)
    channel = TimeChannel(make_source(0), 180e3, 20, l_min=-3, l_max=15)
    y = channel(x)
    assert y.shape == (4, 1, 2, 38)
    assert np.isfinite(y).all()


@pytest.fixture
def plain_graphs():
    """Graphs that run as traced: optimising them takes longer than one run."""
    before = tf.config.optimizer.get_experimental_options()
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options(
        {"disable_meta_optimizer": before.get("disable_meta_optimizer", False)}
    )


@pytest.mark.usefixtures("plain_graphs")
def test_traces_without_autograph_and_keeps_counting(make_source):
    """Compiled and eager calls give one sequence, whatever the order of tracing."""
    eager, compiled = make_source(5), make_source(5)
    draw = tf.function(lambda: compiled.draw(4, 3, 14e3), autograph=False)
    for _ in range(2):
        (a, tau), (b, kappa, labels) = eager(4, 3, 14e3), draw()
        np.testing.assert_allclose(a, b, atol=2e-3)
        np.testing.assert_allclose(tau, kappa, rtol=1e-4, atol=1e-12)
        assert labels.keys() == eager.labels.keys()
        for name, values in eager.labels.items():
            np.testing.assert_allclose(labels[name], values, rtol=1e-4)
    if labels:
        with pytest.raises(ValueError, match="labels must be read after an eager"):
            compiled.labels  # noqa: B018


def test_one_seed_one_sequence_and_any_batch_of_it_alone(make_source):
    source = make_source(1)
    first, second = source(4, 1, 1.0)[0], source(4, 1, 1.0)[0]
    assert np.abs(first - second).max() > 1e-3
    source.set_seed(1, counter=tf.constant(1))
    np.testing.assert_array_equal(source(4, 1, 1.0)[0], second)
    assert np.abs(make_source(2)(4, 1, 1.0)[0] - first).max() > 1e-3
    np.testing.assert_array_equal(make_source(1)(4, 1, 1.0)[0], first)


def test_leaves_the_generator_of_sionna_alone(make_source):
    sionna_config.seed = 7
    expected = sionna_config.tf_rng.normal([5])
    source = make_source(0)
    first = source(4, 1, 1.0)[0]
    sionna_config.seed = 7
    source.set_seed(0)
    np.testing.assert_array_equal(source(4, 1, 1.0)[0], first)
    np.testing.assert_array_equal(sionna_config.tf_rng.normal([5]), expected)


def test_frequency_response_is_that_of_sionna(make_source):
    source, twin = make_source(3), make_source(3)
    a, tau = source(4, 3, 14e3)
    for num, spacing in ((12, 15e3), (5, 30e3), (1, 15e3)):
        twin.set_seed(3)
        h = twin.frequency_response(4, 3, 14e3, num, spacing)
        expected = cir_to_ofdm_channel(subcarrier_frequencies(num, spacing), a, tau)
        assert h.shape == expected.shape
        np.testing.assert_allclose(h, expected, atol=2e-5)


@pytest.mark.parametrize(
    ("seed", "counter", "error", "message"),
    [
        (-1, 0, ValueError, "seed must be at least 0, got -1"),
        (1.5, 0, TypeError, "seed must be a whole number, got 1.5"),
        (1, -2, ValueError, "counter must be at least 0, got -2"),
    ],
)
def test_bad_seeds(make_source, seed, counter, error, message):
    with pytest.raises(error, match=message):
        make_source(0).set_seed(seed, counter)
