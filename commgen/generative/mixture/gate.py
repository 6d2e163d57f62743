"""Weights of a mixture that depend on a condition: a softmax regression."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

_ITERATIONS = 200


def gate_log_weights(gate: np.ndarray, condition: np.ndarray) -> np.ndarray:
    """Return log w_k of each condition, [n, num_components].

    Parameters
    ----------
    gate : [num_conditions + 1, num_components], float
        Slopes, and the offsets in the last row.
    condition : [n, num_conditions], float
        Standardised conditions.
    """
    return log_softmax(condition @ gate[:-1] + gate[-1], axis=1)


def gate_slope(gate, condition, log_density) -> tuple[float, np.ndarray]:
    r"""Return the negative log-likelihood of a gate and its slope, sums over channels.

    Parameters
    ----------
    gate : [num_conditions + 1, num_components], float
        As :func:`gate_log_weights` takes it.
    condition : [n, num_conditions], float
        Standardised conditions.
    log_density : [n, num_components], float
        log p(h | k) of the channels.

    Returns
    -------
    value : float
        :math:`-\sum_i \log \sum_k w_k(c_i)\,p(h_i\,|\,k)`.
    slope : [num_conditions + 1, num_components], float
    """
    c = np.concatenate([condition, np.ones((len(condition), 1))], axis=1)
    log_w = log_softmax(c @ gate, axis=1)
    log_joint = log_w + log_density
    log_p = logsumexp(log_joint, axis=1, keepdims=True)
    return -log_p.sum(), c.T @ (np.exp(log_w) - np.exp(log_joint - log_p))


def climb_gate(
    slope_of: Callable[[np.ndarray], tuple[float, np.ndarray]],
    start: np.ndarray,
    count: float,
    *,
    penalty: float = 1.0,
) -> np.ndarray:
    """Fit a gate by L-BFGS.

    Parameters
    ----------
    slope_of
        Gate to what :func:`gate_slope` gives over all channels.
    start : [num_conditions + 1, num_components], float
        Where to begin.
    count
        Channels.
    penalty
        Weight of the squared slopes: they have a normal prior of variance
        1 / ``penalty``.
    """

    def loss(flat):
        gate = flat.reshape(start.shape)
        value, slope = slope_of(gate)
        slope = np.array(slope)
        slope[:-1] += penalty * gate[:-1]
        value = 0.5 * penalty * np.sum(gate[:-1] ** 2) + value
        return value / count, slope.ravel() / count

    options = {"maxiter": _ITERATIONS}
    found = minimize(loss, start.ravel(), jac=True, method="L-BFGS-B", options=options)
    return found.x.reshape(start.shape)


def first_gate(log_weights, num_conditions: int) -> np.ndarray:
    """Return the gate that gives these weights under any condition."""
    start = np.zeros((num_conditions + 1, len(log_weights)))
    start[-1] = log_weights
    return start


def fit_gate(condition, log_density, log_weights, *, penalty: float = 1.0):
    r"""Fit the gate of a mixture of experts whose experts are known.

    Maximises :math:`\sum_i \log \sum_k w_k(c_i)\,p(h_i\,|\,k)` over the gate (Jordan
    and Jacobs, *Hierarchical Mixtures of Experts and the EM Algorithm*, Neural
    Computation 6 (1994)) by L-BFGS.

    Parameters
    ----------
    condition : [n, num_conditions], float
        Standardised conditions.
    log_density : [n, num_components], float
        log p(h | k) of the channels.
    log_weights : [num_components], float
        Weights without a condition, from which it starts.
    penalty
        As in :func:`climb_gate`.

    Returns
    -------
    [num_conditions + 1, num_components], float
        As :func:`gate_log_weights` takes it.
    """
    return climb_gate(
        lambda gate: gate_slope(gate, condition, log_density),
        first_gate(log_weights, condition.shape[1]),
        len(condition),
        penalty=penalty,
    )
