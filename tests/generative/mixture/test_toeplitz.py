"""Toeplitz covariances from positive spectra."""

import numpy as np
import pytest
from scipy.linalg import toeplitz

from commgen.generative import GaussianMixture
from commgen.generative.mixture import em, toeplitz as mt

SHAPES = [(5,), (3, 4), (2, 3, 2)]


def atoms(event_shape):
    """The vectors f_j as columns, from their definition."""
    F = np.ones((1, 1))
    for n in event_shape:
        axis = np.exp(2j * np.pi * np.outer(np.arange(n), np.arange(2 * n)) / (2 * n))
        F = np.kron(F, axis / np.sqrt(n))
    return F


@pytest.mark.parametrize("shape", SHAPES)
def test_matrix_and_powers_are_those_of_the_atoms(shape, rng, normal):
    F, lags = atoms(shape), mt.lag_table(shape)
    c = rng.random(F.shape[1])
    R = mt.toeplitz_matrix(c, lags, shape)
    np.testing.assert_allclose(R, (F * c) @ F.conj().T, atol=1e-12)
    assert np.trace(R).real == pytest.approx(c.sum())
    B = normal(len(F), len(F))
    B = B + B.conj().T
    expected = np.diag(F.conj().T @ B @ F).real
    np.testing.assert_allclose(mt.atom_powers(B, lags, shape), expected, atol=1e-10)


def test_one_axis_is_toeplitz(rng):
    R = mt.toeplitz_matrix(rng.random(12), mt.lag_table((6,)), (6,))
    np.testing.assert_allclose(R, toeplitz(R[:, 0], R[0]), atol=1e-12)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_likelihood_never_falls_and_ends_at_its_maximum(normal, rng, noise):
    """At the maximum no line has a positive slope, and those within have none."""
    shape, lags = (5,), mt.lag_table((5,))
    x = normal(40, 5) * np.linspace(0.3, 1.5, 5)
    S = x.T @ x.conj() / 40 + noise * np.eye(5)
    c = rng.random(10) + 0.1

    def log_likelihood(c):
        R = mt.toeplitz_matrix(c, lags, shape) + noise * np.eye(5)
        return -np.linalg.slogdet(R)[1] - np.trace(np.linalg.solve(R, S)).real

    values = [log_likelihood(c)]
    for _ in range(3000):
        c = mt.toeplitz_step(c, S, lags, shape, noise=noise)
        values.append(log_likelihood(c))
    assert np.diff(values).min() > -1e-10
    inverse = np.linalg.inv(mt.toeplitz_matrix(c, lags, shape) + noise * np.eye(5))
    slope = mt.atom_powers(inverse @ S @ inverse - inverse, lags, shape)
    assert slope.max() < 1e-2
    assert np.abs(slope * c).max() < 1e-3


def test_the_true_covariance_stays(rng):
    shape, lags = (3, 4), mt.lag_table((3, 4))
    c = rng.random(48) + 0.1
    S = mt.toeplitz_matrix(c, lags, shape)
    np.testing.assert_allclose(mt.toeplitz_step(c, S, lags, shape), c, rtol=1e-9)


def test_fitted_covariances_are_toeplitz(channels):
    model = GaussianMixture((2, 6), 2, "toeplitz").fit(channels, seed=1)
    for k in range(2):
        R = model.mixture.component(k).matrix().reshape(2, 6, 2, 6)
        np.testing.assert_allclose(R[0, :, 0], R[1, :, 1], atol=1e-5)
        np.testing.assert_allclose(R[:, :-1, :, :-1], R[:, 1:, :, 1:], atol=1e-5)


def test_log_likelihood_never_falls(two_clusters, rng):
    """A generalised EM: Dempster et al. (1977), section 3."""
    h = two_clusters(rng, 300, (8,))
    structure = em.Structure("toeplitz", (8,), 0.0)
    data = em.ChannelData(h, structure)
    r = em.initial_responsibilities(h, 3, structure.fourier, 0)
    mixture, last = None, -np.inf
    for _ in range(15):
        mixture = em.maximisation(data.statistics(r), structure, mixture)
        r, log_p = em.expectation(mixture, h)
        assert log_p >= last - 1e-3  # responsibilities under 1e-4 are left out
        last = log_p


def test_few_channels_fit_a_toeplitz_truth_better_than_a_full_one(rng, normal):
    c = np.zeros(32)
    c[[3, 4, 20]] = [1, 0.5, 0.3]
    R = mt.toeplitz_matrix(c + 1e-3, mt.lag_table((16,)), (16,))
    root = np.linalg.cholesky(R * 16 / np.trace(R).real)
    h, held_out = (normal(n, 16) @ root.T for n in (30, 500))
    toep, full = (
        GaussianMixture((16,), 1, kind).fit(h, seed=0) for kind in ("toeplitz", "full")
    )
    assert toep.log_prob(held_out).mean() > full.log_prob(held_out).mean() + 1
