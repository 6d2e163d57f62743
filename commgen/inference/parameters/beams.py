"""Beam power over x, its peaks, and the maximum-likelihood estimate of one path."""

from dataclasses import dataclass

import numpy as np

from commgen.inference.parameters.axis import Axis


@dataclass(frozen=True, eq=False)
class Peaks:
    """Highest local maxima of the beam power in each row, [n, num_peaks] each.

    Parameters
    ----------
    x
        Where they are.
    beam, curvature
        Power there and its second derivative by x, which is negative inside the prior
        and may have any sign at its ends.
    """

    x: np.ndarray
    beam: np.ndarray
    curvature: np.ndarray


def beam_power(y, axis: Axis, x) -> np.ndarray:
    r"""Return :math:`\sum_t |a^H(x) y_t|^2 / M` of every row, [n, num_x].

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
    axis
        What a and M are.
    x : [num_x], float
        Common to all rows.
    """
    z = y @ axis.exponentials(x).conj().T
    return np.sum(np.abs(z) ** 2, axis=1) / axis.num_positions


def beam_derivatives(y, axis: Axis, x):
    """Return the beam power and its first two derivatives at x : [n, num_x] a row.

    Returns
    -------
    beam, first, second : [n, num_x], float
    """
    a = axis.exponentials(x).conj()
    factor = -2j * np.pi * (axis.positions - axis.positions.mean())
    # The centre turns all snapshots alike, and keeps the derivatives well scaled.
    turned = a * np.exp(2j * np.pi * axis.positions.mean() * x[..., None])
    z, z_1, z_2 = (
        np.matmul(y, np.swapaxes(turned * factor**k, 1, 2)) for k in range(3)
    )
    scale = 1 / axis.num_positions
    beam = scale * np.sum(np.abs(z) ** 2, axis=1)
    first = 2 * scale * np.sum(np.real(z.conj() * z_1), axis=1)
    second = 2 * scale * np.sum(np.abs(z_1) ** 2 + np.real(z.conj() * z_2), axis=1)
    return beam, first, second


def find_peaks(y, axis: Axis, num_peaks: int, *, coarse=None) -> Peaks:
    """Find the highest local maxima within the prior, refined by Newton's method.

    Rows with fewer maxima repeat the highest one. The ends of the prior count where the
    power falls from them inwards.

    Parameters
    ----------
    y : [n, num_snapshots, num_positions], complex
    axis, num_peaks
        Where to look, and how many to return.
    coarse : [num_x], float, optional
        Ascending x to start from.
    """
    grid = axis.coarse_x() if coarse is None else coarse
    beam = beam_power(y, axis, grid)
    padded = np.pad(beam, ((0, 0), (1, 1)), constant_values=-1.0)
    is_peak = (beam >= padded[:, :-2]) & (beam > padded[:, 2:])
    ranked = np.where(is_peak, beam, -1.0)
    order = np.argsort(-ranked, axis=1, kind="stable")[:, :num_peaks]
    found = np.take_along_axis(ranked, order, 1) > 0
    x = np.where(found, grid[order], grid[order[:, :1]])
    return newton(y, axis, x, step=grid[1] - grid[0])


def newton(y, axis: Axis, x, *, step: float, num_steps: int = 6) -> Peaks:
    """Climb from x : [n, num_peaks] to the maxima within ``step`` of it."""
    low, high = axis.to_x(axis.low), axis.to_x(axis.high)
    start = x
    for _ in range(num_steps):
        _, first, second = beam_derivatives(y, axis, x)
        concave = second < 0
        move = np.where(
            concave, -first / np.where(concave, second, 1), step / 4 * np.sign(first)
        )
        x = np.clip(x + move, start - step, start + step).clip(low, high)
    beam, _, second = beam_derivatives(y, axis, x)
    return Peaks(x, beam, second)
