"""Finished or unfinished runs, read back from their folders."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files import read_json
from commgen.phy.campaign.config import CampaignConfig, load_campaign
from commgen.phy.run_folder import load_state
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.config_file import load_config
from commgen.phy.tally import Tally

CAMPAIGN_FILE = "campaign.yaml"
POINTS = "points"


def load_saved_config(folder: str | Path) -> CampaignConfig | SimulationConfig:
    """Read the configuration of the run or campaign that a folder holds.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    folder = Path(folder)
    if (folder / CAMPAIGN_FILE).is_file():
        return load_campaign(folder / CAMPAIGN_FILE)
    if (folder / "config.yaml").is_file():
        return load_config(folder / "config.yaml")
    raise ValueError(f"{folder} holds neither a run nor a campaign.")


@dataclass(frozen=True)
class SavedRun:
    """What a run folder holds.

    Parameters
    ----------
    title
        How it is called: of a campaign's point, its labels.
    labels
        Axis to value, of a campaign's point; else empty.
    config
        The simulation.
    tally
        What was counted so far.
    done
        Whether it ran to its end.
    """

    title: str
    labels: dict[str, str]
    config: SimulationConfig
    tally: Tally
    done: bool

    @property
    def names(self) -> list[str]:
        """Names of the estimators."""
        return [entry.name for entry in self.config.estimators]

    def rows(self) -> list[dict[str, Any]]:
        """Return the rows of ``results.csv`` and ``estimation.csv``."""
        return self.tally.rows(self.names, self.config.sweep.snr_db)


def load_run(folder: str | Path, *, labels: dict[str, str] | None = None) -> SavedRun:
    """Read a run folder.

    Parameters
    ----------
    folder
        Run folder.
    labels
        Of a campaign's point.

    Raises
    ------
    ValueError
        If it is none, nothing was counted in it yet, or a file is damaged.
    """
    folder = Path(folder)
    if not (folder / "config.yaml").is_file():
        raise ValueError(f"{folder} is not a run folder: it has no config.yaml.")
    if not (folder / "state.npz").is_file():
        raise ValueError(f"{folder} holds a run that has counted nothing yet.")
    card = read_json(folder / "card.json")
    labels = labels or {}
    title = ", ".join(f"{k}={v}" for k, v in labels.items()) or folder.name
    return SavedRun(
        title,
        labels,
        load_config(folder / "config.yaml"),
        load_state(folder / "state.npz")[0],
        card.get("status") == "done",
    )


def load_runs(folder: str | Path) -> list[SavedRun]:
    """Read a run folder, or all points of a campaign that have counted something.

    Raises
    ------
    ValueError
        If the folder is neither, or nothing was counted yet.
    """
    from commgen.phy.campaign.config import load_campaign
    from commgen.phy.campaign.saved import point_folder

    folder = Path(folder)
    path = folder / CAMPAIGN_FILE
    if not path.is_file():
        return [load_run(folder)]
    campaign: Any = load_campaign(path)
    runs = []
    for i, point in enumerate(campaign.points):
        home = point_folder(folder, i)
        if (home / "state.npz").is_file():
            runs.append(load_run(home, labels=point.labels))
    if not runs:
        raise ValueError(f"{folder} holds a campaign that has counted nothing yet.")
    return runs


def plot_folder(folder: str | Path, output: str | Path | None = None) -> Path:
    """Draw the picture of a run or a campaign, finished or not.

    Parameters
    ----------
    folder
        Run or campaign folder.
    output
        PNG file; ``results.png`` in the folder by default.

    Returns
    -------
    path
        The file.

    Raises
    ------
    ValueError
        As :func:`load_runs`.
    """
    folder = Path(folder)
    path = Path(output) if output is not None else folder / "results.png"
    runs = load_runs(folder)
    # Matplotlib takes half a second to load, which what does not draw need not wait.
    from commgen.phy.figure import save_campaign_figure, save_figure

    if (folder / CAMPAIGN_FILE).is_file():
        save_campaign_figure(path, [(run.title, run.rows()) for run in runs])
    else:
        save_figure(path, runs[0].rows())
    return path


def point_folder(folder: Path, number: int) -> Path:
    """Return the run folder of a campaign's point."""
    return folder / POINTS / f"{number:04d}"
