"""Converters of few bits: the quantiser, the linear estimate, the posterior."""

import numpy as np
import pytest
from scipy.stats import norm

from commgen.inference.observation import (
    LinearObservation,
    Quantizer,
    bussgang_lmmse,
    distortion,
    infer,
    linear_mmse,
    optimal_step,
    quantized_covariance,
    quantized_posterior,
)
from commgen.inference.observation.interval_ep import interval_moments

# Max, IRE Trans. Inf. Theory 6 (1960), table II: steps and distortions of 2, 4, 8, 16
# and 32 levels, for unit variance.
MAX_1960 = {
    1: (1.596, 0.3634),
    2: (0.9957, 0.1188),
    3: (0.5860, 0.03744),
    4: (0.3352, 0.01154),
    5: (0.1881, 0.003495),
}


@pytest.mark.parametrize("num_bits", MAX_1960)
def test_steps_are_those_of_max(num_bits):
    step, error = MAX_1960[num_bits]
    assert optimal_step(num_bits) == pytest.approx(step, abs=5e-4)
    assert distortion(num_bits, step) == pytest.approx(error, rel=1e-3)


@pytest.mark.parametrize("num_bits", [8, 12])
def test_no_step_near_the_optimal_one_is_better(num_bits):
    step = optimal_step(num_bits)
    for other in (0.8 * step, 0.95 * step, 1.05 * step, 1.2 * step):
        assert distortion(num_bits, step) < distortion(num_bits, other)


def test_levels_lie_within_their_bounds(rng):
    quantizer = Quantizer.matched(3, 2.0)
    y = rng.normal(size=1000) * 2
    q = quantizer(y).real
    low, high = quantizer.bounds(q)
    assert np.all((low <= y) & (y <= high))
    assert np.max(np.abs(y - q)[np.isfinite(low + high)]) <= quantizer.step / 2
    assert len(np.unique(q)) == 8


def test_one_bit_covariance_is_the_arcsine_law(covariances):
    """Van Vleck's law, of levels +-step / 2."""
    R = covariances[0] * 1.7
    gain, C = quantized_covariance(R, Quantizer(1, 2.0))
    rho = R / np.sqrt(np.outer(np.diag(R), np.diag(R)).real)
    arcsine = np.arcsin(rho.real.clip(-1, 1)) + 1j * np.arcsin(rho.imag)
    np.testing.assert_allclose(C, 2 * (2 / np.pi) * arcsine, atol=1e-6)
    np.testing.assert_allclose(gain, np.sqrt(2 / np.pi / (np.diag(R).real / 2)))


@pytest.mark.parametrize("num_bits", [2, 3, 6])
def test_covariance_and_gain_against_draws(num_bits, covariances, rng):
    R, quantizer = covariances[0], Quantizer.matched(num_bits, 1.0)
    z = rng.normal(size=(200_000, 4, 2)) @ np.array([1, 1j]) / 2**0.5
    y = z @ np.linalg.cholesky(R).T
    q = quantizer(y)
    gain, C = quantized_covariance(R, quantizer)
    atol = 4 / np.sqrt(len(y)) + (2e-3 if num_bits > 4 else 0)
    np.testing.assert_allclose(q.T @ q.conj() / len(q), C, atol=atol)
    np.testing.assert_allclose(q.T @ y.conj() / len(q), gain[:, None] * R, atol=atol)


def test_linear_estimate_keeps_what_it_promises(make_mixture, covariances):
    one = make_mixture([1.0], covariances[:1])
    h = one.sample(20_000, seed=1)
    observation = LinearObservation.masked(np.array([1, 1, 0, 1], bool), 0.2)
    quantizer = Quantizer.matched(2, 1.2)
    q = quantizer(observation.simulate(h, seed=2))
    posterior = bussgang_lmmse(covariances[0], q, quantizer, observation)
    error = np.mean(np.abs(posterior.mean - h) ** 2, axis=0)
    np.testing.assert_allclose(error, posterior.err_var[0], rtol=4 / np.sqrt(len(h)))


