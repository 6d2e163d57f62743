"""Gaussian mixtures against closed forms and brute force."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from commgen.generative import GaussianMixture
from commgen.generative.mixture import em


def mixture_of(covariances, weights, event_shape):
    """Return a model with these covariances, unfitted."""
    model = GaussianMixture(event_shape, len(weights))
    pairs = [np.linalg.eigh(R) for R in covariances]
    values, vectors = (np.stack(part) for part in zip(*pairs, strict=True))
    model._assign(em.Mixture(np.log(weights), values, vectors))
    return model


@pytest.fixture
def two(covariance):
    """Two covariances of five entries, of which one is small and steep."""
    R = [covariance(5, 0.6), 0.4 * covariance(5, 1 / 0.3)]
    return R, np.array([0.3, 0.7]), mixture_of(R, [0.3, 0.7], (5,))


@pytest.fixture
def draw_two(two, rng, normal):
    def draw(n):
        roots = [np.linalg.cholesky(R) for R in two[0]]
        first = rng.random((n, 1)) < two[1][0]
        z = normal(n, 5)
        return np.where(first, z @ roots[0].T, z @ roots[1].T)

    return draw


@pytest.mark.parametrize("no", [1e-3, 0.1, 10.0])
def test_one_component_is_the_lmmse_of_the_sample_covariance(channels, normal, no):
    """Kay, Estimation Theory (1993), eqs. (12.26) and (12.28)."""
    h = channels.reshape(300, 12)
    R = (h.T @ h.conj() / 300).astype(np.complex128)
    y = normal(9, 12)
    W = R @ np.linalg.inv(R + no * np.eye(12))
    h_hat, err_var = GaussianMixture((12,), 1).fit(h, seed=0).denoise(y, no)
    np.testing.assert_allclose(h_hat, y @ W.T, atol=2e-4)
    expected = np.diag(R - W @ R).real
    np.testing.assert_allclose(err_var, np.tile(expected, (9, 1)), rtol=2e-3)


def test_events_of_many_axes_are_flattened_in_c_order(two_clusters, rng, normal):
    h = two_clusters(rng, 100, (3, 2, 5))
    y = normal(4, 3, 2, 5)
    for covariance in ("full", "circulant"):
        cube = GaussianMixture((3, 2, 5), 1, covariance).fit(h, seed=0)
        if covariance == "full":
            flat = GaussianMixture((30,), 1).fit(h.reshape(100, 30), seed=0)
            np.testing.assert_allclose(
                cube.denoise(y, 0.1)[0].numpy().reshape(4, 30),
                flat.denoise(y.reshape(4, 30), 0.1)[0],
                atol=1e-5,
            )
        assert cube.sample(2, seed=0).shape == (2, 3, 2, 5)
        assert cube.posterior(y[..., 0, 0], np.eye(30)[:3], 0.1).mean.shape == y.shape


@pytest.mark.parametrize("event_shape", [(8,), (3, 2, 5)])
def test_circulant_covariance_is_diagonal_in_fourier(two_clusters, rng, event_shape):
    """Denoising is a real gain on each Fourier coefficient, of the mean power."""
    h = two_clusters(rng, 200, event_shape)
    model = GaussianMixture(event_shape, 1, "circulant").fit(h, seed=0)
    axes = tuple(range(1, h.ndim))
    power = np.mean(np.abs(np.fft.fftn(h, axes=axes, norm="ortho")) ** 2, axis=0)
    y = two_clusters(rng, 3, event_shape)
    h_hat, err_var = model.denoise(y, 0.2)
    spectrum = np.fft.fftn(y, axes=axes, norm="ortho") * power / (power + 0.2)
    expected = np.fft.ifftn(spectrum, axes=axes, norm="ortho")
    np.testing.assert_allclose(h_hat, expected, atol=1e-5)
    mean = np.mean(power * 0.2 / (power + 0.2))
    np.testing.assert_allclose(err_var, np.full(y.shape, mean), rtol=1e-4)


def test_fit_finds_a_known_mixture(two, draw_two):
    R, weights, _ = two
    h = draw_two(6000)
    model = GaussianMixture((5,), 2).fit(
        h, seed=0, strength=0.0, tolerance=1e-5, max_iterations=300
    )
    found = model.mixture
    order = np.argsort(found.log_weights)
    np.testing.assert_allclose(np.exp(found.log_weights[order]), weights, atol=0.03)
    for k, i in enumerate(order):
        U, s = found.eigenvectors[i], found.eigenvalues[i]
        error = np.linalg.norm((U * s) @ U.conj().T - R[k]) / np.linalg.norm(R[k])
        assert error < 0.1


def test_fit_is_a_function_of_the_seed(channels):
    a, b = (GaussianMixture((2, 6), 4).fit(channels, seed=3) for _ in range(2))
    for left, right in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_array_equal(left, right)


def test_more_components_fit_better(channels, two_clusters, rng):
    held_out = two_clusters(rng, 500)
    one = GaussianMixture((2, 6), 1).fit(channels, seed=0)
    two = GaussianMixture((2, 6), 2).fit(channels, seed=0)
    assert two.log_prob(held_out).mean() > one.log_prob(held_out).mean() + 0.5


def test_as_many_components_as_channels(channels):
    model = GaussianMixture((2, 6), 20).fit(channels[:20], seed=0)
    assert np.isfinite(model.log_prob(channels)).all()


def test_before_the_fit_channels_are_white(normal):
    for covariance in ("full", "circulant"):
        model, y = GaussianMixture((2, 3), 4, covariance), normal(2, 2, 3)
        h_hat, err_var = model.denoise(y, 0.25)
        np.testing.assert_allclose(h_hat, y / 1.25, atol=1e-5)
        np.testing.assert_allclose(err_var, np.full(y.shape, 0.2), rtol=1e-5)
        log_p = -6 * np.log(np.pi) - np.sum(np.abs(y) ** 2, axis=(1, 2))
        np.testing.assert_allclose(model.log_prob(y), log_p, rtol=1e-5)


def test_repeated_channels(channels):
    """Recordings of a channel that stands still."""
    h = np.repeat(channels[:3], 10, axis=0)
    for strength in (None, 0.0):
        model = GaussianMixture((2, 6), 5).fit(h, seed=0, strength=strength)
        assert np.isfinite(model.log_prob(h)).all()


def test_log_prob_against_scipy(covariance, normal):
    R = covariance(4, 0.7)
    model = mixture_of([R], [1.0], (4,))
    h = normal(20, 4)
    C = np.block([[R.real, -R.imag], [R.imag, R.real]]) / 2
    expected = multivariate_normal(cov=C).logpdf(np.hstack([h.real, h.imag]))
    np.testing.assert_allclose(model.log_prob(h), expected, rtol=1e-4, atol=1e-4)


def test_log_prob_of_a_mixture_is_that_of_its_parts(two, normal):
    R, weights, model = two
    h = normal(20, 5)
    parts = [mixture_of([C], [1.0], (5,)).log_prob(h) for C in R]
    expected = np.log(weights @ np.exp(parts))
    np.testing.assert_allclose(model.log_prob(h), expected, rtol=1e-5)


def test_samples_have_the_covariance_of_the_mixture(two):
    R, weights, model = two
    n = 20_000
    h = model.sample(n, seed=2)
    expected = sum(w * C for w, C in zip(weights, R, strict=True))
    # Fourth moments: E|h_i h_j*|^2 of each part is R_ii R_jj + |R_ij|^2.
    fourth = sum(
        w * (np.outer(np.diag(C), np.diag(C)).real + np.abs(C) ** 2)
        for w, C in zip(weights, R, strict=True)
    )
    four_sigma = 4 * np.sqrt((fourth - np.abs(expected) ** 2) / n)
    assert (np.abs(h.T @ h.conj() / n - expected) < four_sigma).all()


def test_posterior_against_bayes_rule_on_a_grid_of_one_dimension():
    """One complex entry seen twice in coloured noise."""
    s, w = np.array([0.1, 1.5]), np.array([0.6, 0.4])
    model = mixture_of(s[:, None, None].astype(complex), w, (1,))
    A = np.array([[1.0], [0.5 - 1j]])
    noise = np.array([[0.5, 0.2j], [-0.2j, 0.3]])
    y = np.array([[0.4 + 0.2j, -0.3j], [2.0, 1.0 - 2j]])
    axis = np.linspace(-6, 6, 241)
    h = (axis[:, None] + 1j * axis).ravel()
    prior = np.sum(w / s * np.exp(-(np.abs(h[:, None]) ** 2) / s), axis=1)
    posterior = model.posterior(y, A, noise)
    for i in range(2):
        mean, variance = bayes(h[:, None], prior, y[i], A, noise)
        np.testing.assert_allclose(posterior.mean[i], mean, atol=1e-5)
        np.testing.assert_allclose(posterior.err_var[i], variance, rtol=1e-4)


def test_posterior_against_bayes_rule_on_a_grid_of_two_dimensions():
    """Two complex entries, of which one sum is seen."""
    R = [np.array([[1.0, 0.6j], [-0.6j, 0.8]]), np.diag([0.3, 0.5 + 0j])]
    w = np.array([0.5, 0.5])
    model = mixture_of(R, w, (2,))
    A, noise, y = np.array([[1.0, 0.7j]]), 0.4, np.array([[0.8 - 0.5j]])
    axis = np.linspace(-3.6, 3.6, 29)
    parts = np.stack(np.meshgrid(*[axis] * 4, indexing="ij"), -1).reshape(-1, 4)
    h = parts[:, :2] + 1j * parts[:, 2:]
    prior = sum(
        wk
        / np.linalg.det(C).real
        * np.exp(-np.sum((h.conj() * (h @ np.linalg.inv(C).T)).real, axis=1))
        for wk, C in zip(w, R, strict=True)
    )
    posterior = model.posterior(y, A, noise)
    mean, variance = bayes(h, prior, y[0], A, noise * np.eye(1))
    np.testing.assert_allclose(posterior.mean[0], mean, atol=2e-3)
    np.testing.assert_allclose(posterior.err_var[0], variance, rtol=5e-3)


def bayes(h, prior, y, A, noise):
    """Mean and variance of h given y by a sum over the grid h : [n, size]."""
    e = y - h @ A.T
    log_likelihood = -np.sum((e.conj() * (e @ np.linalg.inv(noise).T)).real, axis=1)
    p = prior * np.exp(log_likelihood - log_likelihood.max())
    p /= p.sum()
    mean = p @ h
    return mean, p @ np.abs(h - mean) ** 2


@pytest.mark.parametrize("no", [0.01, 0.3, 3.0])
def test_error_variance_is_the_error(two, draw_two, normal, no):
    n = 20_000
    h = draw_two(n)
    h_hat, err_var = two[2].denoise(h + np.sqrt(no) * normal(n, 5), no)
    assert_calibrated(h, h_hat, err_var)


def test_error_variance_of_the_posterior_is_the_error(two, draw_two, normal):
    """Three sums of five entries; a noise variance for each channel."""
    n = 2000
    h, A = draw_two(n), normal(3, 5)
    no = np.tile([0.05, 0.5], n // 2)
    y = h @ A.T + np.sqrt(no)[:, None] * normal(n, 3)
    posterior = two[2].posterior(y, A, no)
    assert_calibrated(h, posterior.mean, posterior.err_var)


def assert_calibrated(h, h_hat, err_var):
    excess = np.mean(np.abs(h_hat - h) ** 2 - err_var, axis=1)
    four_sigma = 4 * excess.std() / np.sqrt(len(h))
    assert abs(excess.mean()) < four_sigma
    assert four_sigma < 0.2 * np.mean(err_var)


def test_arguments_are_checked(channels):
    with pytest.raises(ValueError, match="num_components must be at least 1, got 0"):
        GaussianMixture((4,), 0)
    with pytest.raises(TypeError, match=r"num_components must be a whole .* got 1\.5"):
        GaussianMixture((4,), 1.5)
    with pytest.raises(ValueError, match=r"covariance must be of .* got 'diagonal'"):
        GaussianMixture((4,), 2, "diagonal")
    model = GaussianMixture((2, 6), 2)
    with pytest.raises(ValueError, match=r"strength must be .* at least 0, got -1"):
        model.fit(channels, seed=0, strength=-1)
    with pytest.raises(ValueError, match="max_iterations must be at least 1, got 0"):
        model.fit(channels, seed=0, max_iterations=0)
    with pytest.raises(ValueError, match=r"h must be \[n, 2, 6\]"):
        model.log_prob(channels[:, 0])


@pytest.mark.parametrize("covariance_kind", ["full", "circulant"])
def test_estimate_is_denoise_on_parts(channels, covariance_kind):
    """The fast path, on which a diffusion model builds, and the exact one agree."""
    model = GaussianMixture(channels.shape[1:], 3, covariance_kind).fit(
        channels, seed=0
    )
    y = channels[:40].astype(np.complex64)
    no = np.geomspace(1e-3, 30, len(y)).astype(np.float32)
    flat = y.reshape(len(y), -1)
    re, im, err_var = (np.array(v) for v in model.estimate(flat.real, flat.imag, no))
    h_hat, exact = (np.reshape(v, flat.shape) for v in model.denoise(y, no))
    np.testing.assert_allclose(re + 1j * im, h_hat, atol=1e-5)
    np.testing.assert_allclose(err_var, exact.mean(axis=1), rtol=1e-3)


def test_what_does_not_fit_in_memory_is_refused_before_it_is_allocated():
    with pytest.raises(ValueError, match=r"num_components must fit .* takes"):
        GaussianMixture((64,), 10**9)
    model = GaussianMixture((4,), 1)
    with pytest.raises(ValueError, match=r"n must fit .* got 1000000000000:"):
        model.sample(10**12, seed=0)
    with pytest.raises(ValueError, match=r"num_samples must fit .* takes"):
        model.posterior(np.ones((2, 4), complex), num_samples=10**12)
