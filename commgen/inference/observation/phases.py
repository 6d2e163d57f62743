"""Particles of the phases that measured powers do not tell."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import i0e


@dataclass(frozen=True, eq=False)
class LookModel:
    r"""Looks y ~ CN(0, C_k) of some components, taken apart one look at a time.

    Parameters
    ----------
    gains : sequence of [num_components, i], complex
        Of look i: :math:`E[y_i\,|\,y_{<i}] = g_{k,i} \cdot y_{<i}`.
    spread : [num_components, num_obs], float
        Variance of look i given those before.
    precisions : sequence of [num_components, i + 1, i + 1], complex
        Inverse covariance of the looks up to i.
    """

    gains: Any
    spread: np.ndarray
    precisions: Any

    @classmethod
    def of(cls, C: np.ndarray) -> "LookModel":
        """Take the covariances C : [num_components, num_obs, num_obs] apart."""
        num = C.shape[1]
        precisions = [np.linalg.inv(C[:, : i + 1, : i + 1]) for i in range(num)]
        # The last row of a precision is that of the prediction error.
        last = [np.real(Q[:, i, i]) for i, Q in enumerate(precisions)]
        gains = [-Q[:, i, :i] / last[i][:, None] for i, Q in enumerate(precisions)]
        return cls(gains, 1 / np.stack(last, axis=1), precisions)


def draw_phases(
    amplitude: np.ndarray,
    model: LookModel,
    num_particles: int,
    rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray]:
    r"""Draw looks whose powers are known, and what these powers say of components.

    Given the looks before, look i is :math:`\mathcal{CN}(m_i, s_i)`: its power has a
    Rice density, and given that its phase is von Mises about the phase of m_i. So the
    looks are drawn one after another with their powers' densities as weights (the
    fully adapted particle filter, Pitt and Shephard, J. Am. Stat. Assoc. 94, 1999),
    of which the means multiply to an unbiased p(r | k). After each look particles are
    resampled, and moved by a sweep of Gibbs draws of the phases, with h integrated out
    (Gilks and Berzuini, J. R. Stat. Soc. B 63, 2001):

    .. math:: p(\theta_i\,|\,\theta_{-i}, k) \propto \exp\!\Big(\!-2 \Re\,
        \bar y_i \sum_{j \ne i} Q_{ij} y_j\Big), \quad Q = C_k^{-1}

    Parameters
    ----------
    amplitude : [n, num_obs], float
        Square roots of the powers.
    model
        Of the looks under each component.
    num_particles
        For each component.
    rng
        Generator of the draws.

    Returns
    -------
    y : [n, num_components, num_particles, num_obs], complex
        Equally likely looks under each component. The first has phase zero: a phase
        common to all changes no power.
    log_evidence : [n, num_components], float
        log p(r | k) up to a constant of the powers.
    """
    n, num_obs = amplitude.shape
    num_components = len(model.spread)
    y = np.zeros((n, num_components, num_particles, num_obs), complex)
    y[..., 0] = amplitude[:, None, None, 0]
    s = model.spread[:, 0]
    log_evidence = -np.log(s) - amplitude[:, :1] ** 2 / s
    for i in range(1, num_obs):
        m = np.einsum("nksj,kj->nks", y[..., :i], model.gains[i])
        a, s = amplitude[:, i, None, None], model.spread[:, i, None]
        concentration = 2 * a * np.abs(m) / s
        y[..., i] = a * np.exp(1j * rng.vonmises(np.angle(m), concentration))
        log_w = np.log(i0e(concentration)) - (a - np.abs(m)) ** 2 / s - np.log(s)
        top = log_w.max(axis=-1, keepdims=True)
        w = np.exp(log_w - top)
        log_evidence += top[..., 0] + np.log(w.mean(axis=-1))
        y = _resampled(y, w, rng)
        _move(y[..., : i + 1], model.precisions[i], rng)
    return y, log_evidence


def _resampled(y, w, rng):
    """Return particles drawn by their weights, with one uniform number for all."""
    num, rows = w.shape[-1], int(np.prod(w.shape[:-1]))
    edges = np.cumsum(w, axis=-1) / w.sum(axis=-1, keepdims=True)
    first = np.ceil(num * edges[..., :-1] - rng.random((*w.shape[:-1], 1)))
    # Particle j + 1 takes over at the point number first[j].
    first = np.clip(first, 0, num).astype(int).reshape(rows, -1)
    places = (first + (num + 1) * np.arange(rows)[:, None]).ravel()
    steps = np.bincount(places, minlength=rows * (num + 1)).reshape(rows, num + 1)
    chosen = np.cumsum(steps[:, :num], axis=1).reshape(w.shape)
    return np.take_along_axis(y, chosen[..., None], axis=-2)


def _move(y, Q, rng):
    """Draw each phase but the first anew, given the others, in place."""
    for i in range(1, y.shape[-1]):
        pull = -np.einsum("nksj,kj->nks", y, Q[:, i])
        pull += Q[:, i, i, None] * y[..., i]
        a = np.abs(y[..., i])
        y[..., i] = a * np.exp(1j * rng.vonmises(np.angle(pull), 2 * a * np.abs(pull)))