@pytest.mark.parametrize(
    ("low", "high"), [(-np.inf, 0.3), (-0.4, 0.1), (1.0, np.inf), (5.0, 5.1)]
)
def test_interval_moments_against_a_sum(low, high):
    x = np.linspace(-12, 12, 200_001)
    mean, variance, noise = 0.4, 1.7, 0.2
    weight = norm.pdf(x, mean, np.sqrt(variance)) * (
        norm.cdf((high - x) / np.sqrt(noise)) - norm.cdf((low - x) / np.sqrt(noise))
    )
    mass = weight.sum() * (x[1] - x[0])
    first = weight @ x / weight.sum()
    second = weight @ (x - first) ** 2 / weight.sum()
    log_mass, slope, curvature = interval_moments(
        *(np.array([v]) for v in (low, high, mean, variance, noise))
    )
    assert log_mass[0] == pytest.approx(np.log(mass), abs=1e-6)
    assert mean + variance * slope[0] == pytest.approx(first, abs=1e-6)
    assert variance - variance**2 * curvature[0] == pytest.approx(second, abs=1e-6)


def test_interval_moments_hold_far_from_the_mean():
    """Of N(0, 1) beyond 40 deviations: slope x + 1 / x, Mills' ratio."""
    log_mass, slope, curvature = interval_moments(
        np.array([40.0, -np.inf]), np.array([np.inf, -40.0]), 0.0, 1.0, 1e-12
    )
    assert np.isfinite(log_mass).all()
    np.testing.assert_allclose(slope, [40 + 1 / 40, -40 - 1 / 40], rtol=1e-5)
    np.testing.assert_allclose(curvature, 1, rtol=1e-2)


@pytest.mark.parametrize("num_bits", [1, 2, 3])
def test_one_antenna_against_a_sum(num_bits, make_mixture):
    """With one site for each part, EP is exact for a Gaussian; of a mixture too."""
    variances, weights, no = np.array([0.3, 2.0]), np.array([0.6, 0.4]), 0.3
    prior = make_mixture(weights, variances[:, None, None])
    quantizer = Quantizer.matched(num_bits, 1.3)
    q = quantizer(np.array([[0.2 + 0.1j], [-1.9 + 0.3j], [2.5 - 2.5j]]))
    observation = LinearObservation((1,), None, no)
    posterior = quantized_posterior(prior, q, quantizer, observation)
    x = np.linspace(-8, 8, 801)
    re, im = np.meshgrid(x, x, indexing="ij")
    h = re + 1j * im
    density = sum(
        w / v * np.exp(-(np.abs(h) ** 2) / v)
        for w, v in zip(weights, variances, strict=True)
    )
    for i in range(3):
        p = density.copy()
        for part, level in ((re, q[i, 0].real), (im, q[i, 0].imag)):
            low, high = quantizer.bounds(level)
            root = np.sqrt(no / 2)
            p *= norm.cdf((high - part) / root) - norm.cdf((low - part) / root)
        p /= p.sum()
        mean = np.sum(p * h)
        variance = np.sum(p * np.abs(h - mean) ** 2)
        assert posterior.mean[i, 0] == pytest.approx(mean, abs=2e-4)
        assert posterior.err_var[i, 0] == pytest.approx(variance, rel=1e-3)


