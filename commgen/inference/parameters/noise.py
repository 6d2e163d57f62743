"""Posterior of the noise variance, given draws of the path parameters."""

import numpy as np

from commgen.inference.parameters.axis import Axis
from commgen.inference.parameters.model import SignalModel

_NUM_NODES = 400


def noise_posterior(y, axis: Axis, model: SignalModel, values, level) -> np.ndarray:
    r"""Return mean and interval of the noise variance of each row, [n, 3].

    With the SNRs also summed over, the noise variance is a mixture of inverse gamma
    variables with shape a + T M and scales b + E - Q, weighted by the evidence of each
    SNR, or lies on the grid that known power implies. Paths share one SNR here.

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
    axis, model
        As for :func:`~commgen.inference.parameters.grid_posterior`.
    values : [n, num_draws, num_paths], float
        Equally probable draws of the path parameters.
    level
        Of the equal-tailed interval.
    """
    if model.no is not None:
        return np.full((len(y), 3), float(model.no))
    return np.stack(
        [_of_one(row, axis, model, v, level) for row, v in zip(y, values, strict=True)]
    )


def _of_one(y, axis, model, values, level):
    nodes = model.hypotheses(1)
    T, M = y.shape
    energy = np.sum(np.abs(y) ** 2)
    s, explained = _spectrum(y, axis, values)
    # [num_draws, num_hypotheses] after the paths are summed over.
    gain = s[..., None] * nodes.rho[:, 0]
    quadratic = np.sum(gain / (1 + gain) * explained[..., None], axis=1)
    log_det = np.sum(np.log1p(gain), axis=1)
    logs = nodes.log_weight + model.log_likelihood(
        quadratic, log_det, energy, T, M, nodes.no
    )
    # Draws are already distributed as the posterior: each counts as one.
    weights = np.exp(logs - logs.max(axis=1, keepdims=True))
    weights /= weights.sum(axis=1, keepdims=True) * len(weights)
    if nodes.no is not None:
        no, mass = nodes.no[::-1], weights.sum(axis=0)[::-1]
        return _summary(no, np.cumsum(mass) - mass / 2, mass, level)
    scale = model.noise_scale + np.maximum(energy - quadratic, 1e-14 * energy)
    return _inverse_gamma_summary(weights, model.noise_shape + T * M, scale, level)


def _spectrum(y, axis, values):
    """Eigenvalues of A^H A, and energies along the directions they belong to."""
    A = np.swapaxes(axis.exponentials(axis.to_x(values)), 1, 2)
    U, s, _ = np.linalg.svd(A, full_matrices=False)
    z = np.swapaxes(U, 1, 2).conj() @ y.T
    return s**2, np.sum(np.abs(z) ** 2, axis=-1)


def _inverse_gamma_summary(weights, shape, scale, level):
    """Mean and interval of a mixture of inverse gamma variables."""
    keep = weights > 1e-8
    weights, scale = weights[keep] / weights[keep].sum(), scale[keep]
    wide = 9 / np.sqrt(shape)
    low, high = np.log(scale.min() / shape) - wide, np.log(scale.max() / shape) + wide
    no = np.exp(np.linspace(low, high, _NUM_NODES))
    # Densities of log no up to the gamma function, which all components share.
    ratio = scale[:, None] / no
    logs = shape * np.log(ratio) - ratio
    density = weights @ np.exp(logs - (shape * np.log(shape) - shape))
    mass = density / density.sum()
    return _summary(no, np.cumsum(mass) - mass / 2, mass, level)


def _summary(no, cdf, mass, level):
    tail = (1 - level) / 2
    ends = np.exp(np.interp([tail, 1 - tail], cdf, np.log(no)))
    return np.array([np.sum(mass * no), *ends])
