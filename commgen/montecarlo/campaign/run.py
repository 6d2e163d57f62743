"""Run a campaign point by point, and go on with what was interrupted."""

from dataclasses import dataclass
from pathlib import Path

from commgen._files import check_folder, write_text
from commgen._tables import write_csv
from commgen.montecarlo.campaign.config import CampaignConfig, GridPoint
from commgen.montecarlo.campaign.saved import (
    CAMPAIGN_FILE,
    FindKind,
    load_saved,
    point_folder,
)
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.run import STATE_FILE, RunResult, run_experiment
from commgen.montecarlo.workers import Workers


@dataclass(frozen=True)
class CampaignResult:
    """What a campaign found.

    Parameters
    ----------
    folder
        The campaign's folder.
    results
        Result of each point.
    points
        The points.
    """

    folder: Path
    results: list[RunResult]
    points: tuple[GridPoint, ...]


def run_campaign(
    campaign: CampaignConfig,
    folder: str | Path,
    *,
    progress: bool = True,
    workers: Workers | None = None,
) -> CampaignResult:
    """Run all points into ``folder``, or go on where an earlier run stopped.

    Each point is a run folder of its own in ``points``. After each point
    the tables of the runs and ``readings.csv`` (their columns behind those of the grid)
    and ``results.png`` have all points so far.

    Parameters
    ----------
    campaign
        The campaign.
    folder
        Its folder; made if it is not there.
    progress, workers
        As in :func:`~commgen.montecarlo.run_experiment`.

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.montecarlo.run_experiment`; or if the folder holds something
        else.
    """
    folder = Path(folder)
    text = campaign.dump()
    check_folder(folder, "campaign", CAMPAIGN_FILE, text)
    write_text(folder / CAMPAIGN_FILE, text)
    results = []
    for i, point in enumerate(campaign.points):
        if progress:
            print(f"[{i + 1}/{len(campaign.points)}] {point.title}", flush=True)
        results.append(
            run_experiment(
                point.experiment,
                point_folder(folder, i),
                progress=progress,
                workers=workers,
            )
        )
        if not results[-1].was_done:
            _write(folder, campaign, results)
    _write(folder, campaign, results)
    return CampaignResult(folder, results, campaign.points)


def resume(
    folder: str | Path,
    kind: type[Experiment] | FindKind,
    *,
    progress: bool = True,
    workers: Workers | None = None,
) -> RunResult | CampaignResult:
    """Go on with the run or the campaign that a folder holds.

    Parameters
    ----------
    folder
        Its folder.
    kind
        Class of its experiment, or what finds it, as in
        :func:`~commgen.montecarlo.campaign.load_saved`.
    progress, workers
        As in :func:`~commgen.montecarlo.run_experiment`.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    folder = Path(folder)
    saved = load_saved(folder, kind)
    if isinstance(saved, CampaignConfig):
        return run_campaign(saved, folder, progress=progress, workers=workers)
    return run_experiment(saved, folder, progress=progress, workers=workers)


def _write(folder: Path, campaign: CampaignConfig, results: list[RunResult]) -> None:
    axes, first = tuple(campaign.grid), campaign.points[0].experiment
    pairs = list(zip(campaign.points, results, strict=False))
    rows = [{**point.labels, **row} for point, result in pairs for row in result.rows]
    found = [
        {**point.labels, **row} for point, result in pairs for row in result.readings
    ]
    for name, columns in first.tables.items():
        known = [column for column in columns if all(column in row for row in rows)]
        write_csv(folder / name, rows, [*axes, *known])
    write_csv(folder / "readings.csv", found, axes + first.layout.reading_columns)
    picture = folder / "results.png"
    states = [(result.folder / STATE_FILE).stat().st_mtime for result in results]
    if picture.is_file() and picture.stat().st_mtime > max(states):
        return
    from commgen.montecarlo.figure import save_campaign_figure  # and Matplotlib

    curves = [(point.title, result.rows) for point, result in pairs]
    save_campaign_figure(picture, curves, first.layout)
