"""Samplers with denoisers whose answer is known."""

import numpy as np
import pytest

from commgen.generative.denoising.solver import multistep_sample, noise_levels
from commgen.inference.posterior.guided import guided_samples


def test_noise_levels():
    levels = noise_levels(0.01, 10.0, 8)
    assert len(levels) == 9
    np.testing.assert_allclose(levels[[0, 7, 8]], [10.0, 0.01, 0.0])
    assert (np.diff(levels) < 0).all()
    straight = noise_levels(1.0, 4.0, 4, rho=1.0)
    np.testing.assert_allclose(straight, [4, 3, 2, 1, 0])


def gaussian_denoiser(R):
    """E[h | x] of CN(0, R) in white noise, from the textbook."""
    eye = np.eye(len(R))

    def denoise(x, no):
        W = R @ np.linalg.inv(R + no * eye)
        return x @ W.T, np.tile(np.diag(R - W @ R).real, (len(x), 1))

    return denoise


def mean_of(R):
    denoise = gaussian_denoiser(R)
    return lambda x, no: denoise(x, no)[0]


def flow_error(num_steps):
    """How far a solution is from x ~ sqrt(s + sigma^2) (Karras et al., appendix B)."""
    s = np.array([0.01, 0.5, 3.0])
    levels = noise_levels(0.01, 100.0, num_steps)
    h = multistep_sample(mean_of(np.diag(s)), np.full((1, 3), 100.0), levels)
    # The last answer of the denoiser is a little short of the channel.
    end = 100 * np.sqrt(s / (s + 100**2)) * np.sqrt(s / (s + 0.01**2))
    return np.abs(h[0] / end - 1).max()


def test_multistep_follows_the_flow_of_a_gaussian():
    """To second order: twice the steps, a quarter of the error."""
    coarse, fine = flow_error(80), flow_error(160)
    assert coarse < 0.02
    assert 3 < coarse / fine < 6


def test_multistep_reproduces_a_covariance(covariance, normal):
    R, n = covariance(4, 0.5), 10_000
    levels = noise_levels(0.01, 100.0, 80)
    h = multistep_sample(mean_of(R), levels[0] * normal(n, 4), levels)
    power = np.diag(R).real
    four_sigma = 4 * np.sqrt(np.outer(power, power) / n)
    assert (np.abs(h.T @ h.conj() / n - R) < four_sigma).all()


def test_multistep_from_a_single_level_is_one_answer():
    x = np.ones((1, 2))
    h = multistep_sample(mean_of(np.eye(2)), x, np.array([2.0, 0.0]))
    np.testing.assert_allclose(h, x / 5)


@pytest.mark.parametrize("seen", [[True, False, True, False], [True] * 4])
def test_guided_samples_of_a_white_gaussian(seen, normal):
    """Where h is CN(0, I) a mask leaves CN(y / (1 + no), no / (1 + no))."""
    n, no = 4000, 0.2
    mask = np.array(seen)
    A = np.eye(4)[mask]
    y = np.array([1 + 1j, 0.5, -1.0, -0.7j])[mask]

    def pull(x, level, residual):
        h_hat, v = x / (1 + level), level / (1 + level)
        u = residual(h_hat, np.full((len(x), 1), v), slice(0, len(x)))
        return h_hat, u / (1 + level)

    h = guided_samples(
        pull,
        np.tile(y / np.sqrt(no), (n, 1)),
        A / np.sqrt(no),
        lambda: normal(n, 4),
        noise_levels(0.01, 30.0, 300),
    )
    mean = A.T @ y / (1 + no)
    variance = np.where(mask, no / (1 + no), 1.0)
    four_sigma = 4 * np.sqrt(variance / n)
    assert (np.abs(h.mean(axis=0) - mean) < four_sigma + 0.01).all()
    # The power of a complex Gaussian deviates by 1 / sqrt(n).
    error = np.abs(h.var(axis=0) / variance - 1)
    assert (error < 4 / np.sqrt(n) + 0.03).all()
