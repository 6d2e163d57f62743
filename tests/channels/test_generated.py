"""Generated channels: layout, pool, power, refusals."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.channels import GeneratedChannel, Normaliser


@pytest.mark.parametrize(
    ("event_shape", "layout", "shape"),
    [
        ((8,), ("rx",), (8, 1, 1, 1)),
        ((3, 2, 6), ("rx", "tx", "subcarrier"), (3, 2, 1, 6)),
        ((4, 6), ("time", "subcarrier"), (1, 1, 4, 6)),
        ((6, 4), ("subcarrier", "time"), (1, 1, 4, 6)),
    ],
)
def test_layout(white_model, event_shape, layout, shape):
    model = white_model(event_shape)
    source = GeneratedChannel(model, 15e3, layout=layout, pool_size=9, seed=4)
    num_steps = shape[2]
    h = source.frequency_response(9, num_steps, 1.0, shape[3], 15e3)
    pool = model.sample(9, seed=4)[source.labels["row"]]
    if layout == ("subcarrier", "time"):
        pool = pool.transpose(0, 2, 1)
    np.testing.assert_allclose(h[:, 0, :, 0], pool.reshape(9, *shape), atol=1e-6)


def test_pool_is_drawn_once_and_at_first_use(white_model):
    model = white_model((4,))
    calls = []
    sample = model.sample
    model.sample = lambda n, *, seed: calls.append((n, seed)) or sample(n, seed=seed)
    source = GeneratedChannel(model, 15e3, layout=("rx",), pool_size=5, seed=6)
    assert calls == []
    draw = tf.function(lambda: source(5, 1, 1.0)[0], autograph=False)
    first = draw()
    source.set_seed(99)
    second, third = source(5, 1, 1.0)[0], draw()
    assert calls == [(5, 6)]

    def as_set(a):
        return set(a.numpy()[:, 0, 0, 0, 0, 0, 0])

    assert as_set(first) == as_set(second) == as_set(third)


def test_without_a_pool_every_call_is_new(white_model):
    source = GeneratedChannel(
        white_model((4,)), 15e3, layout=("rx",), pool_size=None, seed=6
    )
    first, second = source(3, 2, 1.0)[0], source(3, 2, 1.0)[0]
    assert first.shape == (3, 1, 4, 1, 1, 1, 2)
    assert np.abs(first - second).max() > 0.1
    source.set_seed(6)
    np.testing.assert_array_equal(source(3, 2, 1.0)[0], first)
    assert source.frequency_response(3, 2, 1.0, 4, 15e3).shape == (3, 1, 4, 1, 1, 2, 4)
    with pytest.raises(ValueError, match="given inside a tf"):
        tf.function(lambda: source(3, 1, 1.0), autograph=False)()
    with pytest.raises(ValueError, match="pool_size must be given to take rows"):
        source.take([0])


def test_normalisation_is_undone(white_model):
    options = {"layout": ("rx",), "pool_size": 50, "seed": 0}
    plain = GeneratedChannel(white_model((4,)), 15e3, **options)
    scaled = GeneratedChannel(
        white_model((4,)), 15e3, normaliser=Normaliser(3.0), **options
    )
    a, b = plain(50, 1, 1.0)[0], scaled(50, 1, 1.0)[0]
    np.testing.assert_allclose(b, 3 * a, rtol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"layout": ("ant",)},
            r"each once, of \('rx', 'tx', 'time'",
        ),
        ({"layout": "rx"}, "layout must name the 1 axes"),
        (
            {"layout": ("rx", "tx")},
            r"layout must name the 1 axes of an event \(4,\)",
        ),
        ({"layout": ("rx",), "pool_size": 0}, "pool_size must be at least 1, got 0"),
        ({"layout": ("rx",), "time_step_s": 0.0}, "time_step_s must be finite"),
    ],
)
def test_refusals(white_model, options, message):
    with pytest.raises(ValueError, match=message):
        GeneratedChannel(white_model((4,)), 15e3, seed=0, **options)


def test_refuses_what_a_broken_model_draws(white_model):
    model = white_model((4,))
    model.sample = lambda n, *, seed: np.ones((n, 5), complex)
    source = GeneratedChannel(model, 15e3, layout=("rx",), pool_size=3, seed=0)
    with pytest.raises(ValueError, match=r"must return \[3, 4\], got \[3, 5\]"):
        source(1, 1, 1.0)
    model.sample = lambda n, *, seed: np.full((n, 4), np.nan, complex)
    with pytest.raises(ValueError, match="channels of the model must be finite"):
        source(1, 1, 1.0)


def test_refuses_more_steps_than_the_event_has(white_model):
    source = GeneratedChannel(
        white_model((4, 2)), 15e3, layout=("time", "rx"), pool_size=3, seed=0
    )
    with pytest.raises(ValueError, match="num_time_steps must be at most 4"):
        source(1, 5, 1.0)
