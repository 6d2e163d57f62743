"""One line of the validation: what was measured, what it should be, and the verdict."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
from scipy import stats

Verdict = Literal["pass", "fail", "skipped"]

#: Of each interval. A right simulator fails one of 200 lines in one of 50 runs.
CONFIDENCE = 0.9999


@dataclass(frozen=True)
class Line:
    """One comparison.

    Parameters
    ----------
    group, name
        What was compared.
    measured, low, high
        The simulator's number and its interval at ``CONFIDENCE``.
    reference
        What it should be; for a bound, the bound.
    unit
        Of the four numbers; "" for a ratio or probability.
    verdict
        "pass", "fail" or "skipped".
    note
        Where the reference comes from; why it failed or was skipped.
    scale
        What the picture relates deviations to: the reference, unless that may be zero.
    """

    group: str
    name: str
    measured: float
    low: float
    high: float
    reference: float
    unit: str
    verdict: Verdict
    note: str
    scale: float

    def as_json(self) -> dict[str, Any]:
        """Return the fields, for a JSON file."""
        return asdict(self)


def equal(
    group: str,
    name: str,
    measured: tuple[float, float, float],
    reference: float,
    *,
    tolerance: float,
    allowance: float = 0.0,
    unit: str = "",
    note: str = "",
    scale: float | None = None,
) -> Line:
    """Say whether a measured number is the reference.

    It is if the interval meets the reference give or take ``allowance``, and if the
    interval is narrower than ``tolerance`` on both sides. The second rule is there
    lest few samples pass for nothing: whatever is off by more than twice the tolerance
    and the allowance fails.

    Parameters
    ----------
    measured
        Number, low and high end of its interval.
    reference
        What it should be.
    tolerance
        Largest half width of the interval.
    allowance
        What the reference itself is uncertain by, or a right simulator may be off.
    scale
        As in :class:`Line`; the reference by default.
    """
    value, low, high = measured
    half = max(high - value, value - low)
    if not np.isfinite(value) or not half <= tolerance:
        verdict, why = "fail", f"interval wider than +-{tolerance:.2g}"
    elif low <= reference + allowance and high >= reference - allowance:
        verdict, why = "pass", ""
    else:
        verdict, why = "fail", "reference outside the interval"
    if allowance and verdict == "pass":
        why = f"give or take {allowance:.2g}"
    return _line(group, name, measured, reference, unit, verdict, (note, why), scale)


def within(
    group: str,
    name: str,
    measured: tuple[float, float, float],
    window: tuple[float, float],
    *,
    reference: float,
    tolerance: float = float("inf"),
    unit: str = "",
    note: str = "",
    scale: float | None = None,
) -> Line:
    """Say whether a measured number lies in a window, as ``equal`` does otherwise.

    Parameters
    ----------
    window
        Lowest and highest value; infinite where there is no bound.
    reference
        What the window is about, for the table.
    """
    value, low, high = measured
    half = max(high - value, value - low)
    if not np.isfinite(value) or not half <= tolerance:
        verdict, why = "fail", f"interval wider than +-{tolerance:.2g}"
    elif window[0] <= value <= window[1]:
        verdict, why = "pass", ""
    else:
        verdict, why = "fail", f"not in {window[0]:.4g} to {window[1]:.4g}"
    return _line(group, name, measured, reference, unit, verdict, (note, why), scale)


def at_most(
    group: str,
    name: str,
    measured: tuple[float, float, float],
    bound: float,
    *,
    unit: str = "",
    note: str = "",
    scale: float | None = None,
) -> Line:
    """Say whether a bound holds: it is crossed if the whole interval lies above."""
    crossed = not measured[1] <= bound
    verdict, why = ("fail", "bound crossed") if crossed else ("pass", "")
    return _line(group, name, measured, bound, unit, verdict, (note, why), scale)


def at_least(
    group: str,
    name: str,
    measured: tuple[float, float, float],
    bound: float,
    *,
    unit: str = "",
    note: str = "",
    scale: float | None = None,
) -> Line:
    """Say whether a bound holds: it is crossed if the whole interval lies under it."""
    crossed = not measured[2] >= bound
    verdict, why = ("fail", "bound crossed") if crossed else ("pass", "")
    return _line(group, name, measured, bound, unit, verdict, (note, why), scale)


def skipped(group: str, name: str, why: str) -> Line:
    """Make the line of something that was not done, and say why."""
    nan = float("nan")
    return Line(group, name, nan, nan, nan, nan, "", "skipped", why, 1.0)


def worst(
    group: str,
    name: str,
    samples,
    reference,
    labels: Sequence[str],
    *,
    tolerance: float,
    allowance: float = 0.0,
    unit: str = "",
    note: str = "",
    scale: float | None = None,
) -> Line:
    """Compare several means at once, and show the one that is farthest off.

    The intervals are widened for their number (Bonferroni), so that all hold together
    at ``CONFIDENCE``. The line passes if all of them do.

    Parameters
    ----------
    samples : [n, num], float
        Independent draws of each number.
    reference : [num], float
        What the means should be.
    labels
        Names of the numbers.
    tolerance, allowance, scale
        As for :func:`equal`.
    """
    samples, reference = np.asarray(samples, np.float64), np.asarray(reference, float)
    num, count = len(samples), len(reference)
    z = stats.norm.ppf(1 - (1 - CONFIDENCE) / (2 * count))
    mean, error = samples.mean(0), samples.std(0, ddof=1) / np.sqrt(num)
    # What does not vary is compared exactly, up to rounding.
    error = np.maximum(error, 1e-6)
    excess = (np.abs(mean - reference) - allowance) / error
    k = int(np.argmax(excess))
    which = f"{name}, {labels[k]}" + (f" (worst of {count})" if count > 1 else "")
    sharpest = float(np.max(z * error))
    half = z * error[k]
    line = equal(
        group,
        which,
        (mean[k], mean[k] - half, mean[k] + half),
        reference[k],
        tolerance=tolerance,
        allowance=allowance,
        unit=unit,
        note=note,
        scale=scale,
    )
    if line.verdict == "pass" and sharpest > tolerance:
        wide = f"{line.note}; another interval is wider than +-{tolerance:.2g}"
        return replace(line, verdict="fail", note=wide)
    return line


def point_seed(seed: int, *numbers: int) -> int:
    """Return the seed of one point, which shares nothing with those of other points."""
    return int(np.random.SeedSequence([seed, *numbers]).generate_state(1)[0])


def scaled(
    measured: tuple[float, float, float], function: Callable[[float], float]
) -> tuple[float, float, float]:
    """Carry number and interval through a function that rises."""
    value, low, high = (float(function(x)) for x in measured)
    return value, low, high


def _line(group, name, measured, reference, unit, verdict, notes, scale) -> Line:
    value, low, high = (float(x) for x in measured)
    reference = float(reference)
    note = "; ".join(part for part in notes if part)
    scale = float(abs(reference) or 1.0 if scale is None else scale)
    return Line(group, name, value, low, high, reference, unit, verdict, note, scale)
