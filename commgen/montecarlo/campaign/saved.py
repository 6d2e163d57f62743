"""Finished or unfinished runs, read back from their folders."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files.yaml_file import read_yaml, validate
from commgen.montecarlo.campaign.config import (
    CampaignConfig,
    check_grid,
    grid_points,
    load_campaign,
)
from commgen.montecarlo.card import Card, read_card
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.home import CONFIG_FILE, STATE_FILE
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.rows import result_rows
from commgen.montecarlo.run_folder import load_state
from commgen.montecarlo.tally import Tally

CAMPAIGN_FILE = "campaign.yaml"
POINTS = "points"

# What experiment a saved configuration is of: its class, from its plain values.
FindKind = Callable[[Any], type[Experiment]]


def load_saved(
    folder: str | Path, kind: type[Experiment] | FindKind
) -> CampaignConfig | Experiment:
    """Read the experiment or the campaign that a folder holds.

    Parameters
    ----------
    folder
        Run or campaign folder.
    kind
        Class of the experiment, or a function that finds it from the plain values of
        the saved configuration.

    Raises
    ------
    ValueError
        If it holds neither.
    """
    for name in (CAMPAIGN_FILE, CONFIG_FILE):
        path = Path(folder) / name
        if path.is_file():
            data = read_yaml(path)
            try:
                found: Any = kind if isinstance(kind, type) else kind(data)
                return load_campaign(path, found)
            except ValueError as error:
                raise ValueError(f"{path}: {error}") from None
    raise ValueError(f"{folder} holds neither a run nor a campaign.")


def is_done(folder: str | Path, saved: CampaignConfig | Experiment) -> bool:
    """Whether nothing is left to do of what :func:`load_saved` read in a folder."""
    homes = [Path(folder)]
    if isinstance(saved, CampaignConfig):
        homes = [point_folder(homes[0], i) for i in range(len(saved.points))]
    return all(read_card(home).done for home in homes)


@dataclass(frozen=True)
class SavedRun:
    """What a run folder holds.

    Parameters
    ----------
    title
        How it is called: of a campaign's point, its labels.
    labels
        Axis to value, of a campaign's point; else empty.
    layout
        Curves and points, and what was counted.
    tally
        What was counted so far.
    done
        Whether it ran to its end.
    """

    title: str
    labels: dict[str, str]
    layout: Layout
    tally: Tally
    done: bool

    def rows(self) -> list[dict[str, Any]]:
        """Return the rates and levels at each point, see ``layout.columns``."""
        return result_rows(self.tally, self.layout)


def load_run(
    folder: str | Path,
    *,
    labels: dict[str, str] | None = None,
    old_layout: Callable[[Any], Layout] | None = None,
) -> SavedRun:
    """Read a run folder.

    Parameters
    ----------
    folder
        Run folder.
    labels
        Of a campaign's point.
    old_layout
        Makes the layout of the plain values of ``config.yaml``, where the card is of
        before it had one.

    Raises
    ------
    ValueError
        If it is none, nothing was counted in it yet, or a file is damaged.
    """
    folder = Path(folder)
    if not (folder / CONFIG_FILE).is_file():
        raise ValueError(f"{folder} is not a run folder: it has no {CONFIG_FILE}.")
    if not (folder / STATE_FILE).is_file():
        raise ValueError(f"{folder} holds a run that has counted nothing yet.")
    card = read_card(folder)
    labels = labels or {}
    title = ", ".join(f"{k}={v}" for k, v in labels.items()) or folder.name
    layout = _layout(folder, card, old_layout)
    state = load_state(folder / STATE_FILE)
    if state.tally.events.shape != Tally.empty(layout).events.shape:
        raise ValueError(
            f"{folder / STATE_FILE} must have the curves, points and events of the "
            f"card, got {state.tally.events.shape}."
        )
    if state.origin is not None and card.layout not in (None, state.origin.layout):
        raise ValueError(
            f"{folder / 'card.json'} must have the layout that {STATE_FILE} was "
            "counted with; restore it."
        )
    return SavedRun(title, labels, layout, state.tally, card.done)


def load_runs(
    folder: str | Path, *, old_layout: Callable[[Any], Layout] | None = None
) -> list[SavedRun]:
    """Read a run folder, or all points of a campaign that have counted something.

    Parameters
    ----------
    folder
        Run or campaign folder.
    old_layout
        As in :func:`load_run`.

    Raises
    ------
    ValueError
        If the folder is neither, or nothing was counted yet.
    """
    folder = Path(folder)
    path = folder / CAMPAIGN_FILE
    if not path.is_file():
        return [load_run(folder, old_layout=old_layout)]
    data = read_yaml(path)
    grid = data.get("grid") if isinstance(data, dict) else None
    try:
        check_grid(grid)
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    runs = []
    for i, (labels, _) in enumerate(grid_points(grid)):
        home = point_folder(folder, i)
        if (home / STATE_FILE).is_file():
            runs.append(load_run(home, labels=labels, old_layout=old_layout))
    if not runs:
        raise ValueError(f"{folder} holds a campaign that has counted nothing yet.")
    return runs


def plot_folder(
    folder: str | Path,
    output: str | Path | None = None,
    *,
    old_layout: Callable[[Any], Layout] | None = None,
) -> Path:
    """Draw the picture of a run or a campaign, finished or not.

    Parameters
    ----------
    folder
        Run or campaign folder.
    output
        PNG file; ``results.png`` in the folder by default.
    old_layout
        As in :func:`load_run`.

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
    runs = load_runs(folder, old_layout=old_layout)
    # Matplotlib takes half a second to load, which what does not draw need not wait.
    from commgen.montecarlo.figure import save_campaign_figure, save_figure

    layout = runs[0].layout
    if (folder / CAMPAIGN_FILE).is_file():
        save_campaign_figure(path, [(run.title, run.rows()) for run in runs], layout)
    else:
        save_figure(path, runs[0].rows(), layout)
    return path


def point_folder(folder: Path, number: int) -> Path:
    """Return the run folder of a campaign's point."""
    return folder / POINTS / f"{number:04d}"


def _layout(folder: Path, card: Card, old_layout: Any) -> Layout:
    if card.layout is not None:
        try:
            return validate(Layout, card.layout)
        except ValueError as error:
            raise ValueError(f"{folder / 'card.json'}: layout: {error}") from None
    if old_layout is None:
        raise ValueError(
            f"{folder / 'card.json'} must say the layout of its run, it has none."
        )
    return old_layout(read_yaml(folder / CONFIG_FILE))
