"""Finished runs beside each other: what each needs of SNR, with intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._tables import write_csv
from commgen.phy.campaign.saved import SavedRun, load_runs
from commgen.phy.readings import CurveReader

COLUMNS = (
    "run",
    "estimator",
    "measure",
    "target",
    "snr_at_db",
    "snr_low_db",
    "snr_high_db",
    "reference",
    "gain_db",
    "gain_low_db",
    "gain_high_db",
    "paired",
)


@dataclass(frozen=True)
class Curve:
    """One estimator of one run.

    Parameters
    ----------
    run
        Its run.
    title
        How the run is called beside the others.
    estimator
        Number of the estimator.
    """

    run: SavedRun
    title: str
    estimator: int

    @property
    def label(self) -> str:
        """Run and estimator."""
        return f"{self.title} / {self.name}"

    @property
    def name(self) -> str:
        """Name of the estimator."""
        return self.run.names[self.estimator]


def compare_runs(
    folders: Sequence[str | Path],
    *,
    bler: Sequence[float] = (0.1, 0.01),
    throughput: Sequence[float] = (0.7,),
) -> tuple[list[Curve], list[dict[str, Any]]]:
    """Read off the SNR that every curve needs, and its gain over the first run.

    The reference of a curve is the estimator of the same name in the first run; if
    there is none, the first estimator there. Two curves of one run saw the same slots:
    the interval of their difference is then a paired one, and narrower. Runs are
    taken as independent of each other.

    Parameters
    ----------
    folders
        Run folders and campaign folders.
    bler
        Block error rates to read at.
    throughput
        Fractions of the greatest throughput to read at, where all runs have HARQ.

    Returns
    -------
    curves
        All curves, in order.
    rows
        One for each curve and target; see ``COLUMNS``.

    Raises
    ------
    ValueError
        If a folder holds no run, or a target is not in (0, 1).
    """
    curves = _curves(folders)
    if not curves:
        raise ValueError("folders must name at least one run or campaign.")
    targets = [("bler", target) for target in bler]
    if all(curve.run.tally.harq for curve in curves):
        targets += [("throughput", target) for target in throughput]
    rows = []
    for measure, target in targets:
        for curve in curves:
            reference = _reference(curve, curves)
            rows.append(_row(curve, reference, measure, target))
    return curves, rows


def save_comparison(
    path: str | Path, curves: Sequence[Curve], rows: Sequence[dict[str, Any]]
) -> None:
    """Write ``comparison.csv`` and ``comparison.png`` into the folder ``path``."""
    path = Path(path)
    write_csv(path / "comparison.csv", list(rows), COLUMNS)
    drawn = [
        (
            curve.label,
            [row for row in curve.run.rows() if row["estimator"] == curve.name],
        )
        for curve in curves
    ]
    from commgen.phy.figure import save_curves  # and Matplotlib, only to draw

    save_curves(path / "comparison.png", drawn)


def _curves(folders: Sequence[str | Path]) -> list[Curve]:
    runs = []
    for folder in folders:
        for run in load_runs(folder):
            name = Path(folder).resolve().name
            title = f"{name}: {run.title}" if run.labels else name
            runs.append((title, run))
    titles = [title for title, _ in runs]
    if len(set(titles)) < len(titles):
        runs = [(f"{title} ({k + 1})", run) for k, (title, run) in enumerate(runs)]
    return [Curve(run, title, i) for title, run in runs for i in range(len(run.names))]


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
        gain = other.snr_db - reading.snr_db
        other_high = other_reader.interval(other)[1]
        half = ((high - reading.snr_db) ** 2 + (other_high - other.snr_db) ** 2) ** 0.5
        gain_low, gain_high = gain - half, gain + half
    return {
        "run": curve.title,
        "estimator": curve.name,
        "measure": measure,
        "target": target,
        "snr_at_db": reading.snr_db,
        "snr_low_db": low,
        "snr_high_db": high,
        "reference": reference.label,
        "gain_db": gain,
        "gain_low_db": gain_low,
        "gain_high_db": gain_high,
        "paired": paired,
    }


def _read(curve: Curve, measure: str, target: float) -> Any:
    reader = CurveReader(curve.run.tally, curve.run.config.sweep.snr_db, measure)
    return reader, reader.read(curve.estimator, target)
