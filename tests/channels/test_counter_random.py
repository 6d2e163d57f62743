"""The counter-based generator: known answers, moments, backends, permutations."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings, strategies as st
from scipy import stats
from sionna.phy import config as sionna_config

from commgen.channels import CounterGenerator, sionna_draws_from
from commgen.channels.counter_random import threefry_2x32


def words(*values):
    return tuple(tf.constant(value, tf.uint32) for value in values)


@pytest.mark.parametrize(
    ("key", "counter", "expected"),
    [
        ((0, 0), (0, 0), (0x6B200159, 0x99BA4EFE)),
        ((2**32 - 1,) * 2, (2**32 - 1,) * 2, (0x1CB996FC, 0xBB002BE7)),
        (
            (0x13198A2E, 0x03707344),
            (0x243F6A88, 0x85A308D3),
            (0xC4923A9C, 0x483DF7A0),
        ),
    ],
)
def test_known_answers_of_random123(key, counter, expected):
    assert [int(x) for x in threefry_2x32(words(*key), words(*counter))] == [*expected]


def draw_all(counter):
    generator = CounterGenerator.from_seed(5, counter)
    return (
        generator.uniform([3, 7]),
        generator.uniform([5], 2, 9, dtype=tf.int32),
        generator.normal([2, 5], 1.0, 3.0),
        generator.permuted_index(tf.range(20, dtype=tf.int64), 9),
    )


@pytest.mark.parametrize("jit_compile", [False, True])
def test_backends_agree(jit_compile):
    compiled = tf.function(draw_all, autograph=False, jit_compile=jit_compile)
    counter = tf.constant(2**40 + 3, tf.int64)
    for eager, graph in zip(draw_all(counter), compiled(counter), strict=True):
        np.testing.assert_allclose(eager, graph, rtol=1e-5, atol=1e-5)


def test_uniform_is_uniform():
    u = CounterGenerator.from_seed(1).uniform([50_000], 2.0, 4.0).numpy()
    assert stats.kstest(u, stats.uniform(2, 2).cdf).pvalue > 1e-3
    assert u.min() >= 2
    assert u.max() < 4


def test_whole_numbers_reach_both_ends_evenly():
    n = CounterGenerator.from_seed(1).uniform([30_000], 0, 3, dtype=tf.int32).numpy()
    assert n.dtype == np.int32
    counts = np.bincount(n, minlength=3)
    assert stats.chisquare(counts).pvalue > 1e-3
    assert len(counts) == 3


def test_normal_is_normal_and_white():
    z = CounterGenerator.from_seed(2).normal([50_001], 1.0, 2.0).numpy()
    assert stats.kstest(z, stats.norm(1, 2).cdf).pvalue > 1e-3
    for lag in (1, 2, 25_001):  # halves come from the two words of one counter
        correlation = np.corrcoef(z[:-lag], z[lag:])[0, 1]
        assert abs(correlation) < 4 / np.sqrt(len(z) - lag)


def test_draws_counters_and_seeds_differ():
    generator = CounterGenerator.from_seed(1)
    draws = [generator.uniform([8]), generator.uniform([8])]
    draws += [CounterGenerator.from_seed(1, 1).uniform([8])]
    draws += [CounterGenerator.from_seed(1, 2**32).uniform([8])]
    draws += [CounterGenerator.from_seed(2).uniform([8])]
    assert len({tuple(draw.numpy()) for draw in draws}) == 5


def test_shape_may_be_a_tensor():
    @tf.function(autograph=False)
    def draw(num):
        return CounterGenerator.from_seed(1).uniform([num, 2])

    np.testing.assert_array_equal(
        draw(tf.constant(3)), CounterGenerator.from_seed(1).uniform([3, 2])
    )


@settings(max_examples=20, deadline=None)
@given(size=st.integers(1, 300), seed=st.integers(0, 2**32))
def test_every_epoch_is_a_new_permutation(size, seed):
    generator = CounterGenerator.from_seed(seed)
    index = generator.permuted_index(tf.range(2 * size, dtype=tf.int64), size).numpy()
    for epoch in index.reshape(2, size):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(size))
    if size > 20:
        assert (index[:size] != index[size:]).any()


def test_permutations_are_even():
    """Over many epochs each index comes first equally often."""
    size, epochs = 6, 3000
    first = tf.range(epochs, dtype=tf.int64) * size
    index = CounterGenerator.from_seed(0).permuted_index(first, size)
    assert stats.chisquare(np.bincount(index, minlength=size)).pvalue > 1e-3


def test_generator_of_sionna_comes_back_after_an_error():
    before = sionna_config.tf_rng
    with (
        pytest.raises(RuntimeError),
        sionna_draws_from(CounterGenerator.from_seed(0)) as _,
    ):
        raise RuntimeError
    assert sionna_config.tf_rng is before
