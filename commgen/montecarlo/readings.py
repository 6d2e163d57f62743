"""Points at which a curve meets a target, and gains between curves, with intervals."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.measures.crossing import invert
from commgen.measures.intervals import normal_quantile
from commgen.montecarlo.layout import BLOCKS, TRIALS, Layout
from commgen.montecarlo.tally import Tally

_TRIALS = 0  # of the events


@dataclass(frozen=True)
class Reading:
    """A value of the axis read off a curve of a tally, and what it depends on.

    Parameters
    ----------
    curve
        Number of the curve.
    value
        Value of the axis at which the curve meets the target, such as an SNR in dB; NaN
        if it does not.
    slopes
        Number of a point to the derivative of ``value`` by what the curve has there:
        the logarithm of a rate that falls, or a rate that rises.
    """

    curve: int
    value: float
    slopes: dict[int, float]


class CurveReader:
    """Read values of the axis, and differences between curves, off a tally.

    Between two points the logarithm of a rate that falls, or a rate that rises, is
    taken as linear. Intervals follow by the delta method from the covariances of the
    values at the points that a reading depends on. All curves and points see the same
    trials, so what makes all of them fail cancels in a difference.

    Parameters
    ----------
    tally
        What was counted.
    layout
        Of the tally.
    measure
        Name of one of its rates, such as "bler".
    confidence
        Of the intervals.

    Raises
    ------
    ValueError
        If ``measure`` is no rate of the layout.
    """

    def __init__(
        self,
        tally: Tally,
        layout: Layout,
        measure: str = "bler",
        *,
        confidence: float = 0.95,
    ):
        rate = layout.rate(measure)
        self._tally, self._points = tally, np.asarray(layout.points, float)
        self._z = normal_quantile(confidence)
        self._falls = rate.falls
        self._top, self._bottom = layout.event(rate.top), layout.event(rate.bottom)
        self._over_trials = rate.bottom in (TRIALS, BLOCKS)
        self._among = tally.blocks if rate.bottom == BLOCKS else tally.trials

    def read(self, curve: int, target: float) -> Reading:
        """Return the value of the axis at which a curve meets ``target``."""
        if not 0 < target < 1:
            raise ValueError(f"target must be in (0, 1), got {target}.")
        run = np.flatnonzero(self._tally.trials[curve])
        value = np.array([self._value(curve, int(j)) for j in run])
        level = np.log(target) if self._falls else target
        found = invert(self._points[run], value, level, falling=self._falls)
        slopes = {int(run[k]): slope for k, slope in found.slopes.items()}
        return Reading(curve, found.x, slopes)

    def interval(self, reading: Reading) -> tuple[float, float]:
        """Return the interval of a reading."""
        return self._around(reading.value, self._covariance(reading, reading))

    def gain(self, one: Reading, other: Reading) -> tuple[float, float, float]:
        """Return how much less ``one`` needs than ``other``, with interval.

        Returns
        -------
        gain, low, high : float
            In units of the axis; positive where ``one`` is better; NaN where one of
            them is.
        """
        gain = other.value - one.value
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
        """Mean of an event per trial; where none fell, half an event is taken."""
        total = self._tally.events[event, i, j]
        if self._falls and event == self._top:
            total = max(total, 0.5)
        return float(total / self._tally.trials[i, j])

    def _value(self, i: int, j: int) -> float:
        ratio = self._mean(self._top, i, j) / self._mean(self._bottom, i, j)
        if self._over_trials:
            ratio = ratio * self._tally.trials[i, j] / self._among[i, j]
        return float(np.log(ratio) if self._falls else ratio)

    def _covariance(self, one: Reading, other: Reading) -> float:
        return sum(
            slope_a * slope_b * self._point_covariance((one.curve, a), (other.curve, b))
            for a, slope_a in one.slopes.items()
            for b, slope_b in other.slopes.items()
        )

    def _point_covariance(self, a: tuple[int, int], b: tuple[int, int]) -> float:
        """Covariance of the values at two points, over the trials that both saw."""
        joint = self._tally.joint
        common = float(joint[(_TRIALS, *a, _TRIALS, *b)])
        if common < 2:
            return float("inf") if a == b else 0.0
        total = 0.0
        for event_a, weight_a in self._weights(a):
            for event_b, weight_b in self._weights(b):
                mean_a = joint[(event_a, *a, _TRIALS, *b)] / common
                mean_b = joint[(_TRIALS, *a, event_b, *b)] / common
                product = joint[(event_a, *a, event_b, *b)] / common
                total += weight_a * weight_b * float(product - mean_a * mean_b)
        # Means over n_a and n_b trials, of which the smaller set is common.
        trials = self._tally.trials
        total *= common / float(trials[a]) / float(trials[b])
        if a == b and self._falls and self._tally.events[(self._top, *a)] == 0:
            total = 2.0  # relative variance of a Poisson count of half an event
        return total

    def _weights(self, point: tuple[int, int]) -> list[tuple[int, float]]:
        """Return the derivative of a value by the mean of each event in it."""
        top, bottom = (self._mean(e, *point) for e in (self._top, self._bottom))
        scale = top / bottom if self._falls else 1.0  # of a logarithm
        if self._over_trials:
            return [(self._top, 1 / (bottom * scale))]
        return [
            (self._top, 1 / (bottom * scale)),
            (self._bottom, -top / (bottom**2 * scale)),
        ]


def readings(
    tally: Tally, layout: Layout, targets: Mapping[str, Sequence[float]]
) -> list[dict[str, Any]]:
    """Return what each curve needs, and its gain over the first one.

    Parameters
    ----------
    tally
        What was counted.
    layout
        Of the tally.
    targets
        Names of rates to the values to read at.

    Returns
    -------
    list of dict
        The columns of ``layout.reading_columns``.
    """
    rows = []
    for measure, values in targets.items():
        reader = CurveReader(tally, layout, measure)
        for target in values:
            found = [reader.read(i, target) for i in range(len(layout.curves))]
            for name, reading in zip(layout.curves, found, strict=True):
                row = (
                    *(measure, target, name),
                    *(reading.value, *reader.interval(reading)),
                    *reader.gain(reading, found[0]),
                )
                rows.append(dict(zip(layout.reading_columns, row, strict=True)))
    return rows
