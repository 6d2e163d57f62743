import numpy as np
import pytest
from scipy import stats

from commgen.inference.parameters import (
    envelope_crb,
    envelope_moments,
    envelope_posterior,
    rice_crb,
    rice_moments,
    rice_posterior,
)


def rice(rng, K, n, power=1.0):
    d = rng.normal(scale=np.sqrt(0.5 / (1 + K)), size=(n, 2)).view(complex)[:, 0]
    phase = np.exp(2j * np.pi * rng.random())
    return np.sqrt(power) * (np.sqrt(K / (1 + K)) * phase + d)


def numerical_information(log_density, theta, nodes, weights, step=1e-5):
    scores = []
    for i in range(len(theta)):
        move = step * np.eye(len(theta))[i]
        change = log_density(nodes, theta + move) - log_density(nodes, theta - move)
        scores.append(change / (2 * step))
    p = weights * np.exp(log_density(nodes, theta))
    return np.array([[np.sum(p * a * b) for b in scores] for a in scores])


def test_intervals_cover_where_k_comes_from_the_prior(rng):
    inside, of_envelopes = [], []
    for _ in range(150):
        k_db = rng.uniform(-20, 30)
        h = rice(rng, 10 ** (k_db / 10), 25, power=3e-6)
        for posterior, hits in (
            (rice_posterior(h[:, None]), inside),
            (envelope_posterior(np.abs(h)), of_envelopes),
        ):
            low, high = posterior.k_db.interval(0.9)
            hits.append(low[0] <= k_db <= high[0])
    for hits in (inside, of_envelopes):
        assert np.mean(hits) == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 150))


def test_noise_and_power_are_found(rng):
    h = rice(rng, 4.0, 400, power=2.0)
    noise = rng.normal(scale=np.sqrt(0.25), size=(400, 3, 2)).view(complex)[..., 0]
    posterior = rice_posterior(h[:, None] + noise, no=None)
    assert posterior.no_db is not None
    low, high = posterior.no_db.interval(0.999)
    assert low[0] < 10 * np.log10(0.5) < high[0]
    # Of a variance with 800 degrees of freedom.
    assert posterior.no_db.std() == pytest.approx(
        10 / np.log(10) / np.sqrt(800), rel=0.05
    )
    low, high = posterior.power_db.interval(0.999)
    assert low[0] < 10 * np.log10(2.0) < high[0]
    low, high = posterior.k_db.interval(0.999)
    assert low[0] < 10 * np.log10(4.0) < high[0]


def test_moments_have_no_bias_and_reach_the_bound(rng):
    K, n = 3.0, 200
    found = [rice_moments(rice(rng, K, n)) for _ in range(2000)]
    bound = rice_crb(K, n)
    assert np.mean(found) == pytest.approx(K, abs=4 * np.sqrt(bound / 2000))
    assert np.var(found) == pytest.approx(bound, rel=0.15)
    assert bound == pytest.approx((2 * K + K**2) / n)


def test_envelope_moments_are_consistent(rng):
    r = np.abs(rice(rng, 5.0, 200_000))
    assert envelope_moments(r) == pytest.approx(5.0, rel=0.02)
    assert envelope_moments(np.array([0.0, 0.0, 0.0, 5.0])) == 0


def test_complex_bound_with_noise_is_the_numerical_one():
    K, snr = 2.0, 4.0
    x = np.linspace(-6, 6, 401)
    w = np.full(401, x[1] - x[0])
    grid = np.sqrt(2 / 3) + x[:, None] + 1j * x

    def log_density(h, theta):  # of K and the phase, at power 1 that is let go
        k, phase, power = theta
        v = power / (1 + k) + 1 / snr
        mean = np.sqrt(power * k / (1 + k)) * np.exp(1j * phase)
        return -np.log(np.pi * v) - np.abs(h - mean) ** 2 / v

    information = numerical_information(
        log_density, np.array([K, 0.0, 1.0]), grid, w[:, None] * w
    )
    expected = np.linalg.inv(information)[0, 0] / 50
    assert rice_crb(K, 50, snr=snr) == pytest.approx(expected, rel=1e-3)


def test_envelope_bound_is_the_numerical_one():
    r = np.linspace(1e-4, 6, 20_001)
    weights = np.full(r.shape, r[1] - r[0])

    def log_density(r, theta):
        k, power = theta
        scale = np.sqrt(power / (1 + k) / 2)
        return stats.rice.logpdf(r, np.sqrt(2 * k), scale=scale)

    information = numerical_information(log_density, np.array([2.0, 1.0]), r, weights)
    expected = np.linalg.inv(information)[0, 0] / 30
    assert envelope_crb(2.0, 30) == pytest.approx(expected, rel=1e-3)
    assert envelope_crb(2.0, 30) > rice_crb(2.0, 30)


def test_noise_that_explains_all_scatter_leaves_k_open(rng):
    assert rice_moments(rice(rng, 100.0, 20), no=1.0) == np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rice_posterior(np.ones((2, 1))), "with at least 3 samples"),
        (lambda: rice_posterior(np.ones((5, 1))), "y must vary"),
        (lambda: rice_posterior(np.eye(5), no=-1), "no must be finite and at least 0"),
        (lambda: rice_posterior(np.eye(5)[:, :1], no=None), "no must be a number"),
        (lambda: rice_posterior(np.full((5, 1), np.nan)), "y must be finite"),
        (lambda: envelope_posterior(np.ones((2, 2))), r"r must be \[num_samples\]"),
        (lambda: envelope_posterior(-np.arange(4.0)), "r must be at least 0 and vary"),
        (lambda: envelope_moments(np.array([1, np.inf, 2])), "r must be finite"),
        (lambda: rice_crb(-1, 4), "K must be finite and at least 0"),
        (lambda: rice_crb(1, 4, snr=0), "snr must be above 0"),
        (lambda: envelope_crb(0, 4), "K must be finite and above 0"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
