"""The back-off at which a waveform costs the least and keeps its limits."""

from collections.abc import Callable

from commgen.design.waveform.goal import WaveformGoal
from commgen.waveform.amplifier import Amplifier, Limiter
from commgen.waveform.degradation import Degradation, Transmission

# Back-offs that are looked at, and how closely the limit is met [dB].
_LEAST_DB, _CLOSE_DB = -8.0, 0.01
#: The most back-off that is looked at [dB].
MOST_DB = 16.0
# More back-off than the limit asks for may lose less: in steps of [dB].
_STEP_DB = 0.4
# What stays free below the limits, for other symbols than those here [dB].
_MARGIN_DB = 0.03


def least_degradation(
    sent: Transmission, goal: WaveformGoal, *, predistorted: bool = False
) -> Degradation | None:
    """Return the least total degradation among back-offs that keep the goal's limits.

    Parameters
    ----------
    sent
        A waveform with its symbols.
    goal
        Rate, amplifier and limits.
    predistorted
        Behind the ideal predistorter, with which the amplifier is a limiter.

    Returns
    -------
    Degradation or None
        None where no back-off up to 16 dB keeps the limits.
    """
    amplifier = Limiter if predistorted else goal.amplifier
    edge = edge_db(sent, amplifier, goal)
    if edge is None:
        return None
    best = sent.degradation(goal.rate, amplifier(edge))
    while True:
        edge += _STEP_DB
        more = sent.degradation(goal.rate, amplifier(edge))
        # Of two that lose all, more back-off is nearer to one that does not.
        if more.total_db > best.total_db or edge > MOST_DB:
            return best
        best = more


def excess_db(
    sent: Transmission, amplifier: Amplifier, goal: WaveformGoal
) -> tuple[float, str]:
    """Return by how much the goal's limits are passed, and which one is the closest.

    Above 0 one is not kept; a little room is left for other symbols than those here.
    """
    over = {"aclr_db": sent.adjacent_db(amplifier) - goal.aclr_db}
    if goal.spectral_mask is not None:
        over["mask"] = -sent.mask_margin_db(amplifier, goal.spectral_mask)
    closest = max(over, key=lambda name: over[name])
    return over[closest] + _MARGIN_DB, closest


def check_reachable(sent: Transmission, goal: WaveformGoal) -> None:
    """Raise ValueError where the most back-off keeps no limit; it says what is kept."""
    over, name = excess_db(sent, goal.amplifier(MOST_DB), goal)
    if over > 0:
        asked = f"{goal.aclr_db:g} dB" if name == "aclr_db" else f"{goal.mask}"
        raise ValueError(
            f"{name} must be {over:.1f} dB higher, which {MOST_DB:g} dB of back-off "
            f"reach, got {asked}."
        )


def edge_db(
    sent: Transmission, amplifier: Callable[[float], Amplifier], goal: WaveformGoal
) -> float | None:
    """Return the least back-off of the limits, by bisection; None where none is."""
    low, high = _LEAST_DB, MOST_DB
    if excess_db(sent, amplifier(high), goal)[0] > 0:
        return None
    if excess_db(sent, amplifier(low), goal)[0] <= 0:
        return low
    while high - low > _CLOSE_DB:
        middle = (low + high) / 2
        kept = excess_db(sent, amplifier(middle), goal)[0] <= 0
        low, high = (low, middle) if kept else (middle, high)
    return high
