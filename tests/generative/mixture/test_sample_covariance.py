"""Structured and shrunk covariances, against scikit-learn, SciPy and the truth."""

import numpy as np
import pytest
from scipy.linalg import toeplitz
from sklearn.covariance import ledoit_wolf as sklearn_ledoit_wolf

from commgen.generative.mixture.sample_covariance import (
    choose_lmmse_prior,
    ledoit_wolf,
    lmmse_prior,
    oracle_approximating,
    sample_covariance,
)


def line(size, decay=0.8):
    return toeplitz((decay * np.exp(0.7j)) ** np.arange(size))


def draw(complex_normal, R, n):
    return complex_normal(n, len(R)) @ np.linalg.cholesky(R).T


def test_full_is_the_sample_covariance(complex_normal):
    h = complex_normal(7, 2, 3)
    x = h.reshape(7, 6)
    expected = sum(np.outer(v, v.conj()) for v in x) / 7
    np.testing.assert_allclose(sample_covariance(h), expected, atol=1e-6)


def test_toeplitz_is_the_nearest_one(complex_normal):
    h = complex_normal(5, 6)
    S, R = sample_covariance(h), sample_covariance(h, "toeplitz")
    np.testing.assert_allclose(R, toeplitz(R[:, 0]), atol=1e-12)
    for lag in range(-5, 6):
        assert np.isclose(np.diag(R, lag)[0], np.diag(S, lag).mean())


def test_along_two_axes_it_is_toeplitz_in_blocks(complex_normal):
    R = np.kron(line(2, 0.5), line(3))
    h = draw(complex_normal, R, 4000).reshape(-1, 2, 3)
    found = sample_covariance(h, "toeplitz")
    np.testing.assert_allclose(found, R, atol=0.1)
    blocks = found.reshape(2, 3, 2, 3)
    np.testing.assert_allclose(blocks[0, :, 0], blocks[1, :, 1])
    np.testing.assert_allclose(blocks[0, 1:, 1, 1:], blocks[0, :-1, 1, :-1])


def test_circulant_is_diagonal_in_the_fourier_domain(complex_normal):
    h = complex_normal(5, 6)
    F = np.fft.fft(np.eye(6), norm="ortho")
    D = F @ sample_covariance(h, "circulant") @ F.conj().T
    np.testing.assert_allclose(D, np.diag(np.diag(D)), atol=1e-6)
    S = F @ sample_covariance(h) @ F.conj().T
    np.testing.assert_allclose(np.diag(D), np.diag(S), atol=1e-6)


def test_ledoit_wolf_of_real_data_is_scikit_learns(rng):
    """The formula is the same where the data happen to be real."""
    h = rng.normal(size=(15, 6)) @ np.diag([3, 2, 1, 1, 0.5, 0.1])
    expected = sklearn_ledoit_wolf(h, assume_centered=True)[1]
    assert ledoit_wolf(h) == pytest.approx(expected)


@pytest.mark.parametrize("structure", ["full", "toeplitz", "circulant"])
def test_ledoit_wolf_counts_projections_as_they_are(structure, complex_normal):
    """Against the sum that the formula says, one outer product after the other."""
    h = complex_normal(6, 2, 3)
    S = sample_covariance(h, structure)
    each = sum(
        np.sum(np.abs(sample_covariance(v[None], structure) - S) ** 2) for v in h
    )
    target = np.trace(S).real / 6 * np.eye(6)
    expected = min(1, each / 36 / np.sum(np.abs(S - target) ** 2))
    assert ledoit_wolf(h, structure) == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("n", "decay"), [(6, 0.5), (12, 0.8), (60, 0.8)])
def test_shrinkage_is_near_the_best(n, decay, complex_normal):
    """Over many sets, the mean weight is near that of the least mean error."""
    R, p = line(10, decay), 10
    sets = [draw(complex_normal, R, n) for _ in range(400)]
    S = np.stack([sample_covariance(h) for h in sets])
    F = np.trace(S, axis1=1, axis2=2).real[:, None, None] / p * np.eye(p)
    best = np.sum(((S - R) * (S - F).conj()).real) / np.sum(np.abs(S - F) ** 2)
    assert np.mean([oracle_approximating(h) for h in sets]) == pytest.approx(
        best, rel=0.3
    )
    assert np.mean([ledoit_wolf(h) for h in sets]) == pytest.approx(best, rel=0.3)


