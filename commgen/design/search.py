r"""Search for a constellation: from noise in which points fall together, upwards.

In much noise the best points of many labels lie in few places, and which labels share a
place is easy to find. As the noise falls these places split, and the labels that they
leave behind are good ones: no table of points or of labels is a start.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen.design.climb import ROUGH_ORDER, carried, climb, finish
from commgen.design.goal import ConstellationGoal
from commgen.design.grid import on_grid
from commgen.design.limits import Limits
from commgen.design.needed import snr_db_needed
from commgen.design.variables import Variables
from commgen.frame.constellation import Constellation
from commgen.frame.information import bit_information
from commgen.measures.decibel import noise_variance

# Where the way up begins [dB], how far below the goal at least, and its longest step.
_FIRST_DB, _LEAST_RISE_DB, _STEP_DB = 0.0, 9.0, 3.5
_STEPS = 60
# Probabilities are free once points have nearly parted; before they would all fail.
_FREE_DB = 3.6
_SHAKE = 1e-3
_WAY_PEAK_DB = 3.0
# Of the SNR that a constellation of the search needs.
_NEEDED_ORDER = 16


@dataclass(frozen=True)
class Found:
    """A constellation, and what it does.

    Parameters
    ----------
    constellation
        With the goal, seed and start in its card.
    snr_db
        SNR at which it carries the goal's rate; of a goal with SNRs their mean [dB].
    rate
        Bits that it carries there; of several SNRs the mean.
    back_off_db
        Saturated power over mean power at the goal's amplifier [dB]; 0 without one.
    """

    constellation: Constellation
    snr_db: float
    rate: float
    back_off_db: float = 0.0


def design_constellation(
    goal: ConstellationGoal,
    *,
    seed: int = 0,
    num_starts: int = 8,
    progress: bool = False,
) -> list[Found]:
    """Search from several random starts; the best one comes first.

    Parameters
    ----------
    goal
        What is asked for.
    seed
        Of the starts.
    num_starts
        Searches, each from points of its own; for ``probabilistic`` one is enough.
    progress
        Show a progress bar.

    Returns
    -------
    list of Found
        One for each start that keeps the goal's limits, by the SNR that it needs, or by
        the bits that it carries.

    Raises
    ------
    ValueError
        If no start ends within the limits.
    """
    check_int("seed", seed, low=0)
    check_int("num_starts", num_starts, low=1)
    if goal.shaping == "probabilistic":
        num_starts = 1
    found = []
    with progress_bar("searching", num_starts, unit="starts", enabled=progress) as go:
        for start in range(num_starts):
            one = _search(goal, seed, start)
            found += [] if one is None else [one]
            go(1, note=_note(goal, found))
    if not found:
        raise ValueError(no_room(goal, f"{num_starts} starts"))
    return best_first(found)


def best_first(found: list[Found]) -> list[Found]:
    """Sort by the SNR that is needed, or at given SNRs by the bits that are carried."""
    return sorted(found, key=lambda f: (f.snr_db, -f.rate))


def no_room(goal: ConstellationGoal, where: str) -> str:
    """Say that nothing keeps the limits of a goal.

    Parameters
    ----------
    goal
        What was asked for.
    where
        Was searched: "8 starts".
    """
    return (
        f"peak_db = {goal.peak_db} and least_distance = {goal.least_distance} must "
        f"leave room for {2**goal.num_bits_per_symbol} points"
        + (f" on a grid of {goal.dac_bits} bits" if goal.dac_bits else "")
        + f", got none in {where}."
    )


def _way_goal(goal):
    """Return what is asked for on the way up.

    In much noise all points would lie where an amplifier saturates, and no derivative
    would bring them back: until the end there is a limit of their peak in its place.
    """
    if goal.saturation is None:
        return goal
    return goal.model_copy(update={"saturation": None, "peak_db": _WAY_PEAK_DB})


def _note(goal, found):
    if not found:
        return "none yet"
    best = best_first(found)[0]
    if goal.rate is None:
        return f"best {best.rate:.4f} bit"
    return f"best {best.snr_db:.3f} dB"


def _search(goal, seed, start) -> Found | None:
    rng = np.random.default_rng([seed, start])
    way = _way_goal(goal)
    variables, limits = Variables(way, shaped=False), Limits(way)
    z = variables.start(rng)
    # Shannon's SNR is a little too low for any constellation.
    snr_db = goal.shannon_snr_db + 0.3 if goal.rate else float(np.mean(goal.snr_db))
    # Of points that stay where they are there is nothing to find in more noise.
    for at_db in _way_up(snr_db) if variables.fixed is None else ():
        near = snr_db - at_db <= _FREE_DB
        if goal.shaping == "joint" and near and not variables.shaped:
            variables, z = variables.free_probabilities(z)
        z = climb(variables, limits, z, at_db, _STEPS, ROUGH_ORDER)
        z = z + _SHAKE * np.sqrt(np.mean(z**2)) * rng.standard_normal(len(z))
    if way is not goal:
        x = variables.read(z).points
        variables, limits = Variables(goal, shaped=variables.shaped), Limits(goal)
        z = variables.of(x)
    found = settle(variables, limits, z)
    if found is None:
        return None
    card = {"seed": seed, "start": start, **found.constellation.card}
    return replace(found, constellation=replace(found.constellation, card=card))


def settle(variables: Variables, limits: Limits, z: np.ndarray) -> Found | None:
    """Climb to the end at the SNR that counts, and say what was found.

    Parameters
    ----------
    variables, limits, z
        As of :func:`~commgen.design.climb.finish`.

    Returns
    -------
    Found or None
        None where limits are not kept, or no SNR is enough.
    """
    goal, at = variables.goal, None
    for _ in range(2 if goal.rate else 1):  # at the SNR that this very one needs
        at = goal.snr_db or _needed(variables.read(z), goal, _NEEDED_ORDER)
        if not np.isfinite(at).all():
            return None
        z = finish(variables, limits, z, at)
    signal = variables.read(z)
    if goal.dac_bits is not None:
        signal = signal._replace(points=on_grid(signal.points, signal.log_p, goal, at))
    return judged(signal.constellation, goal, drive=_drive(signal, goal))


def judged(
    constellation: Constellation, goal: ConstellationGoal, *, drive: float = 1.0
) -> Found | None:
    """Say what a constellation does, its bits in order of their information.

    Parameters
    ----------
    constellation, goal
        What is there, and what was asked for.
    drive
        As of :func:`~commgen.design.climb.carried`.

    Returns
    -------
    Found or None
        With the goal in its card; None where its limits are not kept.
    """
    if not Limits(goal).kept(constellation.points):
        return None
    back_off_db = float(-20 * np.log10(drive))
    if goal.rate:
        snr_db: Any = snr_db_needed(constellation, goal, back_off_db=back_off_db)
        rate = goal.rate
    else:
        at: Any = goal.snr_db
        snr_db = float(np.mean(at))
        rate = carried(constellation, goal, at, drive=drive)
    if not np.isfinite(snr_db):
        return None
    made = strongest_first(constellation, snr_db - back_off_db)
    card = {**made.card, "goal": goal.model_dump(mode="json", exclude_none=True)}
    card |= {"snr_db": round(snr_db, 4), "rate": round(rate, 5)}
    if goal.saturation is not None:
        card["back_off_db"] = round(back_off_db, 4)
    return Found(replace(made, card=card), snr_db, rate, back_off_db)


def _needed(signal, goal, order):
    back_off_db = -20 * np.log10(_drive(signal, goal))
    of = {"order": order, "back_off_db": back_off_db}
    return snr_db_needed(signal.constellation, goal, **of)


def strongest_first(constellation: Constellation, snr_db: float) -> Constellation:
    """Return the same points with the bits of their labels in order of information.

    The GMI is the same; the NR code is not: its interleaver puts information bits on
    the first bits of a symbol, which are the strongest of QAM too. In the other order
    half a dB of its block error rate is lost.

    Parameters
    ----------
    constellation
        Any.
    snr_db
        At which bits are compared [dB].
    """
    no = float(noise_variance(snr_db))
    order = np.argsort(-bit_information(constellation, no, order=ROUGH_ORDER))
    labels = constellation.bits[:, order] @ (2 ** np.arange(len(order))[::-1])
    return Constellation.of(
        constellation.points,
        labels,
        constellation.probabilities,
        card=constellation.card,
    )


def _drive(signal, goal) -> float:
    return 1.0 if goal.saturation is None else signal.scale


def _way_up(snr_db) -> np.ndarray:
    """Return the SNRs of the way up to one [dB]."""
    first = min(_FIRST_DB, snr_db - _LEAST_RISE_DB)
    return np.linspace(first, snr_db, 1 + int(np.ceil((snr_db - first) / _STEP_DB)))
