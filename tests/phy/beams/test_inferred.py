"""Beliefs of channels that were seen in part, against formulas and limits."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.generative import GaussianMixture
from commgen.phy.beams import RZF, WMMSE, infer_belief, sum_rate


@pytest.fixture(scope="module")
def prior():
    rng = np.random.default_rng(0)
    phases = np.exp(1j * np.pi * rng.uniform(-1, 1, (400, 1)) * np.arange(6))
    gains = complex_normal(rng, (400, 1)) + complex_normal(rng, (400, 6)) / 3
    return GaussianMixture((6,), 3, "toeplitz").fit(phases * gains, seed=1)


def drawn(prior, batch=5, users=2):
    h = prior.sample(batch * users, seed=3)
    return h.reshape(batch, users, 1, 6)


def test_all_seen_without_noise_is_a_channel_that_is_known(prior):
    h = drawn(prior)
    rng = np.random.default_rng(1)
    antennas = np.argsort(rng.random((5, 2, 6)), axis=-1)
    y = np.take_along_axis(h[:, :, 0], antennas, axis=-1)
    belief = infer_belief(prior, y, antennas, 1e-8, num_samples=4, seed=1)
    np.testing.assert_allclose(belief.mean, h, atol=1e-3)
    np.testing.assert_allclose(belief.err_cov, np.zeros([5, 2, 6, 6]), atol=1e-6)
    known = sum_rate(h, WMMSE(num_steps=10)(h, 0.1), 0.1)
    believed = WMMSE(num_steps=10, of="samples")(belief, 0.1)
    np.testing.assert_allclose(sum_rate(h, believed, 0.1), known, atol=1e-2)


def test_one_antenna_of_one_gaussian(prior):
    """Kay, Estimation Theory (1993), eqs. (12.26) and (12.28), for one entry seen."""
    one = GaussianMixture((6,), 1).fit(prior.sample(200, seed=2), seed=0)
    R, no = one.mixture.component(0).matrix(), np.array([0.1, 0.7])
    y = np.array([[[1.0 + 1j], [2.0]], [[-1.0], [3j]]])
    antennas = np.array([[[2], [5]], [[0], [2]]])
    belief = infer_belief(one, y, antennas, no, num_samples=3, seed=1)
    for b, u in np.ndindex(2, 2):
        m = antennas[b, u, 0]
        gain = R[:, m] / (R[m, m] + no[b])
        np.testing.assert_allclose(belief.mean[b, u, 0], gain * y[b, u], atol=1e-5)
        expected = R - np.outer(gain, R[m])
        np.testing.assert_allclose(belief.err_cov[b, u], expected, atol=1e-5)


def test_draws_of_users_are_their_own_and_repeat(prior):
    y, antennas = np.ones([1, 2, 1]), np.zeros([1, 2, 1], int)
    first, again = (
        infer_belief(prior, y, antennas, 0.1, num_samples=2000, seed=1).samples.numpy()
        for _ in range(2)
    )
    np.testing.assert_array_equal(first, again)
    a, b = first[:, 0, 0, 0, 3], first[:, 0, 1, 0, 3]
    a, b = a - a.mean(), b - b.mean()
    cosine = np.abs(np.vdot(a, b)) / np.linalg.norm(a) / np.linalg.norm(b)
    assert cosine < 4 / 2000**0.5


def test_a_prior_without_covariance_tells_it_by_draws(prior):
    class Other:
        event_shape, posterior = prior.event_shape, staticmethod(prior.posterior)

    y = drawn(prior, 1)[:, :, 0, :2]
    antennas = np.tile([0, 1], (1, 2, 1))
    exact = infer_belief(prior, y, antennas, 0.1, num_samples=4, seed=1)
    other = infer_belief(Other(), y, antennas, 0.1, num_samples=4000, seed=1)
    np.testing.assert_allclose(other.err_cov, exact.err_cov, atol=0.15)
    few = infer_belief(Other(), y, antennas, 0.1, num_samples=4, seed=1)
    assert few.samples.shape[0] == 4
    assert np.linalg.matrix_rank(few.err_cov[0, 0].numpy(), tol=1e-3) > 4
    assert RZF()(few, 0.1).shape == (1, 2, 6, 1)


@pytest.mark.parametrize(
    ("y", "antennas", "told"),
    [
        (np.ones([1, 2, 2]), np.zeros([1, 2, 1], int), "must both be"),
        (np.ones([1, 1, 1]), np.full([1, 1, 1], 6), "antennas must be of 0 to 5"),
        (np.ones([1, 1, 1]), np.full([1, 1, 1], -1), "antennas must be of 0 to 5"),
        (np.ones([1, 1, 1]), np.zeros([1, 1, 1]), "antennas must be integers"),
        (np.ones([1, 1, 2]), np.zeros([1, 1, 2], int), "seen once"),
    ],
)
def test_bad_input_is_named(prior, y, antennas, told):
    with pytest.raises(ValueError, match=told):
        infer_belief(prior, y, antennas, 0.1, num_samples=1, seed=0)


def test_a_grid_is_no_line_of_antennas():
    prior = GaussianMixture((2, 3), 1)
    with pytest.raises(ValueError, match="prior must be of a line"):
        infer_belief(
            prior,
            np.ones([1, 1, 1]),
            np.zeros([1, 1, 1], int),
            0.1,
            num_samples=1,
            seed=0,
        )
