"""Different constellations, all near the best, within the limits of a goal."""

from collections.abc import Callable
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen._progress import progress_bar
from commgen.design.climb import carried
from commgen.design.goal import ConstellationGoal
from commgen.design.limits import Limits
from commgen.design.search import (
    Found,
    best_first,
    design_constellation,
    no_room,
    settle,
)
from commgen.design.symmetry import apart
from commgen.design.variables import Variables

# Constellations that are nearer to each other are taken for one [rms of unit power].
_LEAST_APART = 0.02
# Tries for each one that is wanted.
_TRIES = 4
# Over Shannon, where a model is asked for a rate [dB].
_OVER_DB = 0.4
# Of the comparison, along each axis of the noise.
_ORDER = 16


def sample_constellations(
    goal: ConstellationGoal,
    n: int,
    *,
    seed: int,
    model: Any = None,
    within: float = 0.05,
    progress: bool = False,
) -> list[Found]:
    """Draw different constellations, polish them under a goal's limits, keep the good.

    Parameters
    ----------
    goal
        What is asked for.
    n
        How many at most.
    seed
        Of the draws.
    model : ConstellationModel, optional
        Where to draw from; without it each is a search from random points.
    within
        Bits that a constellation may carry less than the best one of them, at the SNR
        that this one needs.
    progress
        Show a progress bar.

    Returns
    -------
    list of Found
        The best one first; no two are the same up to rotation, reflection, order and
        inversion of bits.

    Raises
    ------
    ValueError
        If none keeps the limits; the model has another number of points; or its SNRs
        are others.
    """
    check_int("n", n, low=1)
    check_positive("within", within)
    source = _searched if model is None else _drawn(goal, model, n, seed)
    found: list[Found] = []
    with progress_bar("sampling", n, unit="constellations", enabled=progress) as go:
        for k in range(_TRIES * n):
            one = source(goal, seed, k)
            if one is not None and _is_new(one, found):
                found.append(one)
                go(1)
            if len(_near_best(found, goal, within)) == n:
                break
    if not found:
        raise ValueError(no_room(goal, f"{_TRIES * n} draws"))
    return _near_best(found, goal, within)[:n]


def distances(found: list[Found]) -> np.ndarray:
    """Root mean square distances of constellations modulo symmetries, [n, n]."""
    x = [f.constellation.points for f in found]
    out = np.zeros((len(x), len(x)))
    for i, j in zip(*np.triu_indices(len(x), 1), strict=True):
        out[i, j] = out[j, i] = apart(x[i], x[j])
    return out


def sample_rows(found: list[Found], goal: ConstellationGoal) -> list[dict[str, Any]]:
    """Return a row for each: what it carries or needs, limits, and its nearest other.

    Parameters
    ----------
    found
        Result of :func:`sample_constellations`.
    goal
        What was asked for.
    """
    far = distances(found)
    np.fill_diagonal(far, np.inf)
    at = goal.snr_db or found[0].snr_db
    return [
        {
            "constellation": i,
            "snr_db": f.snr_db,
            "rate_there": _carried(f, goal, at),
            "peak_db": f.constellation.peak_to_average_db,
            "least_distance": f.constellation.least_distance,
            "nearest": float(far[i].min()),
        }
        for i, f in enumerate(found)
    ]


def _searched(goal, seed, k) -> Found | None:
    try:
        return design_constellation(goal, seed=seed + k, num_starts=1)[0]
    except ValueError:  # no room, with this start
        return None


def _drawn(goal, model, n, seed) -> Callable:
    if goal.num_bits_per_symbol != model.num_bits_per_symbol:
        raise ValueError(
            f"num_bits_per_symbol must be {model.num_bits_per_symbol}, as of the "
            f"model, got {goal.num_bits_per_symbol}."
        )
    snr_db = goal.shannon_snr_db + _OVER_DB if goal.rate else np.mean(goal.snr_db)
    points = model.draw(float(snr_db), _TRIES * n, seed=seed)
    variables = Variables(goal, shaped=goal.shaping == "joint")

    def source(goal, seed, k):
        return settle(variables, Limits(goal), variables.of(points[k]))

    return source


def _is_new(one: Found, found: list[Found]) -> bool:
    x = one.constellation.points
    return all(apart(x, f.constellation.points) > _LEAST_APART for f in found)


def _near_best(found: list[Found], goal, within) -> list[Found]:
    if not found:
        return []
    found = best_first(found)
    at = goal.snr_db or found[0].snr_db
    rates = [_carried(f, goal, at) for f in found]
    least = max(rates) - within
    return [f for f, rate in zip(found, rates, strict=True) if rate >= least]


def _carried(found: Found, goal, at) -> float:
    drive = 10 ** (-found.back_off_db / 20)
    return carried(found.constellation, goal, at, drive=drive, order=_ORDER)
