"""Run a campaign point by point, and go on with what was interrupted."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files import check_folder, write_text
from commgen._tables import ESTIMATION_COLUMNS, write_csv
from commgen.phy.campaign.config import CampaignConfig, GridPoint
from commgen.phy.campaign.saved import CAMPAIGN_FILE, load_saved_config, point_folder
from commgen.phy.figure import save_campaign_figure
from commgen.phy.run import RunResult, run_simulation
from commgen.phy.run_folder import READING_COLUMNS, RESULT_COLUMNS, THROUGHPUT_COLUMNS
from commgen.phy.workers import Workers


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
    jit_compile: bool = True,
    workers: Workers | None = None,
) -> CampaignResult:
    """Run all points into ``folder``, or go on where an earlier run stopped.

    Each point is a run folder of its own in ``points``. After each point
    ``results.csv``, ``estimation.csv``, ``readings.csv`` (the columns of a run behind
    those of the grid) and ``results.png`` have all points so far.

    Parameters
    ----------
    campaign
        The campaign.
    folder
        Its folder; made if it is not there.
    progress, jit_compile, workers
        As in :func:`~commgen.phy.run_simulation`.

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.phy.run_simulation`; or if the folder holds something else.
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
            run_simulation(
                point.config,
                point_folder(folder, i),
                progress=progress,
                jit_compile=jit_compile,
                workers=workers,
            )
        )
        _write(folder, campaign, results)
    return CampaignResult(folder, results, campaign.points)


def resume(
    folder: str | Path,
    *,
    progress: bool = True,
    jit_compile: bool = True,
    workers: Workers | None = None,
) -> RunResult | CampaignResult:
    """Go on with the run or the campaign that a folder holds.

    Parameters
    ----------
    folder
        Its folder.
    progress, jit_compile, workers
        As in :func:`~commgen.phy.run_simulation`.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    folder = Path(folder)
    options: dict[str, Any] = {
        "progress": progress,
        "jit_compile": jit_compile,
        "workers": workers,
    }
    config = load_saved_config(folder)
    if isinstance(config, CampaignConfig):
        return run_campaign(config, folder, **options)
    return run_simulation(config, folder, **options)


def _write(folder: Path, campaign: CampaignConfig, results: list[RunResult]) -> None:
    axes = tuple(campaign.grid)
    pairs = list(zip(campaign.points, results, strict=False))
    rows = [{**point.labels, **row} for point, result in pairs for row in result.rows]
    found = [
        {**point.labels, **row} for point, result in pairs for row in result.readings
    ]
    harq = all("throughput" in row for row in rows)
    extra = THROUGHPUT_COLUMNS if harq else ()
    write_csv(folder / "results.csv", rows, axes + RESULT_COLUMNS + extra)
    write_csv(folder / "estimation.csv", rows, axes + ESTIMATION_COLUMNS)
    write_csv(folder / "readings.csv", found, axes + READING_COLUMNS)
    curves = [(point.title, result.rows) for point, result in pairs]
    save_campaign_figure(folder / "results.png", curves)
