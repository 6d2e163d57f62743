"""Points on the grid of a converter: rounded, then moved level by level."""

import numpy as np

from commgen.design.climb import ROUGH_ORDER
from commgen.design.goal import ConstellationGoal
from commgen.design.limits import Limits
from commgen.frame.information import bit_loss

# How much of a converter's range the outermost coordinate may take.
_RANGES = (1.0, 0.96, 0.92, 0.88, 0.84, 0.8)
_MOST_SWEEPS = 6
# Nats that a passed limit costs: more than any move gains.
_PASSED = 100.0
_MOVES = np.array([2, -2, 2j, -2j, 2 + 2j, 2 - 2j, -2 + 2j, -2 - 2j])


def on_grid(
    x: np.ndarray, log_p: np.ndarray, goal: ConstellationGoal, snr_db
) -> np.ndarray:
    """Return points near ``x`` with odd whole numbers as coordinates.

    Of several scales the one that loses least is rounded to; then points go to
    neighbouring levels, where the derivative says that it helps, as long as it does.

    Parameters
    ----------
    x : [M], complex128
        Points of unit mean power.
    log_p : [M], float64
        Logarithms of their probabilities.
    goal
        Has ``dac_bits``, b: levels are -(2^b - 1), ..., -1, 1, ..., 2^b - 1.
    snr_db
        At which GMI counts, as of
        :meth:`~commgen.design.goal.ConstellationGoal.observed`.

    Returns
    -------
    [M], complex128
        Whole numbers, not scaled.
    """
    top = 2 ** int(goal.dac_bits or 0) - 1
    edge = np.abs([x.real, x.imag]).max()
    seen, limits = goal.observed(snr_db, ROUGH_ORDER), Limits(goal)

    def cost(points):
        unit = points / np.sqrt(np.exp(log_p) @ np.abs(points) ** 2)
        loss = bit_loss(unit, log_p, seen)
        return loss.nats + _PASSED * limits.passed(unit), loss.by_point

    rounded = [_rounded(part * top / edge * x, top) for part in _RANGES]
    points = min(rounded, key=lambda points: cost(points)[0])
    for _ in range(_MOST_SWEEPS):
        moved = _sweep(points, cost, top)
        if (moved == points).all():
            break
        points = moved
    return points


def _rounded(x, top):
    """Return the nearest points of odd coordinates."""
    odd = [np.clip(2 * np.floor(a / 2) + 1, -top, top) for a in (x.real, x.imag)]
    return odd[0] + 1j * odd[1]


def _sweep(points, cost, top):
    """Move each point once at most, those first of which most is expected."""
    value, slopes = cost(points)
    expected = (np.conj(slopes)[:, None] * _MOVES).real
    best = expected.argmin(axis=1)
    points = points.copy()
    for i in np.argsort(expected.min(axis=1)):
        tried = points.copy()
        tried[i] += _MOVES[best[i]]
        if max(abs(tried[i].real), abs(tried[i].imag)) > top:
            continue
        new, _ = cost(tried)
        if new < value:
            points, value = tried, new
    return points
