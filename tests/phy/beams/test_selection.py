"""Choices of users: against all choices, and what they do where errors differ."""

from itertools import combinations

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.phy.beams import (
    RZF,
    Belief,
    select_users,
    strongest_users,
    sum_rate,
    take_users,
)

NO = 0.1


def channels(seed, *shape):
    return complex_normal(np.random.default_rng(seed), shape)


def rate_of(h, users):
    chosen = take_users(Belief.of(h), users)
    return sum_rate(chosen.mean, RZF()(chosen, NO), NO).numpy()


def test_greedy_choice_is_near_the_best_of_all_and_above_the_strongest():
    h = channels(1, 30, 6, 1, 4)
    users = select_users(Belief.of(h), NO, num_users=3, precoder=RZF())
    assert all(len(set(row)) == 3 for row in users.tolist())
    every = [rate_of(h, np.tile(c, (30, 1))) for c in combinations(range(6), 3)]
    best, found = np.max(every, axis=0), rate_of(h, users)
    assert (found <= best + 1e-5).all()
    assert found.mean() > 0.97 * best.mean()
    gain = found - rate_of(h, strongest_users(Belief.of(h), 3))
    assert gain.mean() > 3 * gain.std(ddof=1) / np.sqrt(len(gain))


def test_first_is_the_one_of_most_rate_alone_and_a_twin_is_not_taken():
    h = channels(2, 1, 3, 1, 4) * np.array([2, 1, 1])[:, None, None]
    h[:, 1] = 0.9 * h[:, 0]  # a twin of the strongest
    users = select_users(Belief.of(h), NO, num_users=2, precoder=RZF())
    assert users.tolist() == [[0, 2]]


def test_expected_rate_counts_where_the_means_are_alike():
    """Of a Rician gain the mean logarithm grows with its scatter: E1(K) over ln m^2."""
    h = np.ones([1, 2, 1, 4], np.complex64)
    spread = np.array([0.01, 2], np.float32)[:, None, None]
    samples = h + spread * channels(3, 64, 1, 2, 1, 4)
    users = select_users(
        Belief.of(h, None, samples - samples.mean(axis=0) + h),
        NO,
        num_users=1,
        precoder=RZF(),
    )
    assert users.tolist() == [[1]]


def test_strongest_counts_the_error():
    h = channels(4, 1, 2, 1, 4)
    h /= np.linalg.norm(h, axis=-1, keepdims=True)
    cov = np.stack([np.zeros((4, 4)), np.eye(4)])[None]
    assert strongest_users(Belief.of(h, cov), 1).tolist() == [[1]]


def test_all_that_is_believed_follows_the_choice():
    h, cov = channels(5, 2, 3, 1, 4), np.tile(np.eye(4), (2, 3, 1, 1))
    cov *= np.arange(1, 4)[:, None, None]
    samples = channels(6, 5, 2, 3, 1, 4)
    users = np.array([[2, 0], [1, 2]])
    found = take_users(Belief.of(h, cov, samples), users)
    for b, row in enumerate(users):
        np.testing.assert_array_equal(found.mean[b], h[b, row])
        np.testing.assert_allclose(found.err_cov[b].numpy()[:, 0, 0].real, row + 1)
        np.testing.assert_array_equal(found.samples[:, b], samples[:, b, row])


@pytest.mark.parametrize("num_users", [0, 4])
def test_more_than_ask_cannot_be_chosen(num_users):
    belief = Belief.of(channels(7, 2, 3, 1, 4))
    with pytest.raises(ValueError, match="num_users must be"):
        select_users(belief, NO, num_users=num_users, precoder=RZF())
    with pytest.raises(ValueError, match="num_users must be"):
        strongest_users(belief, num_users)
