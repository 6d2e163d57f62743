"""Mixtures of principal parts in a white remainder."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.generative.mixture import em, parts as parts
from commgen.generative.mixture.low_rank import low_rank


def principal(normal, size=7, rank=3, rest=0.2):
    U = np.linalg.qr(normal(size, size))[0][:, :rank]
    return parts.Component(np.linspace(0.5, 2, rank), U, rest)


def test_component_is_its_matrix(normal):
    one = principal(normal)
    U = one.eigenvectors
    R = (U * one.eigenvalues) @ U.conj().T + 0.2 * (np.eye(7) - U @ U.conj().T)
    np.testing.assert_allclose(one.matrix(), R, atol=1e-12)
    np.testing.assert_allclose(one.diagonal(), np.diag(R).real, atol=1e-12)
    B = normal(7, 2)
    np.testing.assert_allclose(one.times(B), R @ B, atol=1e-12)


@pytest.mark.parametrize("n", [5, 40])
@pytest.mark.parametrize("shift", [0.0, 0.7])
def test_likeliest_covariance_against_eigenvalues(normal, n, shift):
    """Tipping and Bishop (1999), appendix B; with fewer and more rows than entries."""
    x, w = normal(n, 8), np.linspace(0.5, 2, n)
    S = ((x * w[:, None]).T @ x.conj() + shift * np.eye(8)) / 9.0
    one = low_rank(parts.Scatter(x, w, 9.0, shift=shift), 3, 1e-9)
    values, vectors = np.linalg.eigh(S)
    np.testing.assert_allclose(one.eigenvalues, values[-3:], rtol=1e-6)
    assert one.remainder == pytest.approx(values[:-3].mean(), rel=1e-6)
    top = (vectors[:, -3:] * values[-3:]) @ vectors[:, -3:].conj().T
    U = one.eigenvectors
    np.testing.assert_allclose((U * one.eigenvalues) @ U.conj().T, top, atol=1e-5)


def test_iterative_and_dense_eigenvectors_agree(normal, monkeypatch):
    x = normal(60, 40) * np.geomspace(3, 0.1, 40)
    scatter = parts.Scatter(x, np.ones(60), 60.0)
    dense = low_rank(scatter, 4, 0.0)
    monkeypatch.setattr(parts, "_DENSE", 10)
    np.testing.assert_allclose(
        low_rank(scatter, 4, 0.0).matrix(), dense.matrix(), atol=1e-5
    )


def test_fewer_rows_than_directions(normal):
    x = np.concatenate([normal(2, 6), np.zeros((1, 6))])
    one = low_rank(parts.Scatter(x, np.ones(3), 3.0), 4, 1e-3)
    U = one.eigenvectors
    np.testing.assert_allclose(U.conj().T @ U, np.eye(4), atol=1e-5)
    S = x.T @ x.conj() / 3
    np.testing.assert_allclose(one.matrix(), S + 1e-3 * np.eye(6), atol=3e-3)


def test_density_and_samples_are_those_of_the_full_covariance(normal):
    one = principal(normal)
    low = GaussianMixture((7,), 1, "low-rank", rank=3)
    low._assign(em.Mixture.of(np.zeros(1), [one]))
    s, U = np.linalg.eigh(one.matrix())
    full = GaussianMixture((7,), 1)
    full._assign(em.Mixture.of(np.zeros(1), [parts.Component(s, U)]))
    h = normal(20, 7)
    np.testing.assert_allclose(low.log_prob(h), full.log_prob(h), rtol=1e-4)
    drawn = low.sample(20_000, seed=3)
    # Of 20,000 squared Gaussian entries the mean is within four standard errors.
    error = np.abs(drawn.T @ drawn.conj() / 20_000 - one.matrix())
    assert error.max() < 4 * one.diagonal().max() / np.sqrt(20_000)


@pytest.mark.parametrize("no", [1e-3, 0.2, 5.0])
@pytest.mark.parametrize("K", [1, 2])
def test_estimates_are_those_of_the_full_covariances(normal, no, K):
    components = [principal(normal, rest=v) for v in (0.2, 0.01)[:K]]
    log_weights = np.log(np.full(K, 1 / K))
    low = GaussianMixture((7,), K, "low-rank", rank=3)
    low._assign(em.Mixture.of(log_weights, components))
    pairs = [parts.Component(*np.linalg.eigh(c.matrix())) for c in components]
    full = GaussianMixture((7,), K)
    full._assign(em.Mixture.of(log_weights, pairs))
    y = normal(30, 7).astype(np.complex64)
    level = np.full(30, no, np.float32)
    for ours, theirs in zip(low.denoise(y, no), full.denoise(y, no), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-4)
    ours, theirs = (m.estimate(y.real, y.imag, level) for m in (low, full))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=2e-3, atol=1e-4)
    A = normal(4, 7)
    ours, theirs = (m.posterior(normal(1, 4), A, no) for m in (low, low))
    y = normal(5, 4)
    ours, theirs = (m.posterior(y, A, no) for m in (low, full))
    np.testing.assert_allclose(ours.mean, theirs.mean, atol=1e-4)
    np.testing.assert_allclose(ours.err_var, theirs.err_var, rtol=1e-3, atol=1e-5)


def test_all_directions_are_the_sample_covariance(channels):
    low = GaussianMixture((2, 6), 1, "low-rank", rank=12).fit(channels, seed=0)
    full = GaussianMixture((2, 6), 1).fit(channels, seed=0)
    np.testing.assert_allclose(
        low.mixture.component(0).matrix(), full.mixture.component(0).matrix(), atol=1e-5
    )
    np.testing.assert_allclose(
        low.log_prob(channels), full.log_prob(channels), rtol=1e-3
    )


def test_log_likelihood_never_falls(two_clusters, rng):
    h = two_clusters(rng, 300, (8,))
    structure = em.Structure("low-rank", (8,), 0.0, rank=3)
    data = em.ChannelData(h, structure)
    r = em.initial_responsibilities(h, 3, structure.fourier, 0)
    last = -np.inf
    for _ in range(15):
        r, log_p = em.expectation(em.maximisation(data.statistics(r), structure), h)
        assert log_p >= last - 1e-3
        last = log_p


def test_rank_is_checked(channels):
    with pytest.raises(ValueError, match="rank must be at most 12, got 13"):
        GaussianMixture((2, 6), 2, "low-rank", rank=13)
    with pytest.raises(ValueError, match="rank must be None where covariance is 'full"):
        GaussianMixture((2, 6), 2, rank=3)
    model = GaussianMixture((2, 6), 2, "low-rank", rank=5)
    with pytest.raises(ValueError, match="at least 6 channels, more than the rank"):
        model.fit(channels[:5], seed=0)
    assert GaussianMixture((40,), 1, "low-rank").rank == 24
