"""Up the GMI by exact derivatives, at one SNR or over several."""

from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize

from commgen.design.amplifier import rapp
from commgen.design.goal import ConstellationGoal
from commgen.design.limits import Limits
from commgen.design.variables import Variables
from commgen.frame.constellation import Constellation
from commgen.frame.information import bit_loss

#: Nodes of the noise along an axis: on the way, and where it ends, in white noise and
#: where phases or gains spread it.
ROUGH_ORDER, FINE_ORDER, SPREAD_ORDER = 8, 14, 10
_LAST_STEPS = 300


def climb(
    variables: Variables,
    limits: Limits,
    z: np.ndarray,
    snr_db: float | Sequence[float],
    num_steps: int,
    order: int,
) -> np.ndarray:
    """Go up by L-BFGS.

    Parameters
    ----------
    variables, z
        Where from.
    limits
        What is not to be passed, with multipliers as they are.
    snr_db, order
        As of :meth:`~commgen.design.goal.ConstellationGoal.observed`.
    num_steps
        At most.
    """
    seen = variables.goal.observed(snr_db, order)

    def missing(z):
        signal = variables.read(z)
        loss = bit_loss(signal.sent, signal.log_p, seen)
        penalty, of_limits = limits.penalty(signal.points)
        # The entropy is what there is to lose: it counts against the loss.
        p = np.exp(signal.log_p)
        by_log_p = loss.by_log_p + p * (1 + signal.log_p)
        value = loss.nats + p @ signal.log_p + penalty
        return value, variables.slopes(z, signal, loss.by_point + of_limits, by_log_p)

    options = {"maxiter": num_steps, "maxcor": 20}
    return minimize(missing, z, jac=True, method="L-BFGS-B", options=options).x


def finish(
    variables: Variables, limits: Limits, z: np.ndarray, snr_db: float | Sequence[float]
) -> np.ndarray:
    """Climb to the end at fine quadrature, while the limits' multipliers follow.

    Parameters
    ----------
    variables, limits, z, snr_db
        As of :func:`climb`.
    """
    order = FINE_ORDER if variables.goal.is_plain else SPREAD_ORDER

    def once(z: np.ndarray, limits: Limits) -> np.ndarray:
        return climb(variables, limits, z, snr_db, _LAST_STEPS, order)

    return limits.enforce(once, z, variables.read)


def carried(
    constellation: Constellation,
    goal: ConstellationGoal,
    snr_db: float | Sequence[float],
    *,
    drive: float = 1.0,
    order: int | None = None,
) -> float:
    """Bits that a constellation carries over a goal's channel.

    Parameters
    ----------
    constellation
        Of any size.
    goal
        Its channel counts, and its amplifier.
    snr_db
        As of :meth:`~commgen.design.goal.ConstellationGoal.observed`.
    drive
        Root of the mean power at the amplifier, over its saturated amplitude.
    order
        Nodes of the noise along each axis; None for those of the goal.
    """
    log_p = np.log(constellation.probabilities)
    sent = amplified(constellation.points, goal, drive)
    seen = goal.observed(snr_db, order or goal.order)
    nats = bit_loss(sent, log_p, seen).nats
    return float(constellation.entropy - nats / np.log(2))


def amplified(
    points: np.ndarray, goal: ConstellationGoal, drive: float = 1.0
) -> np.ndarray:
    """Return points [M] as they go into the channel: behind the goal's amplifier."""
    if goal.saturation is None:
        return points
    return rapp(drive * points, goal.saturation).points
