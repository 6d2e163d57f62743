"""What a goal's channel does to symbols, as quadratures of few nodes."""

from typing import Any

import numpy as np
from scipy.special import ndtr
from scipy.stats import ncx2

# Values that stand for a distribution, before they are put into bins.
_QUANTILES = 4096
# Levels that are one.
_SAME = 1e-9
# Points of the grid on which a phase's density is summed, and its reach in deviations.
_GRID, _REACH = 2001, 6.0


def gain_nodes(gains: np.ndarray, snr: float, num_nodes: int) -> Any:
    r"""Gauss quadrature of fading, over :math:`\ln(1 + g\,\mathrm{SNR})`.

    What a channel carries is near to linear in that, so that few nodes are enough.

    Parameters
    ----------
    gains : [n], float
        Squared magnitudes of channels, of mean 1, all equally likely.
    snr
        Mean SNR, linear.
    num_nodes
        At most; no more than there are different gains.

    Returns
    -------
    nodes, weights : [num_nodes], float
        Gains, and their probabilities.
    """
    levels = np.log1p(gains * snr)
    low, high = levels.min(), levels.max()
    if high - low < _SAME:
        return np.ones(1), np.ones(1)
    x = 2 * (levels - low) / (high - low) - 1
    found, weights = _gauss(x, np.full(len(x), 1 / len(x)), min(num_nodes, len(x)))
    return np.expm1(low + (found + 1) / 2 * (high - low)) / snr, weights


def rice_gains(rice_factor: float) -> np.ndarray:
    """Return quantiles of the gain of a Rice channel, of mean 1; Rayleigh's for 0."""
    share = (np.arange(_QUANTILES) + 0.5) / _QUANTILES
    gains = ncx2.ppf(share, 2, 2 * rice_factor)
    return gains / gains.mean()


def phase_nodes(deviation: float, width: float, num_nodes: int) -> Any:
    r"""Gauss quadrature of a phase, the sum of a normal and a uniform one.

    By the Lanczos recursion on a fine grid (Golub and Welsch, Math. Comp. 23, 1969).

    Parameters
    ----------
    deviation
        Standard deviation of the normal part [rad].
    width
        Of the uniform part, from -width/2 to width/2 [rad].
    num_nodes
        At least 1.

    Returns
    -------
    nodes, weights : [num_nodes], float
        Phases [rad], and their probabilities.
    """
    reach = width / 2 + _REACH * deviation
    if not reach:
        return np.zeros(1), np.ones(1)
    middle = (np.arange(_GRID) + 0.5) / _GRID * 2 - 1
    phase = reach * middle
    if not deviation:
        share = np.ones(_GRID)
    elif width:
        edges = (phase[:, None] + np.array([0.5, -0.5]) * width) / deviation
        share = ndtr(edges[:, 0]) - ndtr(edges[:, 1])
    else:
        share = np.exp(-0.5 * (phase / deviation) ** 2)
    nodes, weights = _gauss(middle, share / share.sum(), num_nodes)
    return reach * nodes, weights


def _gauss(x, share, num_nodes):
    """Return the Gauss rule of probabilities ``share`` at x."""
    before, here = np.zeros(len(x)), np.sqrt(share)
    diagonal, beside, last = [], [], 0.0
    for _ in range(num_nodes):
        there = x * here - last * before
        diagonal.append(here @ there)
        there -= diagonal[-1] * here
        last = float(np.linalg.norm(there))
        beside.append(last)
        if last < _SAME:  # fewer values than nodes
            break
        before, here = here, there / last
    rule = np.diag(diagonal) + np.diag(beside[:-1], 1) + np.diag(beside[:-1], -1)
    nodes, vectors = np.linalg.eigh(rule)
    return nodes, vectors[0] ** 2
