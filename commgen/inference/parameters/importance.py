"""Exact posteriors from a network's proposal, by importance sampling."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from commgen._checks import check_int
from commgen.inference.parameters.amortised import AnglePosteriorNetwork
from commgen.inference.parameters.axis import check_snapshots
from commgen.inference.parameters.grid import grid_posterior, log_likelihood
from commgen.inference.parameters.marginal import check_level
from commgen.inference.parameters.model import SignalModel

# Part of the draws from the prior, which bounds the weights wherever the network errs.
_PRIOR_PART = 0.1


@dataclass(frozen=True, eq=False)
class WeightedSamples:
    """Values in degrees with weights.

    Parameters
    ----------
    values : [n, num_samples], float
        Ascending in each row.
    weights : [n, num_samples], float
        Each row sums to one.
    ess : [n], float
        1 / sum of squared weights: how many equal ones they are worth.
    from_grid : [n], bool
        Rows that were drawn from the grid posterior.
    """

    values: np.ndarray
    weights: np.ndarray
    ess: np.ndarray
    from_grid: np.ndarray

    def mean(self) -> np.ndarray:
        """Return the means, [n]."""
        return np.sum(self.weights * self.values, axis=1)

    def std(self) -> np.ndarray:
        """Return the standard deviations, [n]."""
        deviation = self.values - self.mean()[:, None]
        return np.sqrt(np.sum(self.weights * deviation**2, axis=1))

    def interval(self, level: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the equal-tailed interval of this level, ([n], [n])."""
        tail = (1 - check_level(level)) / 2
        cdf = np.cumsum(self.weights, axis=1) - self.weights / 2
        pairs = [
            np.interp([tail, 1 - tail], c, v)
            for c, v in zip(cdf, self.values, strict=True)
        ]
        low, high = np.array(pairs).T
        return low, high


def proposal_samples(
    network: AnglePosteriorNetwork, y, no=None, *, num_samples: int = 256, seed: int
) -> WeightedSamples:
    """Draw from the network's own posterior, without the likelihood.

    Parameters are those of :func:`refined_samples`.
    """
    u, _ = _proposal(network, y, no, num_samples, seed, prior_part=0.0)
    return _weighted(network, u, np.zeros_like(u))


def refined_samples(
    network: AnglePosteriorNetwork,
    y,
    model: SignalModel,
    *,
    num_samples: int = 256,
    least_ess: float = 32.0,
    seed: int,
) -> WeightedSamples:
    """Draw from the network's posterior and weigh by the exact likelihood.

    Weights are normalised to their sum. A tenth of the draws comes from the prior, and
    draws are stratified: the weights are bounded, and the mean is right in the limit
    whatever the network says. Rows whose draws are worth less than ``least_ess`` equal
    ones are drawn from the grid posterior.

    Parameters
    ----------
    network
        Of the same array and prior.
    y : [n, num_snapshots, num_ant], complex
    model
        What is known of gains and noise.
    num_samples
        Draws a row, at least 16.
    least_ess
        Effective draws that are asked for, at least 0; 0 never looks at the grid.
    seed
        One seed, one result.

    Returns
    -------
    WeightedSamples

    Raises
    ------
    TypeError, ValueError
        If y has another shape than the network learned, or a number is out of range.
    """
    y = check_snapshots(y, network.axis)
    if not least_ess >= 0:
        raise ValueError(f"least_ess must be at least 0, got {least_ess}.")
    u, log_q = _proposal(network, y, model.no, num_samples, seed, _PRIOR_PART)
    logs = log_likelihood(y, network.axis, model, u)
    # The prior is uniform in degrees.
    drawn = _weighted(network, u, logs + np.log(network.axis.slope(u)) - log_q)
    poor = drawn.ess < least_ess
    if poor.any():
        exact = grid_posterior(y[poor], network.axis, model).marginals[0]
        p = (np.arange(num_samples) + 0.5) / num_samples
        drawn.values[poor] = np.stack([exact.quantile(q) for q in p], axis=1)
        drawn.weights[poor] = 1 / num_samples
        drawn.ess[poor] = num_samples
    return WeightedSamples(drawn.values, drawn.weights, drawn.ess, poor)


def _proposal(network, y, no, num_samples, seed, prior_part):
    """Draws [n, num_samples] of u, and their log density."""
    num_samples = check_int("num_samples", num_samples, low=16)
    rng = np.random.default_rng(check_int("seed", seed, low=0))
    weights, mean, sigma = network.mixture(y, no)
    n, axis = len(mean), network.axis
    low, high = axis.to_x(axis.low), axis.to_x(axis.high)
    start = special.ndtr((low - mean) / sigma)
    inside = np.maximum(special.ndtr((high - mean) / sigma) - start, 1e-12)
    strata = (np.arange(num_samples) + rng.random((n, num_samples))) / num_samples
    place = (strata - prior_part) / (1 - prior_part)
    cdf = np.cumsum(weights, axis=1)
    component = np.sum(place[..., None] > cdf[:, None, :-1], axis=-1)
    rows = np.arange(n)[:, None]
    left = cdf[rows, component] - weights[rows, component]
    within = np.clip((place - left) / weights[rows, component], 1e-9, 1 - 1e-9)
    p = start[rows, component] + within * inside[rows, component]
    drawn = mean[rows, component] + sigma[rows, component] * special.ndtri(p)
    u = np.clip(drawn, low, high)
    from_prior = strata < prior_part
    if prior_part:
        value = axis.low + (axis.high - axis.low) * strata / prior_part
        u = np.where(from_prior, axis.to_x(value), u)
    z = (u[..., None] - mean[:, None]) / sigma[:, None]
    density = np.exp(-(z**2) / 2) * (weights / (sigma * inside))[:, None]
    density = density.sum(-1) / np.sqrt(2 * np.pi) * (1 - prior_part)
    density += prior_part * axis.slope(u) / (axis.high - axis.low)
    return u, np.log(np.maximum(density, 1e-300))


def _weighted(network, u, logs):
    order = np.argsort(u, axis=1)
    values = network.axis.to_value(np.take_along_axis(u, order, 1))
    logs = np.take_along_axis(logs, order, 1)
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True)
    ess = 1 / np.sum(weights**2, axis=1)
    return WeightedSamples(values, weights, ess, np.zeros(len(ess), bool))
