"""What is spent of a budget, against closed forms and published figures."""

import numpy as np
import pytest
from scipy.stats import norm

pytest.importorskip("dp_accounting")

from commgen.federated.privacy.accountant import (
    Spending,
    noise_multiplier,
    spent_epsilon,
)


def gaussian_delta(epsilon, sigma):
    """Of the Gaussian mechanism (Balle and Wang, ICML 2018, theorem 8)."""
    return norm.cdf(0.5 / sigma - epsilon * sigma) - np.exp(epsilon) * norm.cdf(
        -0.5 / sigma - epsilon * sigma
    )


@pytest.mark.parametrize("num_steps", [1, 16])
def test_without_sampling_it_is_the_gaussian_mechanism(num_steps):
    """So many sums with noise sigma are one with sigma / sqrt(k)."""
    sigma = 3.0
    epsilon = spent_epsilon(Spending(1.0, num_steps), sigma, 1e-5)
    delta = gaussian_delta(epsilon, sigma / np.sqrt(num_steps))
    assert delta == pytest.approx(1e-5, rel=2e-2)


def test_sums_that_are_sent_besides_are_spent_too():
    """Two Gaussian mechanisms are one, whose precisions add."""
    epsilon = spent_epsilon(Spending(1.0, 1, (4.0,)), 3.0, 1e-5)
    delta = gaussian_delta(epsilon, 1 / np.sqrt(1 / 9 + 1 / 16))
    assert delta == pytest.approx(1e-5, rel=2e-2)


def test_sampling_spends_less():
    few, all_of_them = (Spending(rate, 100) for rate in (0.05, 1.0))
    assert spent_epsilon(few, 1.0, 1e-5) < spent_epsilon(all_of_them, 1.0, 1e-5) / 10


def test_the_noise_is_the_least_that_keeps_the_budget():
    spending = Spending(0.05, 200)
    noise = noise_multiplier(spending, 3.0, 1e-5)
    assert 2.9 < spent_epsilon(spending, noise, 1e-5) <= 3.0
    assert spent_epsilon(spending, 0.99 * noise, 1e-5) > 3.0


def test_a_budget_that_is_spent_already_is_refused():
    with pytest.raises(ValueError, match="epsilon must be more than what other"):
        noise_multiplier(Spending(0.05, 200, (0.5,)), 1.0, 1e-5)
    with pytest.raises(ValueError, match="rate must be above 0 and at most 1, got 0"):
        Spending(0.0, 10)
    with pytest.raises(ValueError, match="delta must be between 0 and 1, got 1"):
        spent_epsilon(Spending(0.1, 1), 1.0, 1)
