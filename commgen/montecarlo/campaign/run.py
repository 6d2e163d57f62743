"""Run a campaign point by point, and go on with what was interrupted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._console import say
from commgen._files.tables import write_csv
from commgen._files.whole import check_folder, write_text
from commgen.montecarlo.campaign.config import CampaignConfig, GridPoint
from commgen.montecarlo.campaign.saved import (
    CAMPAIGN_FILE,
    FindKind,
    load_saved,
    point_folder,
)
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.home import STATE_FILE, RunHome
from commgen.montecarlo.lock import FolderLock
from commgen.montecarlo.origin import config_values, difference
from commgen.montecarlo.run import RunResult, run_experiment
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
    other_versions: bool = False,
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
    progress, workers, other_versions
        As in :func:`~commgen.montecarlo.run_experiment`.

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.montecarlo.run_experiment`; or if the folder holds something
        else.
    """
    folder = Path(folder)
    check_folder(folder, "campaign", CAMPAIGN_FILE)
    _check_same(campaign, folder)
    options: Any = {
        "progress": progress,
        "workers": workers,
        "other_versions": other_versions,
    }
    with FolderLock(folder) as lock:
        lock.take()
        write_text(folder / CAMPAIGN_FILE, campaign.dump(folder))
        results = []
        for i, point in enumerate(campaign.points):
            if progress:
                say(f"[{i + 1}/{len(campaign.points)}] {point.title}")
            lock.check()
            home = point_folder(folder, i)
            results.append(run_experiment(point.experiment, home, **options))
            if not results[-1].was_done:
                _write(folder, campaign, results)
        _write(folder, campaign, results)
    return CampaignResult(folder, results, campaign.points)


def goes_on(loaded: CampaignConfig | Experiment, folder: str | Path) -> bool:
    """Whether a folder holds this very run or campaign, and not to its end."""
    folder = Path(folder)
    try:
        if isinstance(loaded, CampaignConfig):
            _check_same(loaded, folder)
            points = [point.experiment for point in loaded.points]
            homes = [
                RunHome(point, point_folder(folder, i))
                for i, point in enumerate(points)
            ]
        else:
            homes = [RunHome(loaded, folder)]
    except ValueError:
        return False
    return not all(home.card.before.done for home in homes)


def _check_same(campaign: CampaignConfig, folder: Path) -> None:
    """Raise ValueError if a folder holds another campaign."""
    path = folder / CAMPAIGN_FILE
    if not path.is_file() or path.read_bytes() == campaign.dump(folder).encode():
        return
    saved = load_saved(folder, campaign.kind)
    there = saved.points if isinstance(saved, CampaignConfig) else ()
    found = None
    if len(there) != len(campaign.points):
        found = f"{len(there)} points there, {len(campaign.points)} here"
    for own, other in zip(campaign.points, there, strict=False):
        found = found or difference(
            config_values(own.experiment), config_values(other.experiment)
        )
    if found is not None:
        raise ValueError(
            f"{folder} holds a campaign of another configuration ({found}); choose "
            "another folder, or remove it."
        )


def resume(
    folder: str | Path,
    kind: type[Experiment] | FindKind,
    *,
    progress: bool = True,
    workers: Workers | None = None,
    other_versions: bool = False,
) -> RunResult | CampaignResult:
    """Go on with the run or the campaign that a folder holds.

    Parameters
    ----------
    folder
        Its folder.
    kind
        Class of its experiment, or what finds it, as in
        :func:`~commgen.montecarlo.campaign.load_saved`.
    progress, workers, other_versions
        As in :func:`~commgen.montecarlo.run_experiment`.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    folder = Path(folder)
    saved = load_saved(folder, kind)
    run: Any = run_experiment
    if isinstance(saved, CampaignConfig):
        run = run_campaign
    return run(
        saved,
        folder,
        progress=progress,
        workers=workers,
        other_versions=other_versions,
    )


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