@pytest.mark.parametrize("seen", ["all", "combined"])
@pytest.mark.parametrize("num_bits", [1, 2])
def test_four_antennas_against_importance_sampling(num_bits, seen, mixture):
    W = np.linalg.qr(np.exp(1j * np.arange(8).reshape(4, 2) ** 2))[0].T
    A = None if seen == "all" else W
    observation = LinearObservation((4,), A, 0.3)
    quantizer = Quantizer.matched(num_bits, 1.3)
    h = mixture.sample(3, seed=4)
    q = quantizer(observation.simulate(h, seed=5))
    posterior = quantized_posterior(mixture, q, quantizer, observation)
    drawn = mixture.sample(400_000, seed=6)
    z = drawn if A is None else drawn @ A.T
    root = np.sqrt(0.15)
    for i in range(3):
        weight = np.ones(len(drawn))
        for part, level in ((z.real, q[i].real), (z.imag, q[i].imag)):
            low, high = quantizer.bounds(level)
            weight *= np.prod(
                norm.cdf((high - part) / root) - norm.cdf((low - part) / root), axis=1
            )
        weight /= weight.sum()
        mean = weight @ drawn
        variance = weight @ np.abs(drawn - mean) ** 2
        sigma = np.sqrt(np.sum(weight**2) * variance.max())
        # EP is no exact method: two per cent of a deviation beside what was drawn.
        atol = 4 * sigma + 0.02 * np.sqrt(variance.max())
        np.testing.assert_allclose(posterior.mean[i], mean, atol=atol)
        np.testing.assert_allclose(posterior.err_var[i], variance, rtol=0.05)


def test_many_bits_lose_nothing(mixture):
    observation = LinearObservation((4,), None, 0.1)
    y = observation.simulate(mixture.sample(20, seed=1), seed=2)
    quantizer = Quantizer(12, 0.005)
    q = quantizer(y)
    exact = infer(mixture, y, observation)
    posterior = quantized_posterior(mixture, q, quantizer, observation)
    np.testing.assert_allclose(posterior.mean, exact.mean, atol=0.01)
    np.testing.assert_allclose(posterior.err_var, exact.err_var, rtol=0.02)
    R = np.eye(4) + 0.1
    linear = bussgang_lmmse(R, q, quantizer, observation)
    exact = linear_mmse(R, y, observation)
    np.testing.assert_allclose(linear.mean, exact.mean, atol=0.01)


def test_the_posterior_is_honest_and_beats_the_linear_one(
    mixture, covariances, weights
):
    h = mixture.sample(600, seed=1)
    observation = LinearObservation((4,), None, 0.1)
    quantizer = Quantizer.matched(2, 1.1)
    q = quantizer(observation.simulate(h, seed=2))
    posterior = quantized_posterior(mixture, q, quantizer, observation)
    error = np.mean(np.abs(posterior.mean - h) ** 2)
    R = np.einsum("k,kij->ij", weights, covariances)
    linear = bussgang_lmmse(R, q, quantizer, observation)
    assert error < 0.9 * np.mean(np.abs(linear.mean - h) ** 2)
    assert posterior.err_var.mean() == pytest.approx(error, rel=0.12)


def test_errors(mixture, covariances):
    observation = LinearObservation((4,), None, 0.1)
    quantizer = Quantizer(1, 2.0)
    q = quantizer(np.ones((2, 4)))
    with pytest.raises(ValueError, match="num_bits must be at most 12"):
        Quantizer(13, 1.0)
    with pytest.raises(ValueError, match="step must be finite and above 0"):
        Quantizer(1, 0.0)
    with pytest.raises(ValueError, match="y must be finite"):
        quantizer([np.nan])
    with pytest.raises(ValueError, match="power must be finite and above 0"):
        Quantizer.matched(1, 0)
    with pytest.raises(ValueError, match="q must hold levels of 1 bits"):
        quantized_posterior(mixture, 0.3 * q, quantizer, observation)
    with pytest.raises(ValueError, match=r"q must be \[batch, 4\]"):
        quantized_posterior(mixture, q[:, :3], quantizer, observation)
    coloured = LinearObservation.coloured(np.eye(4), (4,))
    with pytest.raises(ValueError, match="noise_corr must be None"):
        quantized_posterior(mixture, q, quantizer, coloured)
    with pytest.raises(ValueError, match="max_iterations must be at least 1"):
        quantized_posterior(mixture, q, quantizer, observation, max_iterations=0)
    with pytest.raises(ValueError, match="tolerance must be finite and above 0"):
        quantized_posterior(mixture, q, quantizer, observation, tolerance=0.0)
    levels = LinearObservation((4,), None, np.ones(2))
    with pytest.raises(ValueError, match="no must be one number"):
        bussgang_lmmse(covariances[0], q, quantizer, levels)
