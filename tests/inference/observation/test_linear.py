"""What is seen, and what of it is refused."""

import numpy as np
import pytest

from commgen.inference.observation import (
    LinearObservation,
    infer,
    infer_users,
    least_squares,
    linear_mmse,
)

W = np.exp(1j * np.arange(16).reshape(2, 2, 4) ** 2)


def draw(rng, covariances, weights, n):
    k = rng.choice(len(weights), size=n, p=weights)
    z = rng.normal(size=(n, 4, 2)) @ np.array([1, 1j]) / 2**0.5
    roots = np.linalg.cholesky(covariances)
    return np.einsum("bij,bj->bi", roots[k], z).astype(np.complex64)


def test_combiner_noise_is_block_diagonal():
    observation = LinearObservation.combined(W, 0.5, (4,))
    C = observation.noise_corr
    np.testing.assert_allclose(C[:2, :2], W[0] @ W[0].conj().T)
    np.testing.assert_allclose(C[:2, 2:], 0)
    assert observation.num_obs == 4


def test_simulated_noise_has_the_covariance_that_was_asked_for(rng):
    cov_mat = np.array([[2, 1j], [-1j, 1.0]])
    observation = LinearObservation.coloured(cov_mat, (2,))
    h = np.ones((40_000, 2), np.complex64)
    y = observation.simulate(h, seed=3)
    n = y - h
    # An entry of a sample covariance deviates by sqrt(R_ii R_jj / n).
    four_sigma = 4 * 2 / np.sqrt(len(h))
    np.testing.assert_allclose(n.T @ n.conj() / len(n), cov_mat, atol=four_sigma)
    np.testing.assert_array_equal(y, observation.simulate(h, seed=3))


def test_users_see_the_sum_over_users(rng):
    pilots = np.array([[1, 1, 1j], [1, -1, 0.5]])
    observation = LinearObservation.users(pilots, 1e-12, (4,))
    h = rng.normal(size=(1, 2, 4)) + 0j
    y = observation.simulate(h, seed=0).reshape(3, 4)
    np.testing.assert_allclose(y, pilots.T @ h[0], atol=1e-5)


