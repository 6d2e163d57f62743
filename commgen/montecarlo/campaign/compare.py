"""Finished runs beside each other: what each needs, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen.montecarlo.campaign.saved import SavedRun, load_runs
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.readings import CurveReader

TARGETS = {"bler": (0.1, 0.01), "throughput": (0.7,)}


@dataclass(frozen=True)
class Curve:
    """One curve of one run.

    Parameters
    ----------
    run
        Its run.
    title
        How the run is called beside the others.
    number
        Number of the curve.
    """

    run: SavedRun
    title: str
    number: int

    @property
    def label(self) -> str:
        """Run and name."""
        return f"{self.title} / {self.name}"

    @property
    def name(self) -> str:
        """Name of the curve."""
        return self.run.layout.curves[self.number]


def compare_runs(
    folders: Sequence[str | Path],
    targets: Mapping[str, Sequence[float]] = TARGETS,
    *,
    old_layout: Callable[[Any], Layout] | None = None,
) -> tuple[list[Curve], list[dict[str, Any]]]:
    """Read off what every curve needs, and its gain over the first run.

    The reference of a curve is the curve of the same name in the first run; if there is
    none, the first curve there. Two curves of one run saw the same trials: the interval
    of their difference is then a paired one, and narrower. Runs are taken as
    independent of each other.

    Parameters
    ----------
    folders
        Run folders and campaign folders.
    targets
        Names of rates to the values to read at, where all runs have the rate.
    old_layout
        As in :func:`~commgen.montecarlo.campaign.load_run`.

    Returns
    -------
    curves
        All curves, in order.
    rows
        One for each curve and target; see :func:`comparison_columns`.

    Raises
    ------
    ValueError
        If a folder holds no run, runs have different axes, no rate of ``targets`` is
        common to them, or a target is not in (0, 1).
    """
    curves = _curves(folders, old_layout)
    if not curves:
        raise ValueError("folders must name at least one run or campaign.")
    layouts = [curve.run.layout for curve in curves]
    for layout in layouts:
        if layout.axis != layouts[0].axis or layout.curve != layouts[0].curve:
            raise ValueError(
                f"folders must hold runs of one kind, got {layouts[0].curve} over "
                f"{layouts[0].axis.title} and {layout.curve} over {layout.axis.title}."
            )
    common = set.intersection(*({rate.name for rate in v.rates} for v in layouts))
    rows = [
        _row(curve, _reference(curve, curves), measure, target)
        for measure, values in targets.items()
        if measure in common
        for target in values
        for curve in curves
    ]
    if any(targets.values()) and not common & targets.keys():
        raise ValueError(
            f"targets must be of rates that all runs have, {sorted(common)}, got "
            f"{sorted(targets)}."
        )
    return curves, rows


def comparison_columns(layout: Layout) -> tuple[str, ...]:
    """Return the columns of a comparison of runs with a layout."""
    measure, target, curve, *values = layout.reading_columns
    return (
        *("run", curve, measure, target),
        *values[:3],
        "reference",
        *values[3:],
        "paired",
    )


def save_comparison(
    path: str | Path, curves: Sequence[Curve], rows: Sequence[dict[str, Any]]
) -> None:
    """Write ``comparison.csv`` and ``comparison.png`` into the folder ``path``."""
    path = Path(path)
    layout = curves[0].run.layout
    write_csv(path / "comparison.csv", list(rows), comparison_columns(layout))
    drawn = [
        (
            curve.label,
            [row for row in curve.run.rows() if row[layout.curve] == curve.name],
        )
        for curve in curves
    ]
    from commgen.montecarlo.figure import save_curves  # and Matplotlib, only to draw

    save_curves(path / "comparison.png", drawn, layout)


def _curves(folders: Sequence[str | Path], old_layout: Any) -> list[Curve]:
    runs = []
    for folder in folders:
        for run in load_runs(folder, old_layout=old_layout):
            name = Path(folder).resolve().name
            title = f"{name}: {run.title}" if run.labels else name
            runs.append((title, run))
    titles = [title for title, _ in runs]
    if len(set(titles)) < len(titles):
        runs = [(f"{title} ({k + 1})", run) for k, (title, run) in enumerate(runs)]
    return [
        Curve(run, title, i)
        for title, run in runs
        for i in range(len(run.layout.curves))
    ]


def _reference(curve: Curve, curves: Sequence[Curve]) -> Curve:
    first = [other for other in curves if other.run is curves[0].run]
    if curve.run is first[0].run:
        return first[0]
    return next((other for other in first if other.name == curve.name), first[0])


def _row(curve: Curve, reference: Curve, measure: str, target: float) -> dict[str, Any]:
    reader, reading = _read(curve, measure, target)
    low, high = reader.interval(reading)
    other_reader, other = _read(reference, measure, target)
    paired = curve.run is reference.run
    if paired:
        gain, gain_low, gain_high = reader.gain(reading, other)
    else:
        gain = other.value - reading.value
        other_high = other_reader.interval(other)[1]
        half = ((high - reading.value) ** 2 + (other_high - other.value) ** 2) ** 0.5
        gain_low, gain_high = gain - half, gain + half
    values = (
        *(curve.title, curve.name, measure, target),
        *(reading.value, low, high),
        reference.label,
        *(gain, gain_low, gain_high),
        paired,
    )
    return dict(zip(comparison_columns(curve.run.layout), values, strict=True))


def _read(curve: Curve, measure: str, target: float) -> Any:
    reader = CurveReader(curve.run.tally, curve.run.layout, measure)
    return reader, reader.read(curve.number, target)
