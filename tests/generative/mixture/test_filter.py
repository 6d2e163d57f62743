"""Posteriors under linear observations, and exact draws from them."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.generative.mixture.filter import DirectFilter, LinearFilter
from commgen.generative.mixture.parts import Component


def random_component(normal, rank=4, rest=0.1):
    U = np.linalg.qr(normal(5, 5))[0][:, :rank]
    return Component(np.linspace(0.3, 2, rank), U, rest)


@pytest.mark.parametrize("rank", [3, 5])
@pytest.mark.parametrize("direct", [True, False])
def test_filter_against_the_formulas(normal, rank, direct):
    """Kay, Estimation Theory (1993), eqs. (12.26) and (12.28)."""
    one = random_component(normal, rank)
    A = np.eye(5) if direct else normal(3, 5)
    ours = DirectFilter(one) if direct else LinearFilter(one, A)
    y, no, w = normal(4, len(A)), np.array([0.01, 0.2, 0.2, 3]), np.arange(1.0, 5)
    R, total = one.matrix(), 0
    for i in range(4):
        C = A @ R @ A.conj().T + no[i] * np.eye(len(A))
        gain = R @ A.conj().T @ np.linalg.inv(C)
        spread = R - gain @ A @ R
        mean = gain @ y[i]
        density = -np.linalg.slogdet(np.pi * C)[1]
        density -= (y[i].conj() @ np.linalg.solve(C, y[i])).real
        np.testing.assert_allclose(ours.mean(y, no)[i], mean, atol=1e-10)
        np.testing.assert_allclose(
            ours.variance(no)[i], np.diag(spread).real, atol=1e-10
        )
        assert ours.log_density(y, no)[i] == pytest.approx(density)
        total = total + w[i] * (np.outer(mean, mean.conj()) + spread)
    scatter = ours.scatter(y, no, w)
    np.testing.assert_allclose(scatter.matrix(), total, atol=1e-9)
    assert scatter.count == pytest.approx(10)
    assert scatter.trace() == pytest.approx(np.trace(total).real)
    Q = np.linalg.qr(normal(5, 5))[0]
    powers = np.diag(Q.conj().T @ total @ Q).real
    np.testing.assert_allclose(scatter.powers(Q), powers, atol=1e-9)


@pytest.mark.parametrize("kind", ["full", "circulant", "toeplitz", "low-rank"])
@pytest.mark.parametrize("direct", [True, False])
def test_draws_have_the_mean_and_variance_of_the_posterior(
    channels, normal, kind, direct
):
    rank = 4 if kind == "low-rank" else None
    model = GaussianMixture((2, 6), 3, kind, rank=rank).fit(channels, seed=1)
    A = None if direct else normal(5, 12)
    y = normal(3, 2, 6) if direct else normal(3, 5)
    n = 4000
    posterior = model.posterior(y, A, [0.2, 0.2, 0.5], num_samples=n, seed=2)
    assert posterior.samples is not None
    assert posterior.samples.shape == (n, 3, 2, 6)
    error = np.abs(posterior.samples.mean(axis=0) - posterior.mean)
    assert (error < 4.5 * np.sqrt(posterior.err_var / n)).all()
    np.testing.assert_allclose(
        posterior.samples.var(axis=0), posterior.err_var, rtol=0.2
    )


def test_draws_follow_the_seed(channels):
    model = GaussianMixture((2, 6), 2).fit(channels, seed=1)
    a, b, c = (
        model.posterior(channels[:2], None, 0.1, num_samples=3, seed=s).samples
        for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, c)
    assert model.posterior(channels[:2], None, 0.1).samples is None
    with pytest.raises(ValueError, match="num_samples must be at least 0, got -1"):
        model.posterior(channels[:2], None, 0.1, num_samples=-1)


def test_coloured_noise_on_all_entries(channels, normal):
    """Kay (1993), eq. (12.26), for a covariance of the noise."""
    model = GaussianMixture((2, 6), 1).fit(channels, seed=1)
    N = normal(12, 12)
    N = N @ N.conj().T + 0.1 * np.eye(12)
    R = model.mixture.component(0).matrix()
    W = R @ np.linalg.inv(R + N)
    y = normal(3, 2, 6)
    posterior = model.posterior(y, None, N)
    np.testing.assert_allclose(
        posterior.mean.reshape(3, 12), y.reshape(3, 12) @ W.T, atol=1e-4
    )


@pytest.mark.parametrize("kind", ["toeplitz", "circulant", "low-rank"])
def test_error_covariance_is_that_of_exact_draws(channels, normal, kind):
    rank = 4 if kind == "low-rank" else None
    model = GaussianMixture((2, 6), 3, kind, rank=rank).fit(channels, seed=1)
    A, no, n = normal(5, 12), np.array([0.2, 0.2, 0.5]), 4000
    y = normal(3, 5)
    found = model.posterior(y, A, no, num_samples=n, seed=2)
    cov = model.error_covariance(y, A, no)
    assert found.samples is not None
    diagonal = np.diagonal(cov, axis1=1, axis2=2).real
    np.testing.assert_allclose(
        diagonal.reshape(found.err_var.shape), found.err_var, 1e-4
    )
    for i in range(3):
        e = (found.samples[:, i] - found.mean[i]).reshape(n, 12)
        product = e[:, :, None] * e[:, None].conj()
        error = np.abs(product.mean(axis=0) - cov[i])
        assert (error < 5 * product.std(axis=0) / n**0.5).all()


def test_error_covariance_of_one_gaussian_in_coloured_noise(channels, normal):
    """Kay, Estimation Theory (1993), eq. (12.28)."""
    model = GaussianMixture((2, 6), 1).fit(channels, seed=1)
    R, A, N = model.mixture.component(0).matrix(), normal(5, 12), normal(5, 5)
    N = N @ N.conj().T + 0.1 * np.eye(5)
    gain = R @ A.conj().T @ np.linalg.inv(A @ R @ A.conj().T + N)
    expected = R - gain @ A @ R
    cov = model.error_covariance(normal(2, 5), A, N)
    np.testing.assert_allclose(cov, np.stack([expected] * 2), atol=1e-5)
    direct, eye = (
        model.error_covariance(normal(2, 2, 6), None, 0.3),
        model.error_covariance(normal(2, 12), np.eye(12), 0.3),
    )
    np.testing.assert_allclose(direct, eye, atol=1e-6)
