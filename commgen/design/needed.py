"""SNR at which a constellation does what a goal asks for."""

from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from commgen.design.climb import carried
from commgen.design.goal import ConstellationGoal
from commgen.frame.constellation import Constellation

_SNR_DB = (-30.0, 60.0)
# Back-offs that are looked at [dB], and by how little the best one may be missed.
_BACK_OFF_DB, _BACK_OFF_STEP_DB = (-3.0, 15.0), 0.01
_ROUGH_ORDER = 10


def snr_db_needed(
    constellation: Constellation,
    goal: ConstellationGoal,
    *,
    order: int | None = None,
    back_off_db: float | None = None,
) -> float:
    """SNR at which a constellation has the goal's rate on the goal's channel [dB].

    Parameters
    ----------
    constellation
        Of any size whose entropy is above the rate.
    goal
        Rate and channel.
    order
        Nodes of the noise along each axis; None for those of the goal.
    back_off_db
        Saturated power over mean power at the amplifier; None for the best one. Without
        effect where there is no amplifier.

    Returns
    -------
    float
        Infinite where no SNR is enough, as phase noise can make it.
    """
    rate = goal.rate
    if rate is None:
        raise ValueError(f"rate must be given, got snr_db = {goal.snr_db}.")
    if back_off_db is None:
        back_off_db = best_back_off_db(constellation, goal)
    drive = 10 ** (-back_off_db / 20)

    def missing(snr_db):
        of = {"drive": drive, "order": order}
        return carried(constellation, goal, snr_db, **of) - rate

    if missing(_SNR_DB[1]) < 0:
        return np.inf
    found: Any = brentq(missing, *_SNR_DB, xtol=1e-4)
    return float(found)


def best_back_off_db(constellation: Constellation, goal: ConstellationGoal) -> float:
    """Back-off with which a constellation needs the least SNR, or carries most [dB].

    Parameters
    ----------
    constellation, goal
        As of :func:`snr_db_needed`; the goal may have SNRs in place of a rate.

    Returns
    -------
    float
        0 where there is no amplifier.
    """
    if goal.saturation is None:
        return 0.0

    def cost(back_off_db):
        of: dict[str, Any] = {"order": _ROUGH_ORDER}
        if goal.snr_db is None:
            of["back_off_db"] = back_off_db
            return min(snr_db_needed(constellation, goal, **of), 2 * _SNR_DB[1])
        of["drive"] = 10 ** (-back_off_db / 20)
        return -carried(constellation, goal, goal.snr_db, **of)

    options = {"xatol": _BACK_OFF_STEP_DB}
    best: Any = minimize_scalar(
        cost, bounds=_BACK_OFF_DB, method="bounded", options=options
    )
    return float(best.x)
