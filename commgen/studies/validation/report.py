"""The table and the picture of a validation."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._files.tables import write_csv
from commgen._files.whole import atomic_path
from commgen.studies.validation.line import Line

_COLOURS = {"pass": "#0072B2", "fail": "#D55E00"}
_LONGEST = 74  # characters of a name in the picture


def save_lines(folder: Path, lines: Sequence[Line]) -> None:
    """Write ``validation.csv`` and ``validation.png``."""
    rows = [line.as_json() for line in lines]
    for row in rows:
        del row["scale"]
    write_csv(folder / "validation.csv", rows)
    if any(line.verdict != "skipped" for line in lines):
        _save_figure(folder / "validation.png", lines)


def table(lines: Sequence[Line]) -> list[dict[str, str]]:
    """Lay lines out as text: a column for each key; the note where one did not pass."""
    return [
        {
            "group": line.group,
            "check": line.name,
            "measured": _number(line.measured),
            "interval": f"{_number(line.low)} to {_number(line.high)}",
            "reference": _number(line.reference),
            "unit": line.unit,
            "verdict": line.verdict,
            "note": "" if line.verdict == "pass" else line.note,
        }
        for line in lines
    ]


def summary(lines: Sequence[Line]) -> dict[str, int]:
    """Count the verdicts."""
    verdicts = [line.verdict for line in lines]
    return {name: verdicts.count(name) for name in ("pass", "fail", "skipped")}


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4g}"


def _save_figure(path: Path, lines: Sequence[Line]) -> None:
    """Draw how far each measured number is from its reference, a panel a group."""
    shown = [line for line in lines if np.isfinite(line.measured - line.reference)]
    groups = list(dict.fromkeys(line.group for line in shown))
    heights = [sum(line.group == group for line in shown) + 2 for group in groups]
    figure = Figure(figsize=(11, 0.17 * sum(heights) + 1), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(
        len(groups), 1, squeeze=False, height_ratios=heights
    ).ravel()
    for axes, group in zip(panels, groups, strict=True):
        _draw_group(axes, group, [line for line in shown if line.group == group])
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=110, format="png")


def _draw_group(axes, group: str, lines: Sequence[Line]) -> None:
    place = np.arange(len(lines))[::-1]
    for y, line in zip(place, lines, strict=True):
        value, low, high = (_deviation(line, x) for x in ("measured", "low", "high"))
        bars = [[max(value - low, 0.0)], [max(high - value, 0.0)]]
        colour = _COLOURS[line.verdict]
        axes.errorbar([value], [y], xerr=bars, fmt="o", ms=3, color=colour, capsize=2)
    axes.axvline(0, color="grey", linewidth=0.8)
    names = [_shortened(line.name) for line in lines]
    axes.set_yticks(place, names, fontsize=6)
    axes.set_ylim(-1, len(lines))
    decibels = [line.unit == "dB" for line in lines]
    what = "dB" if all(decibels) else "% or dB" if any(decibels) else "%"
    axes.set_xlabel(f"measured less reference, {what}", fontsize=7)
    axes.set_title(group, fontsize=9, loc="left")
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(alpha=0.3)


def _deviation(line: Line, field: str) -> float:
    """Distance from the reference, in dB or in per cent of the line's scale."""
    difference = getattr(line, field) - line.reference
    return difference if line.unit == "dB" else 100 * difference / line.scale


def _shortened(name: str) -> str:
    return name if len(name) <= _LONGEST else name[: _LONGEST - 3] + "..."
