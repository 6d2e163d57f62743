"""Mixtures whose weights follow a condition."""

import numpy as np
import pytest
from scipy.special import expit

from commgen.generative import GaussianMixture, load_model
from commgen.generative.mixture.gate import fit_gate, gate_log_weights


@pytest.fixture
def conditioned(rng, normal):
    """Channels that are strong in front more often the greater c, and the truth."""
    c = np.stack([50 + 20 * rng.normal(size=3000), rng.normal(size=3000)], axis=1)
    p = expit(0.1 * (c[:, 0] - 50) + 0.5)
    front = np.array([2, 2, 0.05, 0.05]) ** 0.5
    first = rng.random(3000) < p
    h = normal(3000, 4) * np.where(first[:, None], front, front[::-1])
    return h.astype(np.complex64), c, p


def test_a_known_dependence_is_found(rng):
    """A logistic regression whose labels are certain."""
    c = rng.normal(size=(4000, 1))
    label = rng.random(4000) < expit(1.5 * c[:, 0] - 0.5)
    log_density = np.where(np.stack([label, ~label], axis=1), 0.0, -50.0)
    gate = fit_gate(c, log_density, np.log([0.5, 0.5]), penalty=1e-6)
    slope, offset = gate[:, 0] - gate[:, 1]
    # Fisher information of the slope, about 4000 * mean(p (1 - p) c^2).
    assert slope == pytest.approx(1.5, abs=4 / np.sqrt(4000 * 0.12))
    assert offset == pytest.approx(-0.5, abs=4 / np.sqrt(4000 * 0.15))


def test_what_tells_nothing_leaves_the_weights(rng):
    log_weights = np.log([0.2, 0.5, 0.3])
    gate = fit_gate(rng.normal(size=(50, 2)), np.zeros((50, 3)), log_weights)
    np.testing.assert_allclose(
        gate_log_weights(gate, rng.normal(size=(5, 2))),
        np.tile(log_weights, (5, 1)),
        atol=1e-6,
    )


def test_weights_follow_the_condition(conditioned):
    h, c, p = conditioned
    model = GaussianMixture((4,), 2, num_conditions=2).fit(h, c, seed=0)
    weights = np.exp(model.weights_under(c.astype(np.float32)))
    error = min(np.abs(weights[:, k] - p).mean() for k in (0, 1))
    assert error < 0.04
    far = model.sample(4000, np.array([120.0, 0.0]), seed=1)
    power = np.mean(np.abs(far) ** 2, axis=0)
    assert power[:2].sum() > 0.95 * power.sum()
    # On the whole both halves are as in the data.
    power = np.mean(np.abs(model.sample(8000, seed=1)) ** 2, axis=0)
    np.testing.assert_allclose(power, np.mean(np.abs(h) ** 2, axis=0), rtol=0.15)


def test_density_given_the_condition(conditioned):
    h, c, _ = conditioned
    model = GaussianMixture((4,), 2, num_conditions=2).fit(h, c, seed=0)
    given = model.log_prob(h, c)
    assert given.mean() > model.log_prob(h).mean() + 0.05
    w = np.exp(model.weights_under(c.astype(np.float32)))
    parts = []
    for k in range(2):
        one = GaussianMixture((4,), 1)
        m = model.mixture
        one._assign(
            type(m)(np.zeros(1), m.eigenvalues[k : k + 1], m.eigenvectors[k : k + 1])
        )
        parts.append(one.log_prob(h))
    expected = np.log(np.sum(w * np.exp(np.stack(parts, axis=1)), axis=1))
    np.testing.assert_allclose(given, expected, rtol=1e-4, atol=1e-4)


def test_estimates_take_no_condition(conditioned):
    h, c, _ = conditioned
    with_gate = GaussianMixture((4,), 2, num_conditions=2).fit(h, c, seed=0)
    without = GaussianMixture((4,), 2).fit(h, seed=0)
    for a, b in zip(
        with_gate.denoise(h[:9], 0.1), without.denoise(h[:9], 0.1), strict=True
    ):
        np.testing.assert_array_equal(a, b)


def test_saved_and_loaded_is_the_same(conditioned, tmp_path):
    h, c, _ = conditioned
    model = GaussianMixture((4,), 2, "toeplitz", num_conditions=2).fit(h, c, seed=0)
    model.save(tmp_path / "m")
    loaded = load_model(tmp_path / "m")
    for draw in (None, c[:5]):
        np.testing.assert_array_equal(
            model.sample(5, draw, seed=2), loaded.sample(5, draw, seed=2)
        )


def test_condition_is_checked(conditioned):
    h, c, _ = conditioned
    model = GaussianMixture((4,), 2, num_conditions=2)
    with pytest.raises(ValueError, match=r"condition must be \[3000, 2\] for this mod"):
        model.fit(h, seed=0)
    with pytest.raises(ValueError, match=r"condition must be \[3000, 2\] or \[2\]"):
        model.fit(h, c[:, :1], seed=0)
    with pytest.raises(ValueError, match=r"condition must be \[5, 2\] or \[2\]"):
        model.sample(5, np.zeros(3), seed=0)
    with pytest.raises(ValueError, match="num_conditions must be 0 to fit to observ"):
        model.fit_observed(h, noise_cov=0.1, seed=0)
