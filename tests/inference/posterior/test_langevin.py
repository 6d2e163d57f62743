"""Annealed Langevin dynamics, against Gaussian posteriors in closed form."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.inference.posterior.langevin import langevin_posterior


class GaussianPrior:
    """CN(0, R) with its MMSE estimate, from the textbook."""

    def __init__(self, R):
        self.event_shape = (len(R),)
        self._values, self._vectors = (
            tf.constant(part, tf.complex64) for part in np.linalg.eigh(R)
        )

    def denoise(self, y, no):
        s, U = self._values[None], self._vectors
        no = tf.broadcast_to(tf.cast(no, tf.complex64), tf.shape(y)[:1])[:, None]
        gain = s / (s + no)
        h_hat = (gain * (y @ tf.math.conj(U))) @ tf.transpose(U)
        power = tf.abs(U) ** 2
        return h_hat, tf.math.real(gain * no) @ tf.transpose(power)


def posterior_of(R, y, A, noise):
    G = R @ A.conj().T @ np.linalg.inv(A @ R @ A.conj().T + noise)
    return y @ G.T, np.diag(R - G @ A @ R).real


@pytest.mark.parametrize("case", ["all", "mask", "coloured"])
def test_langevin_samples_a_gaussian_posterior(case, covariance, normal):
    R, n, no = covariance(4, 0.6), 400, 0.2
    A = {"all": np.eye(4), "mask": np.eye(4)[[0, 3]], "coloured": normal(3, 4)}[case]
    noise = no * np.eye(len(A))
    if case == "coloured":
        noise = covariance(3, 0.5)
    y = normal(2, len(A))
    mean, variance = posterior_of(R, y, A, noise)
    found = langevin_posterior(
        GaussianPrior(R),
        y,
        None if case == "all" else A,
        noise if case == "coloured" else no,
        num_samples=n,
        num_levels=50,
        steps_per_level=4,
        step_size=0.15,
        seed=1,
    )
    assert found.samples.shape == (n, 2, 4)
    assert (np.abs(found.mean - mean) < 4.5 * np.sqrt(variance / n)).all()
    # Steps of 0.15 spread a few percent too much.
    four_sigma = 4 / np.sqrt(n)
    np.testing.assert_allclose(found.err_var / variance, 1.05, atol=four_sigma + 0.08)


def test_langevin_repeats_under_one_seed(covariance, normal):
    prior, y = GaussianPrior(covariance(4, 0.6)), normal(2, 4)
    options = {"num_samples": 3, "num_levels": 4}
    first, again, other = (
        langevin_posterior(prior, y, None, 0.1, seed=s, **options) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(first.mean, again.mean)
    assert not np.allclose(first.mean, other.mean)


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"num_samples": 1}, "num_samples must be at least 2, got 1"),
        ({"num_levels": 1}, "num_levels must be at least 2, got 1"),
        ({"steps_per_level": 0}, "steps_per_level must be at least 1, got 0"),
        ({"step_size": 1.0}, r"step_size must be below 1, got 1\.0"),
        ({"step_size": 0.0}, "step_size must be finite and above 0"),
        ({"snr_range_db": (10.0, 0.0)}, r"snr_range_db must rise within .* \(10\.0,"),
    ],
)
def test_langevin_checks_its_arguments(options, match, covariance):
    with pytest.raises(ValueError, match=match):
        langevin_posterior(
            GaussianPrior(covariance(4, 0.6)), np.ones((1, 4)), **options
        )