def test_oas_is_the_fixed_point_of_its_own_recursion(complex_normal):
    """The recursion of the source, eq. (23), with the oracle of complex data."""
    h = draw(complex_normal, line(8), 10)
    S, n, p = sample_covariance(h), 10, 8
    mean, rho = np.trace(S).real / p, 0.5
    for _ in range(500):
        Sigma = (1 - rho) * S + rho * mean * np.eye(p)
        square = np.trace(Sigma @ S).real
        total = np.trace(Sigma).real ** 2
        above = total - square / p
        rho = above / ((n - 1 / p) * square + (1 - n / p) * total)
    assert oracle_approximating(h) == pytest.approx(rho, rel=1e-6)


def test_nothing_to_shrink_towards(complex_normal):
    assert ledoit_wolf(np.eye(4)) == 1
    assert oracle_approximating(np.eye(4)) == 1
    assert ledoit_wolf(complex_normal(1, 4)) == 1


@pytest.mark.parametrize("structure", ["full", "toeplitz", "circulant"])
def test_the_prior_is_the_lmmse_filter(structure, complex_normal):
    h = draw(complex_normal, line(6), 500).astype("c8")
    prior = lmmse_prior(h, structure, 0.1)
    S = sample_covariance(h, structure)
    S = 0.9 * S + 0.1 * np.trace(S).real / 6 * np.eye(6)
    W = S @ np.linalg.inv(S + 0.5 * np.eye(6))
    y = complex_normal(3, 6)
    h_hat, err_var = prior.denoise(y, np.float32(0.5))
    np.testing.assert_allclose(h_hat, y @ W.T, atol=1e-4)
    expected = np.broadcast_to(0.5 * np.diag(W).real, (3, 6))
    np.testing.assert_allclose(err_var, expected, rtol=1e-3)


def test_few_channels_want_structure_and_shrinkage(complex_normal):
    R, no = line(24), 1.0
    h = draw(complex_normal, R, 12)

    def error(prior):
        W = prior.posterior(np.eye(24), None, no).mean.T
        return np.trace(
            R - W @ R - (W @ R).conj().T + W @ (R + no * np.eye(24)) @ W.conj().T
        ).real

    best = np.trace(R - R @ np.linalg.inv(R + no * np.eye(24)) @ R).real
    plain, shrunk = error(lmmse_prior(h)), error(lmmse_prior(h, "full", "ledoit-wolf"))
    oas, lines = error(lmmse_prior(h, "full", "oas")), error(lmmse_prior(h, "toeplitz"))
    assert best < lines < shrunk < plain
    assert best < oas < plain
    prior, choice = choose_lmmse_prior(h, seed=1)
    assert choice["structure"] in ("toeplitz", "circulant")
    assert error(prior) < shrunk


def test_one_channel_is_enough(complex_normal):
    prior = lmmse_prior(complex_normal(1, 4), "toeplitz", "ledoit-wolf")
    assert np.isfinite(prior.sample(3, seed=1)).all()


def test_arguments_are_checked(complex_normal):
    h = complex_normal(12, 4)
    with pytest.raises(ValueError, match=r"structure must be one of .* got 'banded'"):
        lmmse_prior(h, "banded")
    with pytest.raises(ValueError, match=r"shrinkage must be None, .* got 'best'"):
        lmmse_prior(h, "full", "best")
    with pytest.raises(ValueError, match=r"shrinkage must be None, .* got 1\.5"):
        lmmse_prior(h, "full", 1.5)
    with pytest.raises(ValueError, match="shrinkage must be 'ledoit-wolf' or a number"):
        lmmse_prior(h, "toeplitz", "oas")
    with pytest.raises(ValueError, match=r"h must be \[n, \*event_shape\]"):
        sample_covariance(np.ones(3))
    with pytest.raises(ValueError, match="h must hold at least 10 channels"):
        choose_lmmse_prior(h[:9])
