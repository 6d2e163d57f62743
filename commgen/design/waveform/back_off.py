"""The back-off at which a waveform costs the least and keeps its limit."""

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
# What stays free below the limit of the ACLR, for other symbols than those here [dB].
_MARGIN_DB = 0.03


def least_degradation(
    sent: Transmission, goal: WaveformGoal, *, predistorted: bool = False
) -> Degradation | None:
    """Return the least total degradation among back-offs that keep the goal's limit.

    Parameters
    ----------
    sent
        A waveform with its symbols.
    goal
        Rate, amplifier and limit.
    predistorted
        Behind the ideal predistorter, with which the amplifier is a limiter.

    Returns
    -------
    Degradation or None
        None where no back-off up to 16 dB keeps the limit.
    """
    amplifier = Limiter if predistorted else goal.amplifier
    edge = edge_db(sent, amplifier, goal.aclr_db - _MARGIN_DB)
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


def reachable_db(sent: Transmission, goal: WaveformGoal) -> float:
    """Return the ACLR at the most back-off that is looked at [dB]."""
    return sent.adjacent_db(goal.amplifier(MOST_DB)) + _MARGIN_DB


def edge_db(
    sent: Transmission, amplifier: Callable[[float], Amplifier], aclr_db: float
) -> float | None:
    """Return the least back-off of a limit, by bisection; None where none keeps it."""
    low, high = _LEAST_DB, MOST_DB
    if sent.adjacent_db(amplifier(high)) > aclr_db:
        return None
    if sent.adjacent_db(amplifier(low)) <= aclr_db:
        return low
    while high - low > _CLOSE_DB:
        middle = (low + high) / 2
        kept = sent.adjacent_db(amplifier(middle)) <= aclr_db
        low, high = (low, middle) if kept else (middle, high)
    return high