OBSERVATIONS = {
    "all": lambda: LinearObservation((4,), None, 0.2),
    "masked": lambda: LinearObservation.masked(np.array([1, 0, 0, 1], bool), 0.2),
    "combined": lambda: LinearObservation.combined(W, 0.2, (4,)),
    "coloured": lambda: LinearObservation.coloured(
        0.2 * np.eye(4) + 0.3 * np.ones((4, 4)), (4,)
    ),
    "repeated and zero rows": lambda: LinearObservation(
        (4,), np.array([[1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]), 0.2
    ),
}


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_a_mixture_is_inferred_exactly(
    name, mixture, weights, covariances, brute_force, rng
):
    observation = OBSERVATIONS[name]()
    h = draw(rng, covariances, weights, 6)
    y = observation.simulate(h, seed=1)
    C = np.eye(observation.num_obs) * observation.no
    if observation.noise_corr is not None:
        C = observation.no * observation.noise_corr
    mean, err_var = brute_force(y, observation.matrix(), C, weights, covariances)
    posterior = infer(mixture, y, observation)
    np.testing.assert_allclose(posterior.mean, mean, atol=2e-5)
    np.testing.assert_allclose(posterior.err_var, err_var, atol=2e-5)


def test_each_channel_may_have_its_noise(
    mixture, weights, covariances, brute_force, rng
):
    h = draw(rng, covariances, weights, 2)
    observation = LinearObservation.combined(W[0], np.array([0.1, 3.0]), (4,))
    y = observation.simulate(h, seed=1)
    posterior = infer(mixture, y, observation)
    for i, no in enumerate(observation.no):
        C = no * W[0] @ W[0].conj().T
        mean, err_var = brute_force(y[i : i + 1], W[0], C, weights, covariances)
        np.testing.assert_allclose(posterior.mean[i], mean[0], atol=2e-5)
        np.testing.assert_allclose(posterior.err_var[i], err_var[0], atol=2e-5)


def test_linear_mmse_is_a_mixture_of_one(covariances, brute_force, rng):
    observation = OBSERVATIONS["combined"]()
    h = draw(rng, covariances, [0.5, 0.3, 0.2], 5)
    y = observation.simulate(h, seed=1)
    C = observation.no * observation.noise_corr
    R = covariances[:1]
    mean, err_var = brute_force(y, observation.matrix(), C, [1.0], R)
    posterior = linear_mmse(R[0], y, observation)
    np.testing.assert_allclose(posterior.mean, mean, atol=1e-5)
    np.testing.assert_allclose(posterior.err_var, err_var, atol=1e-5)


@pytest.mark.parametrize("name", OBSERVATIONS)
def test_least_squares_keeps_what_it_promises(name, rng):
    """On white channels, and what no row shows has the error of zero."""
    observation = OBSERVATIONS[name]()
    h = (rng.normal(size=(20_000, 4, 2)) @ np.array([1, 1j])) / 2**0.5
    posterior = least_squares(observation.simulate(h, seed=1), observation)
    error = np.mean(np.abs(posterior.mean - h) ** 2, axis=0)
    # A power of n circular draws deviates by 1 / sqrt(n) of itself.
    four_sigma = 4 / np.sqrt(len(h))
    np.testing.assert_allclose(error, posterior.err_var[0], rtol=four_sigma)


def test_least_squares_weighs_by_the_noise():
    """Two looks at one entry: the weights are those of the inverse variances."""
    A = np.array([[1.0], [1.0]])
    observation = LinearObservation.coloured(np.diag([1.0, 3.0]), (1,), A)
    posterior = least_squares(np.array([[1.0, 5.0]]), observation)
    assert posterior.mean.item() == pytest.approx(0.75 * 1 + 0.25 * 5)
    assert posterior.err_var.item() == pytest.approx(0.75)


def test_two_users_against_the_mixture_of_all_pairs(
    mixture, weights, covariances, brute_force, rng
):
    pilots = np.array([[1, 1], [1, 0.5]])
    observation = LinearObservation.users(pilots, 0.1, (4,))
    h = np.stack([draw(rng, covariances, weights, 3) for _ in range(2)], axis=1)
    y = observation.simulate(h, seed=1)
    pairs = [(a, b) for a in range(3) for b in range(3)]
    joint = np.zeros((9, 8, 8), complex)
    for i, (a, b) in enumerate(pairs):
        joint[i, :4, :4], joint[i, 4:, 4:] = covariances[a], covariances[b]
    w = [weights[a] * weights[b] for a, b in pairs]
    mean, err_var = brute_force(y, observation.A, 0.1 * np.eye(8), w, joint)
    posterior = infer_users(mixture, y, observation, num_sweeps=2000)
    # The draws are correlated: a deviation of 1 / sqrt(200) of the spread at most.
    atol = 4 * np.sqrt(err_var.max() / 200)
    np.testing.assert_allclose(posterior.mean.reshape(3, 8), mean, atol=atol)
    np.testing.assert_allclose(posterior.err_var.reshape(3, 8), err_var, rtol=0.15)
    power = np.mean(np.abs(mean) ** 2)
    gap = np.mean(np.abs(posterior.mean.reshape(3, 8) - mean) ** 2)
    assert gap < 1e-3 * power


def test_users_with_orthogonal_pilots_do_not_meet(mixture, covariances, weights, rng):
    pilots = np.array([[1, 1], [1, -1]])
    h = np.stack([draw(rng, covariances, weights, 2) for _ in range(2)], axis=1)
    observation = LinearObservation.users(pilots, 0.2, (4,))
    y = observation.simulate(h, seed=1)
    posterior = infer_users(
        [mixture, mixture], y, observation, num_sweeps=1, num_warmup=0
    )
    apart = np.einsum("ut,btn->bun", pilots, y.reshape(2, 2, 4)) / 2
    for u in range(2):
        alone = infer(mixture, apart[:, u], LinearObservation((4,), None, 0.1))
        np.testing.assert_allclose(posterior.mean[:, u], alone.mean, atol=1e-4)
        np.testing.assert_allclose(posterior.err_var[:, u], alone.err_var, atol=1e-4)


def make(*args, **named):
    return lambda: LinearObservation(*args, **named)


NOT_HERMITIAN = np.array([[1, 1], [0, 1.0]])
BAD = {
    "event_shape must have at least one axis": make(()),
    r"A must be \[num_obs, 4\]": make((4,), np.ones((2, 3))),
    "A must be finite": make((2,), np.full((1, 2), np.nan)),
    "no must be finite and above 0": make((4,), None, 0.0),
    r"no must be a number or \[batch\]": make((4,), None, np.ones((2, 2))),
    r"noise_corr must be \[4, 4\]": make((4,), None, 1.0, np.eye(3)),
    "noise_corr must be Hermitian": make((2,), None, 1.0, NOT_HERMITIAN),
    "noise_corr must be positive definite": make((2,), None, 1.0, np.ones((2, 2))),
    r"cov_mat must be \[2, 2\]": lambda: LinearObservation.coloured(np.eye(3), (2,)),
    "mask must show at least one": lambda: LinearObservation.masked(
        np.zeros(4, bool), 1.0
    ),
    r"mask must be \[\*event_shape\] of booleans": lambda: LinearObservation.masked(
        [0, 1], 1.0
    ),
    r"W must be \[num_slots, num_rf, 8\]": lambda: LinearObservation.combined(
        W, 1.0, (8,)
    ),
    "W must have 2 independent rows": lambda: LinearObservation.combined(
        np.ones((2, 4)), 1.0, (4,)
    ),
    r"pilots must be \[num_users, num_pilots\]": lambda: LinearObservation.users(
        [1, 1], 1.0, (4,)
    ),
}


@pytest.mark.parametrize("message", BAD)
def test_what_cannot_be_observed(message):
    with pytest.raises(ValueError, match=message):
        BAD[message]()


def test_what_cannot_be_inferred(mixture):
    observation = LinearObservation((4,), None, 0.1)
    with pytest.raises(ValueError, match=r"y must be \[batch, 4\]"):
        infer(mixture, np.ones((2, 5)), observation)
    with pytest.raises(ValueError, match=r"prior must be of channels \(3,\)"):
        infer(mixture, np.ones((2, 3)), LinearObservation((3,)))
    with pytest.raises(ValueError, match="normalise it first"):
        infer(mixture, np.full((2, 4), 1e-6), observation)
    with pytest.raises(ValueError, match=r"no must be one number or \[2\]"):
        infer(mixture, np.ones((2, 4)), LinearObservation((4,), None, np.ones(3)))
    with pytest.raises(ValueError, match=r"h must have a mean power"):
        observation.simulate(np.full((2, 4), 1e-6), seed=0)
    with pytest.raises(ValueError, match="cov_mat must be positive definite"):
        linear_mmse(np.ones((4, 4)), np.ones((2, 4)), observation)
    with pytest.raises(ValueError, match="power must be finite and above 0"):
        least_squares(np.ones((2, 4)), observation, power=0.0)
    pair = LinearObservation.users(np.eye(2), 0.1, (4,))
    with pytest.raises(ValueError, match="prior must be 2 as users, got 1"):
        infer_users([mixture], np.ones((1, 8)), pair)
    with pytest.raises(TypeError, match="prior must be a Gaussian mixture"):
        infer_users("gmm", np.ones((1, 8)), LinearObservation((1, 8)))
