"""Where a curve over SNR meets a target, and how far the draws may have moved that.

A curve is linear between its points. How sure the place is follows in three ways: from
the ends of the intervals of its rates, from what each draw added, or from its slopes
and sums of products of counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.measures.intervals import normal_quantile


@dataclass(frozen=True)
class Inverse:
    """Where a piecewise linear curve meets a level.

    Parameters
    ----------
    x
        The place; NaN if the curve does not meet the level, or begins beyond it.
    slopes
        Number of a point of the curve to the derivative of ``x`` by the value there.
    """

    x: float
    slopes: dict[int, float]


def invert(x: Any, y: Any, level: float, *, falling: bool = False) -> Inverse:
    """Return where a curve first comes up to ``level``, or down to it.

    Parameters
    ----------
    x, y : [n], float
        Points of the curve, ``x`` ascending.
    level
        Value to meet.
    falling
        Whether the curve comes down to it.
    """
    sign = -1 if falling else 1
    met = np.flatnonzero(sign * np.asarray(y) >= sign * level)
    if not met.size or (met[0] == 0 and y[0] != level):
        return Inverse(float("nan"), {})
    k = max(int(met[0]), 1)
    if k >= len(x):  # a single point that meets the level exactly
        return Inverse(float(x[0]), {})
    step, rise = x[k] - x[k - 1], y[k] - y[k - 1]
    place = x[k - 1] + step * (level - y[k - 1]) / rise
    slopes = {
        k - 1: -step * (y[k] - level) / rise**2,
        k: -step * (level - y[k - 1]) / rise**2,
    }
    return Inverse(float(place), slopes)


@dataclass(frozen=True)
class Crossing:
    """Where a curve of error rates comes down to a rate.

    Parameters
    ----------
    snr_db, low_db, high_db
        SNR and its interval [dB]; NaN where the curve, or the end of its interval, does
        not come down to it or begins below.
    """

    snr_db: float
    low_db: float
    high_db: float


def snr_at(rows: Sequence[dict[str, Any]], target: float) -> Crossing:
    """Interpolate the logarithm of an error rate over SNR.

    The interval is where the curves of the lower and of the upper ends of the rates'
    intervals come down to ``target``; it has their confidence.

    Parameters
    ----------
    rows
        ``snr_db``, ascending, ``bler``, ``bler_low``, ``bler_high``, ``num_blocks``.
    target
        Error rate, in (0, 1).

    Raises
    ------
    ValueError
        If ``target`` is not in (0, 1).
    """
    _check_target(target)
    snr_db = np.array([row["snr_db"] for row in rows])
    # A rate of which no error was seen is taken as half an error.
    least = np.array([0.5 / row["num_blocks"] for row in rows])
    ends = []
    for name in ("bler", "bler_low", "bler_high"):
        rate = np.maximum([row[name] for row in rows], least)
        ends.append(invert(snr_db, np.log(rate), np.log(target), falling=True).x)
    return Crossing(*ends)


def gap_interval(a: Crossing, b: Crossing) -> tuple[float, float]:
    """Interval of ``b`` minus ``a`` from their own: distances to the ends, squared.

    For independent estimates (Newcombe, Stat. Med. 17, 1998, 873-890, method 10).
    """
    gap = b.snr_db - a.snr_db
    down = np.hypot(b.snr_db - b.low_db, a.high_db - a.snr_db)
    up = np.hypot(b.high_db - b.snr_db, a.snr_db - a.low_db)
    return float(gap - down), float(gap + up)


@dataclass(frozen=True)
class DrawnCrossing:
    """An SNR read off a curve, with what each draw did to it.

    Parameters
    ----------
    snr_db
        SNR at the target; NaN if the curve does not meet it.
    influence : [n], float
        What each independent draw added to it, to first order, times ``n``; their
        spread is that of the SNR.
    """

    snr_db: float
    influence: np.ndarray

    def interval(self, confidence: float = 0.95) -> tuple[float, float, float]:
        """Return the SNR with its interval."""
        z = normal_quantile(confidence)
        half = z * self.influence.std(ddof=1) / np.sqrt(len(self.influence))
        return self.snr_db, float(self.snr_db - half), float(self.snr_db + half)

    def minus(
        self, other: "DrawnCrossing", confidence: float = 0.95
    ) -> tuple[float, float, float]:
        """Return the difference, with its interval, of two readings of the same draws.

        What the draws did to both cancels.
        """
        difference = self.snr_db - other.snr_db
        both = DrawnCrossing(difference, self.influence - other.influence)
        return both.interval(confidence)


def error_rate_crossing(snr_db, errors, target: float) -> DrawnCrossing:
    """Return where an error rate comes down to ``target``, its logarithm linear.

    Parameters
    ----------
    snr_db : [num_snr], float
        Ascending.
    errors : [num_snr, n], bool
        Whether each draw was an error; the draws are the same at all SNRs.
    target
        In (0, 1).
    """
    _check_target(target)
    errors = np.asarray(errors, float)
    # Where no error was seen, half an error is taken.
    mean = np.maximum(errors.mean(1), 0.5 / errors.shape[1])
    value, influence = -np.log(mean), -(errors / mean[:, None] - 1)
    return _drawn(np.asarray(snr_db, float), value, influence, -np.log(target))


def throughput_crossing(snr_db, delivered, transmissions, target) -> DrawnCrossing:
    """Return where deliveries over transmissions come up to ``target``.

    Parameters
    ----------
    snr_db : [num_snr], float
        Ascending.
    delivered, transmissions : [num_snr, n], int
        Of each HARQ process; the processes are the same at all SNRs.
    target
        In (0, 1).
    """
    _check_target(target)
    top, bottom = np.asarray(delivered, float), np.asarray(transmissions, float)
    value = top.sum(1) / bottom.sum(1)
    influence = (top - value[:, None] * bottom) / bottom.mean(1)[:, None]
    return _drawn(np.asarray(snr_db, float), value, influence, target)


def _drawn(x, value, influence, level: float) -> DrawnCrossing:
    """Invert a rising curve, and carry the influence of the draws through."""
    found = invert(x, value, level)
    moved = influence[0] * (0.0 if found.slopes else np.nan)
    for k, slope in found.slopes.items():
        moved = moved + slope * influence[k]
    return DrawnCrossing(found.x, moved)


def _check_target(target: float) -> None:
    if not 0 < target < 1:
        raise ValueError(f"target must be in (0, 1), got {target}.")
