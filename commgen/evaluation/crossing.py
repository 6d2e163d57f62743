"""The SNR at which an error rate is reached, with its interval."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True)
class Crossing:
    """Where a curve of error rates comes down to a rate.

    Parameters
    ----------
    snr_db, low_db, high_db
        SNR and its interval of 95 % [dB]; NaN where the curve, or the end of its
        interval, does not come down to it or begins below.
    """

    snr_db: float
    low_db: float
    high_db: float


def snr_at(rows: Sequence[dict[str, Any]], target: float) -> Crossing:
    """Interpolate the logarithm of an error rate over SNR.

    The interval is where the curves of the lower and of the upper ends of the rates'
    intervals come down to ``target``.

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
    if not 0 < target < 1:
        raise ValueError(f"target must be in (0, 1), got {target}.")
    snr_db = np.array([row["snr_db"] for row in rows])
    # A rate of which no error was seen is taken as half an error.
    least = np.array([0.5 / row["num_blocks"] for row in rows])
    ends = []
    for name in ("bler", "bler_low", "bler_high"):
        rate = np.maximum([row[name] for row in rows], least)
        ends.append(_crossing(snr_db, np.log(rate), np.log(target)))
    return Crossing(*ends)


def gap_interval(a: Crossing, b: Crossing) -> tuple[float, float]:
    """Interval of ``b`` minus ``a`` from their own: distances to the ends, squared.

    For independent estimates (Newcombe, Stat. Med. 17, 1998, 873-890, method 10).
    """
    gap = b.snr_db - a.snr_db
    down = np.hypot(b.snr_db - b.low_db, a.high_db - a.snr_db)
    up = np.hypot(b.high_db - b.snr_db, a.snr_db - a.low_db)
    return float(gap - down), float(gap + up)


def _crossing(x: np.ndarray, y: np.ndarray, level: float) -> float:
    """First x at which y, piecewise linear, comes down to ``level``; NaN if never."""
    below = np.flatnonzero(y <= level)
    if not below.size or (below[0] == 0 and y[0] < level):
        return float("nan")
    i = int(below[0])
    if i == 0:
        return float(x[0])
    slope = (y[i] - y[i - 1]) / (x[i] - x[i - 1])
    return float(x[i - 1] + (level - y[i - 1]) / slope)
