"""Expectation-maximisation, step by step."""

import numpy as np
import pytest
from hypothesis import given, settings, strategies as st

from commgen.generative.mixture import em


def maximise(h, r, covariance, strength=0.0, **options):
    """One M-step on channels of one axis."""
    structure = em.Structure(covariance, h.shape[1:], strength, **options)
    return em.maximisation(em.ChannelData(h, structure).statistics(r), structure)


@pytest.mark.parametrize("event_shape", [(1,), (6,), (3, 2, 5)])
def test_fourier_vectors_are_unitary_and_diagonalise_shifts(event_shape):
    F = em.fourier_vectors(event_shape)
    size = int(np.prod(event_shape))
    np.testing.assert_allclose(F.conj().T @ F, np.eye(size), atol=1e-6)
    shift = np.eye(size).reshape(size, *event_shape)
    shift = np.roll(shift, 1, axis=-1).reshape(size, size)
    rotated = F.conj().T @ shift @ F
    np.testing.assert_allclose(rotated, np.diag(np.diag(rotated)), atol=1e-6)


def test_expectation_of_one_dimension(normal):
    """Responsibilities and likelihood from the formula of CN(0, s)."""
    s, w = np.array([0.2, 1.5]), np.array([0.3, 0.7])
    mixture = em.Mixture(np.log(w), s[:, None], np.ones((1, 1, 1), np.complex64))
    h = normal(50, 1).astype(np.complex64)
    p = w * np.exp(-(np.abs(h) ** 2) / s) / (np.pi * s)
    r, log_p = em.expectation(mixture, h)
    np.testing.assert_allclose(r, p / p.sum(axis=1, keepdims=True), rtol=1e-5)
    assert log_p == pytest.approx(np.log(p.sum(axis=1)).mean(), rel=1e-6)


def test_own_and_shared_eigenvectors_give_one_likelihood(normal):
    F = em.fourier_vectors((5,))
    s = np.array([[1, 2, 3, 4, 5.0], [2, 1, 2, 1, 2.0]])
    h = normal(20, 5).astype(np.complex64)
    shared = em.Mixture(np.log([0.5, 0.5]), s, F[None])
    own = em.Mixture(np.log([0.5, 0.5]), s, np.stack([F, F]))
    np.testing.assert_allclose(shared.log_joint(h), own.log_joint(h), rtol=1e-5)


def test_maximisation_of_hard_clusters_is_their_sample_covariance(normal):
    h = normal(60, 4).astype(np.complex64)
    r = np.eye(2)[np.arange(60) % 3 % 2]
    mixture = maximise(h, r, "full")
    np.testing.assert_allclose(np.exp(mixture.log_weights), [2 / 3, 1 / 3], rtol=1e-6)
    for k in (0, 1):
        x = h[r[:, k] == 1]
        U, s = mixture.eigenvectors[k], mixture.eigenvalues[k]
        np.testing.assert_allclose(
            (U * s) @ U.conj().T, x.T @ x.conj() / len(x), atol=1e-5
        )


def test_strength_draws_towards_the_circulant_part(normal):
    """With endless strength a full covariance is the circulant one."""
    h = normal(60, 4).astype(np.complex64)
    r, F = np.ones((60, 1)), em.fourier_vectors((4,))
    full = maximise(h, r, "full", 1e7)
    ring = maximise(h, r, "circulant")
    U, s = full.eigenvectors[0], full.eigenvalues[0]
    R = (F * ring.eigenvalues[0]) @ F.conj().T
    np.testing.assert_allclose((U * s) @ U.conj().T, R, atol=1e-4)
    # One component: its spectrum is the mean power in the Fourier domain.
    power = np.mean(np.abs(h @ F.conj()) ** 2, axis=0)
    np.testing.assert_allclose(ring.eigenvalues[0], power, rtol=1e-5)


@pytest.mark.parametrize("covariance", em.COVARIANCES)
@pytest.mark.parametrize("strength", [0.0, 5.0])
def test_an_empty_component_stays_valid(normal, covariance, strength):
    h = normal(30, 4).astype(np.complex64)
    r = np.tile([1.0, 0.0], (30, 1))
    mixture = maximise(h, r, covariance, strength, rank=2)
    assert np.isfinite(mixture.log_joint(h)).all()
    assert (mixture.eigenvalues > 0).all()


def test_eigenvalues_have_a_floor():
    """Two channels span two of six dimensions; the rest gets 1e-6 of the power."""
    h = np.eye(6)[:2].astype(np.complex64)
    mixture = maximise(h, np.ones((2, 1)), "full")
    floor = 1e-6 / 6
    np.testing.assert_allclose(mixture.eigenvalues[0, :4], floor, rtol=1e-3)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), num_components=st.integers(2, 5))
def test_log_likelihood_never_falls(seed, num_components):
    """Dempster et al. (1977), theorem 1; without the circulant part."""
    rng = np.random.default_rng(seed)
    scale = rng.choice([0.3, 1.0, 2.0], size=(300, 1))
    h = (scale * (rng.normal(size=(300, 4, 2)) @ [1, 1j])).astype(np.complex64)
    F = em.fourier_vectors((4,))
    r = em.initial_responsibilities(h, num_components, F, seed)
    last = -np.inf
    for _ in range(15):
        mixture = maximise(h, r, "full")
        r, log_p = em.expectation(mixture, h)
        assert log_p >= last - 1e-3  # responsibilities under 1e-4 are left out
        last = log_p


def test_circulant_steps_raise_the_penalised_likelihood(normal):
    """One channel of the overall spectrum in each component is a prior: MAP-EM."""
    h = (normal(300, 4) * np.linspace(0.2, 2, 4)).astype(np.complex64)
    h[::2] = np.roll(h[::2], 2, axis=1)
    F = em.fourier_vectors((4,))
    overall = np.mean(np.abs(h @ F.conj()) ** 2, axis=0)
    r = em.initial_responsibilities(h, 3, F, 1)
    last = -np.inf
    for _ in range(20):
        mixture = maximise(h, r, "circulant")
        r, log_p = em.expectation(mixture, h)
        s = mixture.eigenvalues
        objective = 300 * log_p - np.sum(np.log(s) + overall / s)
        assert objective >= last - 1e-6 * abs(objective)
        last = objective


def test_first_clusters_separate_spectra_whatever_the_phase(rng, normal):
    F = em.fourier_vectors((8,))
    beam = rng.integers(2, size=100)
    h = 0.01 * normal(100, 8) + F.T[np.where(beam == 1, 2, 6)]
    h = (h * np.exp(2j * np.pi * rng.random((100, 1)))).astype(np.complex64)
    r = em.initial_responsibilities(h, 2, F, seed=0)
    np.testing.assert_array_equal(r.sum(axis=1), 1)
    agreement = np.mean(r[:, 1] == beam)
    assert agreement in (0.0, 1.0)


def test_fewer_different_channels_than_clusters(normal):
    h = np.tile(normal(2, 4), (10, 1)).astype(np.complex64)
    r = em.initial_responsibilities(h, 5, em.fourier_vectors((4,)), seed=0)
    np.testing.assert_array_equal(r.sum(axis=1), 1)
