"""Tapped delay lines of 3GPP as tables."""

import csv
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

_TABLE = Path(__file__).with_name("tdl.csv")
_LINE_OF_SIGHT = "line of sight"


@dataclass(frozen=True, eq=False)
class DelayProfile:
    """Powers over delays, TR 38.901 tables 7.7.2-1 to 7.7.2-5.

    Parameters
    ----------
    name
        ``"TDL-A"`` to ``"TDL-E"``.
    delays : [num_paths], float
        For an RMS delay spread of 1.
    powers : [num_paths], float
        Of the paths that fade, linear.
    los_power
        Of the line of sight on the first path, 0 for none. All powers sum to 1.
    """

    name: str
    delays: np.ndarray
    powers: np.ndarray
    los_power: float


@lru_cache(maxsize=1)
def delay_profiles() -> dict[str, DelayProfile]:
    """Return all profiles by their names."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    names = dict.fromkeys(row["profile"] for row in rows)
    return {
        name: _profile(name, [row for row in rows if row["profile"] == name])
        for name in names
    }


def _profile(name: str, rows: list[dict[str, str]]) -> DelayProfile:
    delays = np.array([float(row["delay"]) for row in rows])
    powers = 10 ** (np.array([float(row["power_db"]) for row in rows]) / 10)
    powers /= powers.sum()
    los = np.array([row["fading"] == _LINE_OF_SIGHT for row in rows])
    return DelayProfile(name, delays[~los], powers[~los], float(powers[los].sum()))
