"""Channels of few paths, inferred over sets of angles that were drawn."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.inference.parameters import DrawnPaths, angle_axis

NO = 0.1


@pytest.fixture(scope="module")
def axis():
    return angle_axis(8, low_deg=-30, high_deg=30)


@pytest.fixture(scope="module")
def seen(axis):
    rng = np.random.default_rng(0)
    A = complex_normal(rng, (4, 8)) / np.sqrt(8)
    h = complex_normal(rng, (6, 1)) * axis.exponentials(
        axis.to_x(rng.uniform(-30, 30, 6))
    )
    return A, h @ A.T + np.sqrt(NO) * complex_normal(rng, (6, 4))


def test_one_path_is_as_integrated_over_a_grid(axis, seen):
    A, y = seen
    x = axis.to_x(np.linspace(-30, 30, 4001))
    a = axis.exponentials(x)
    d = a @ A.T
    power = NO + np.sum(np.abs(d) ** 2, axis=1)
    match = y @ d.conj().T
    # y is CN(0, d d^H + N0 I): Sherman and Morrison.
    logs = np.abs(match) ** 2 / (NO * power) - np.log(power)
    p = np.exp(logs - logs.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    gain = match / power
    mean = (p * gain) @ a
    square = np.sum(p * (np.abs(gain) ** 2 + NO / power), axis=1)
    prior = DrawnPaths(axis, A, NO, {1: 20_000}, seed=1, num_kept=20_000)
    found = prior.posterior(y)
    np.testing.assert_allclose(found.mean, mean, atol=0.02)
    np.testing.assert_allclose(
        found.err_var, square[:, None] - np.abs(mean) ** 2, atol=0.02
    )


def test_samples_have_the_moments_that_are_told(axis, seen):
    A, y = seen
    prior = DrawnPaths(axis, A, NO, {2: 3000, 3: 3000}, seed=1)
    found = prior.posterior(y, num_samples=2000, seed=2)
    assert found.samples is not None
    error = np.abs(found.samples.mean(axis=0) - found.mean)
    assert (error / np.sqrt(found.err_var / 2000)).max() < 5
    np.testing.assert_allclose(found.samples.var(axis=0), found.err_var, rtol=0.25)
    again = prior.posterior(y, num_samples=2000, seed=2)
    np.testing.assert_array_equal(again.samples, found.samples)


def test_errors_are_as_large_as_told(axis):
    """Over channels of the prior, the mean squared error is the mean variance."""
    rng = np.random.default_rng(3)
    A = complex_normal(rng, (4, 8)) / np.sqrt(8)
    x = axis.to_x(rng.uniform(-30, 30, (300, 2)))
    gains = complex_normal(rng, (300, 2)) / np.sqrt(2)
    h = np.einsum("np,npa->na", gains, axis.exponentials(x))
    y = h @ A.T + np.sqrt(NO) * complex_normal(rng, (300, 4))
    prior = DrawnPaths(axis, A, NO, {2: 2000}, seed=4, num_kept=2000)
    found = prior.posterior(y)
    apart = np.mean(np.abs(found.mean - h) ** 2 - found.err_var, axis=1)
    assert abs(apart.mean()) < 4 * apart.std() / np.sqrt(len(apart))


def test_bad_arguments_are_named(axis, seen):
    A, y = seen
    with pytest.raises(ValueError, match="A must be \\[num_obs, 8\\], got \\(4, 7\\)"):
        DrawnPaths(axis, A[:, 1:], NO, {1: 9}, seed=0)
    with pytest.raises(ValueError, match="num_sets must name a number of paths"):
        DrawnPaths(axis, A, NO, {}, seed=0)
    with pytest.raises(ValueError, match="num_sets must be at least 1, got 0"):
        DrawnPaths(axis, A, NO, {1: 0}, seed=0)
    with pytest.raises(ValueError, match="y must be \\[n, 4\\], got \\(6, 3\\)"):
        DrawnPaths(axis, A, NO, {1: 9}, seed=0).posterior(y[:, 1:])
