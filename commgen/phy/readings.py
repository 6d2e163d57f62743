"""SNRs at which a curve meets a target, and gains between curves, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.measures.crossing import invert
from commgen.measures.intervals import normal_quantile
from commgen.phy.tally import DELIVERED, ERRORS, SLOTS, TRANSMISSIONS, Tally


@dataclass(frozen=True)
class Reading:
    """An SNR read off a curve of a tally, and what it depends on.

    Parameters
    ----------
    estimator
        Number of the estimator.
    snr_db
        SNR at which the curve meets the target; NaN if it does not.
    slopes
        SNR number to the derivative of ``snr_db`` by the value there: the logarithm of
        the block error rate, or the throughput.
    """

    estimator: int
    snr_db: float
    slopes: dict[int, float]


class CurveReader:
    """Read SNRs, and differences between estimators, off the curves of a tally.

    Between two SNRs the logarithm of the block error rate, or the throughput, is taken
    as linear. Intervals follow by the delta method from the covariances of the values
    at the points that a reading depends on. All estimators and SNRs see the same slots,
    so what makes all of them fail cancels in a difference.

    Parameters
    ----------
    tally : Tally
        What was counted.
    snr_db : [num_snr], float
        SNRs, ascending.
    measure
        "bler", or "throughput" with HARQ.
    confidence
        Of the intervals.

    Raises
    ------
    ValueError
        If ``measure`` is something else, or there is no throughput.
    """

    def __init__(
        self,
        tally: Tally,
        snr_db: Any,
        measure: str = "bler",
        *,
        confidence: float = 0.95,
    ):
        if measure not in ("bler", "throughput"):
            raise ValueError(f"measure must be bler or throughput, got {measure!r}.")
        if measure == "throughput" and not tally.harq:
            raise ValueError("measure must be bler where nothing is sent twice.")
        self._tally, self._snr_db = tally, np.asarray(snr_db, float)
        self._z = normal_quantile(confidence)
        self._bler = measure == "bler"
        self._top = ERRORS if self._bler else DELIVERED
        self._bottom = SLOTS if self._bler else TRANSMISSIONS

    def read(self, estimator: int, target: float) -> Reading:
        """Return the SNR at which the curve of an estimator meets ``target``."""
        if not 0 < target < 1:
            raise ValueError(f"target must be in (0, 1), got {target}.")
        run = np.flatnonzero(self._tally.slots[estimator])
        value = np.array([self._value(estimator, int(j)) for j in run])
        level = np.log(target) if self._bler else target
        found = invert(self._snr_db[run], value, level, falling=self._bler)
        slopes = {int(run[k]): slope for k, slope in found.slopes.items()}
        return Reading(estimator, found.x, slopes)

    def interval(self, reading: Reading) -> tuple[float, float]:
        """Return the interval of a reading."""
        return self._around(reading.snr_db, self._covariance(reading, reading))

    def gain(self, one: Reading, other: Reading) -> tuple[float, float, float]:
        """Return how much less SNR ``one`` needs than ``other``, with interval.

        Returns
        -------
        gain_db, low_db, high_db : float
            Positive where ``one`` is better; NaN where one of them is.
        """
        gain = other.snr_db - one.snr_db
        variance = (
            self._covariance(one, one)
            + self._covariance(other, other)
            - 2 * self._covariance(one, other)
        )
        low, high = self._around(gain, variance)
        return gain, low, high

    def _around(self, centre: float, variance: float) -> tuple[float, float]:
        half = self._z * np.sqrt(max(variance, 0.0))
        return float(centre - half), float(centre + half)

    def _mean(self, event: int, i: int, j: int) -> float:
        """Mean of an event per slot; where no block failed, half an error is taken."""
        total = self._tally.events[event, i, j]
        if event == ERRORS:
            total = max(total, 0.5)
        return float(total / self._tally.slots[i, j])

    def _value(self, i: int, j: int) -> float:
        ratio = self._mean(self._top, i, j) / self._mean(self._bottom, i, j)
        if not self._bler:
            return ratio
        return float(np.log(ratio * self._tally.slots[i, j] / self._tally.blocks[i, j]))

    def _covariance(self, one: Reading, other: Reading) -> float:
        return sum(
            slope_a
            * slope_b
            * self._point_covariance((one.estimator, a), (other.estimator, b))
            for a, slope_a in one.slopes.items()
            for b, slope_b in other.slopes.items()
        )

    def _point_covariance(self, a: tuple[int, int], b: tuple[int, int]) -> float:
        """Covariance of the values at two points, over the slots that both saw."""
        joint = self._tally.joint
        common = float(joint[(SLOTS, *a, SLOTS, *b)])
        if common < 2:
            return float("inf") if a == b else 0.0
        total = 0.0
        for event_a, weight_a in self._weights(a):
            for event_b, weight_b in self._weights(b):
                mean_a = joint[(event_a, *a, SLOTS, *b)] / common
                mean_b = joint[(SLOTS, *a, event_b, *b)] / common
                product = joint[(event_a, *a, event_b, *b)] / common
                total += weight_a * weight_b * float(product - mean_a * mean_b)
        # Means over n_a and n_b slots, of which the smaller set is common.
        slots = self._tally.slots
        total *= common / float(slots[a]) / float(slots[b])
        if a == b and self._bler and self._tally.events[(ERRORS, *a)] == 0:
            total = 2.0  # relative variance of a Poisson count of half an event
        return total

    def _weights(self, point: tuple[int, int]) -> list[tuple[int, float]]:
        """Return the derivative of a value by the mean of each event in it."""
        top, bottom = (self._mean(e, *point) for e in (self._top, self._bottom))
        if self._bler:
            return [(self._top, 1 / top)]
        return [(self._top, 1 / bottom), (self._bottom, -top / bottom**2)]


def readings(
    tally: Tally, names: Sequence[str], snr_db: Any, targets: dict[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """Return the SNR that each estimator needs, and its gain over the first one.

    Parameters
    ----------
    tally : Tally
        What was counted.
    names
        Estimators; the first one is the reference of the gains.
    snr_db : [num_snr], float
        SNRs, ascending.
    targets
        "bler" and "throughput" to the values to read at.

    Returns
    -------
    list of dict
        ``measure``, ``target``, ``estimator``, ``snr_at_db``, ``snr_low_db``,
        ``snr_high_db``, ``gain_db``, ``gain_low_db``, ``gain_high_db``.
    """
    rows = []
    for measure, values in targets.items():
        reader = CurveReader(tally, snr_db, measure)
        for target in values:
            found = [reader.read(i, target) for i in range(len(names))]
            for name, reading in zip(names, found, strict=True):
                low, high = reader.interval(reading)
                gain, gain_low, gain_high = reader.gain(reading, found[0])
                rows.append(
                    {
                        "measure": measure,
                        "target": target,
                        "estimator": name,
                        "snr_at_db": reading.snr_db,
                        "snr_low_db": low,
                        "snr_high_db": high,
                        "gain_db": gain,
                        "gain_low_db": gain_low,
                        "gain_high_db": gain_high,
                    }
                )
    return rows
