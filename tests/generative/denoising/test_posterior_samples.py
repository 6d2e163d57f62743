"""Posterior samples, against mixtures whose posterior is known exactly."""

import numpy as np
import pytest

from commgen.generative import Diffusion, FourierDenoiser, RectifiedFlow
from commgen.generative.denoising.augmented import (
    Completion,
    Moments,
    augmented_samples,
)
from commgen.generative.denoising.reverse import falling_levels, reverse_samples
from commgen.generative.mixture.draw import MixtureDeviation
from commgen.generative.mixture.filter import mixture_moments, mixture_samples

MIXTURES = ("full", "circulant", "low-rank", "one")


@pytest.fixture
def seen(channels, normal):
    """Three observations in noise of variance 0.3."""
    return channels[:3].reshape(3, 12) + np.sqrt(0.3) * normal(3, 12)


def second_moments(h, mean):
    """Covariance around a known mean, [batch, size, size], of h [n, batch, size]."""
    d = h - mean
    return np.einsum("sbi,sbj->bij", d, d.conj()) / len(h)


def exact_covariance(mixture, y, no):
    """Covariance of h given y, from 200,000 draws of another implementation."""
    draws = mixture_samples(mixture, y, None, no, 200_000 // len(y), seed=9)
    return second_moments(draws, draws.mean(axis=0))


@pytest.mark.parametrize("name", MIXTURES)
def test_deviations_have_the_posterior_covariance(fitted, name, seen, rng):
    model, n = fitted(name), 8000
    no = np.full(3, 0.3)
    tiled = np.tile(seen, (n, 1))
    deviation, variance = MixtureDeviation(model)(tiled, np.tile(no, n), rng)
    deviation = deviation.reshape(n, 3, 12)
    _, err_var = mixture_moments(model.mixture, seen, None, no)
    np.testing.assert_allclose(variance[:3], err_var.mean(axis=1), rtol=1e-3)
    assert (np.abs(deviation.mean(axis=0)) < 4 * np.sqrt(err_var / n)).all()
    expected = exact_covariance(model.mixture, seen, no)
    error = np.abs(second_moments(deviation, 0) - expected)
    scale = np.sqrt(err_var[:, :, None] * err_var[:, None])
    # Of mixtures, fourth moments are some times those of a Gaussian.
    assert (error < 8 * scale / np.sqrt(n)).all()


def test_levels_fall_within_what_the_denoiser_knows():
    levels = falling_levels(np.array([1.0, 1e-3, 1e-5]), 3, 1e-4)
    np.testing.assert_allclose(levels[:, 0], [1, 0.1, 0.01])
    np.testing.assert_allclose(levels[:, 1], [1e-3, 1e-4, 1e-4])
    np.testing.assert_allclose(levels[:, 2], 1e-5)
    assert falling_levels(np.ones(2), 1, 1e-4).shape == (1, 2)


def exact_draw(mixture, rng):
    def draw(x, no):
        seed = int(rng.integers(2**31))
        return mixture_samples(mixture, x, None, no, 1, seed)[0]

    return draw


def gaussian_draw(mixture, normal):
    """Draws that have the moments of the posterior, and no more."""

    def draw(x, no):
        mean, variance = mixture_moments(mixture, x, None, no)
        return mean + np.sqrt(variance) * normal(*x.shape)

    return draw


@pytest.mark.parametrize("num_steps", [1, 3])
def test_reverse_chain_of_exact_draws_is_exact(fitted, num_steps, seen, rng, normal):
    mixture, n, no = fitted("full").mixture, 4000, np.full(3, 0.3)
    h = reverse_samples(
        exact_draw(mixture, rng),
        np.tile(seen, (n, 1)),
        falling_levels(np.tile(no, n), num_steps, 1e-4),
        lambda: normal(3 * n, 12),
    ).reshape(n, 3, 12)
    mean, variance = mixture_moments(mixture, seen, None, no)
    assert (np.abs(h.mean(axis=0) - mean) < 4.5 * np.sqrt(variance / n)).all()
    ratio = h.var(axis=0) / variance
    assert (np.abs(ratio - 1) < 8 / np.sqrt(n)).all()


def test_more_steps_find_the_shape_that_moments_do_not_tell(fitted, seen, rng, normal):
    """White draws become coloured: the off-diagonal of the covariance appears."""
    mixture, n, no = fitted("full").mixture, 2000, np.full(3, 0.3)
    expected = exact_covariance(mixture, seen, no)

    def error(num_steps):
        h = reverse_samples(
            gaussian_draw(mixture, normal),
            np.tile(seen, (n, 1)),
            falling_levels(np.tile(no, n), num_steps, 1e-4),
            lambda: normal(3 * n, 12),
        ).reshape(n, 3, 12)
        found = second_moments(h, h.mean(axis=0))
        return np.linalg.norm(found - expected) / np.linalg.norm(expected)

    assert error(12) < 0.6 * error(1)


@pytest.mark.parametrize("split", [1.0, 0.3])
def test_augmented_samples_of_exact_draws_are_exact(fitted, split, rng, normal):
    """Whatever splits the noise, as long as it does so exactly."""
    mixture, n, no = fitted("full").mixture, 1500, 0.3
    A = normal(5, 12) / 2
    y = normal(2, 5)
    seen = Completion.of(y, A, np.full(2, 1 / np.sqrt(no)))
    r2 = split * seen.largest_split()
    draw = exact_draw(mixture, rng)

    def step(x, level):
        return draw(x, level), *mixture_moments(mixture, x, None, level)

    start = mixture_samples(mixture, y, A, np.full(2, no), n, seed=3)
    samples, mean, variance = augmented_samples(
        step,
        seen.tiled(n),
        start.reshape(-1, 12),
        np.tile(r2, (6, n)),
        lambda: normal(2 * n, 12),
        n,
    )
    expected, err_var = mixture_moments(mixture, y, A, np.full(2, no))
    assert (np.abs(mean - expected) < 4.5 * np.sqrt(err_var / n)).all()
    np.testing.assert_allclose(variance, err_var, rtol=0.12)
    np.testing.assert_allclose(samples.var(axis=0), err_var, rtol=0.2)


def test_augmented_samples_forget_a_wrong_start(normal):
    """CN(0, I) and a mask, from far away: the closed form after some steps."""
    n, no = 3000, 0.5
    A, y = np.eye(4)[:2], np.array([[1 + 1j, -0.5]])
    seen = Completion.of(y, A, np.full(1, 1 / np.sqrt(no)))

    def step(x, level):
        level = level[:, None]
        h_hat, v = x / (1 + level), np.broadcast_to(level / (1 + level), x.shape)
        return h_hat + np.sqrt(v) * normal(*x.shape), h_hat, v

    samples, mean, variance = augmented_samples(
        step,
        seen.tiled(n),
        np.full((n, 4), 5.0 + 0j),
        np.full((60, n), no),
        lambda: normal(n, 4),
        n,
    )
    expected = np.array([*(y[0] / (1 + no)), 0, 0])
    np.testing.assert_allclose(mean[0], expected, atol=4 / np.sqrt(n))
    exact = np.array([no / (1 + no)] * 2 + [1.0] * 2)
    np.testing.assert_allclose(variance[0], exact, rtol=4 / np.sqrt(n))
    np.testing.assert_allclose(samples[:, 0].var(axis=0), exact, rtol=0.1)


def test_moments_follow_the_law_of_total_variance(normal):
    mean, var = normal(2, 20, 3), np.abs(normal(2, 20, 3))
    moments = Moments(20)
    moments.add(mean[0], var[0])
    moments.add(mean[1], var[1])
    total, err_var = moments.result()
    np.testing.assert_allclose(total, mean.mean(axis=(0, 1)))
    between = mean.var(axis=(0, 1))
    np.testing.assert_allclose(err_var, var.mean(axis=(0, 1)) + between * 21 / 19)


def test_the_error_of_a_mean_of_few_chains_is_promised(normal):
    """Of 4 chains of CN(0, 1) the mean misses 1/4, and the truth is 1 from 0."""
    errors, promised = [], []
    for _ in range(4000):
        moments = Moments(4)
        moments.add(normal(4, 1), np.zeros((4, 1)))
        mean, err_var = moments.result()
        errors.append(np.abs(mean - normal(1)) ** 2)
        promised.append(err_var)
    assert np.mean(promised) == pytest.approx(np.mean(errors), rel=4 / 4000**0.5)
    assert np.mean(promised) == pytest.approx(1.25, rel=4 / 4000**0.5)


@pytest.fixture(params=[Diffusion, RectifiedFlow])
def untrained(request, fitted, channels):
    """A network that has learned nothing: its estimate is that of its mixture."""
    network = FourierDenoiser(width=4, depth=1)
    model = request.param((2, 6), network, fitted("full"))
    model.preconditioner.adapt(channels.reshape(-1, 12))
    return model


def test_untrained_models_sample_the_posterior_of_their_mixture(
    untrained, fitted, seen
):
    y, n = seen.reshape(3, 2, 6), 400
    exact = fitted("full").posterior(y, None, 0.3)
    found = untrained.posterior(y, None, 0.3, num_samples=n, num_steps=2, seed=1)
    assert found.samples.shape == (n, 3, 2, 6)
    assert found.samples.dtype == np.complex64
    np.testing.assert_allclose(found.mean, exact.mean, atol=1e-4)
    standard = 4.5 * np.sqrt(exact.err_var / n)
    assert (np.abs(found.samples.mean(axis=0) - exact.mean) < standard).all()
    ratio = found.samples.var(axis=0).mean() / exact.err_var.mean()
    assert ratio == pytest.approx(1, abs=0.08)


def test_untrained_models_complete_as_their_mixture(untrained, fitted, seen, normal):
    A = normal(5, 12) / 2
    y, no = seen[:, :5], np.array([0.2, 0.3, 0.5])
    exact = fitted("full").posterior(y, A, no)
    found = untrained.posterior(y, A, no, num_samples=100, num_steps=24, seed=1)
    error = np.abs(found.mean - exact.mean) ** 2
    # The chains are not independent along their steps.
    assert error.mean() < 3 * exact.err_var.mean() / 100
    assert found.err_var.mean() == pytest.approx(exact.err_var.mean(), rel=0.1)
    spread = found.samples.var(axis=0).mean()
    assert spread == pytest.approx(exact.err_var.mean(), rel=0.15)


def test_samples_come_where_they_are_asked_for(prior, channels, normal):
    y, A = channels[:2], normal(4, 12)
    for arguments in ((y, None, 0.1), (normal(2, 4), A, 0.1)):
        assert prior.posterior(*arguments).samples is None
        drawn = [prior.posterior(*arguments, num_samples=3, seed=s) for s in (1, 1, 2)]
        assert drawn[0].samples.shape == (3, 2, 2, 6)
        np.testing.assert_array_equal(drawn[0].samples, drawn[1].samples)
        assert not np.allclose(drawn[0].samples, drawn[2].samples)


def test_a_model_without_a_mixture_samples_its_own_error(fitted, channels, normal):
    """A VAE: what it promises is what its samples spread."""
    model, no = fitted("vae"), 0.2
    y = channels[:50] + np.sqrt(no) * normal(50, 2, 6)
    found = model.posterior(y, None, no, num_samples=40, num_steps=1)
    spread = found.samples.var(axis=0, ddof=1).mean()
    assert spread == pytest.approx(found.err_var.mean(), rel=0.05)
    error = np.mean(np.abs(found.samples.mean(axis=0) - found.mean) ** 2)
    assert error == pytest.approx(spread / 40, rel=0.2)


def test_observing_nothing_returns_the_prior(untrained):
    """A of zeros: the power of the channels is what they differ by."""
    found = untrained.posterior(np.zeros((2, 1)), np.zeros((1, 12)), 0.1, seed=1)
    h = untrained.prior.sample(4000, seed=2)
    power = np.mean(np.abs(h) ** 2)
    assert found.err_var.mean() == pytest.approx(power, rel=0.25)
