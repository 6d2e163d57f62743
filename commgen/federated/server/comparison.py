"""Finished federated runs beside each other."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import COLOURS, tidy
from commgen._files.tables import write_csv
from commgen._files.whole import atomic_path
from commgen.federated.server.checkpoint import load_state
from commgen.federated.server.home import (
    STATE_FILE,
    is_federated,
    load_run_config,
    read_run_card,
)
from commgen.federated.server.outcome import node_rows

Row = dict[str, Any]
COLUMNS = ("run", "node", "global", "adapted", "gain_global", "gain_adapted", "mb_up")


def compare_federations(folders: Sequence[Path]) -> list[Row]:
    """Return how well each node is served by each run, and the gain over the first.

    Parameters
    ----------
    folders
        Folders of finished runs, whose nodes have common names.

    Returns
    -------
    rows
        One for each run and node, and one for the mean over the nodes that all runs
        have. NMSE is the mean over -10 to 20 dB, in dB; gains count in its direction,
        positive where the NMSE is lower than in the first run.

    Raises
    ------
    ValueError
        If a folder holds no finished federated run, or two have no node in common.
    """
    runs = {str(folder): _read(folder) for folder in folders}
    first = next(iter(runs.values()))
    common = [name for name in first if all(name in run for run in runs.values())]
    if not common:
        raise ValueError("folders must hold runs with a node in common, got none.")
    rows = []
    for title, run in runs.items():
        run["mean of all"] = {
            key: float(np.mean([run[name].get(key, np.nan) for name in common]))
            for key in ("global", "adapted")
        } | {"mb_up": run[common[0]]["mb_up"]}
        for name in (*common, "mean of all"):
            values = {key: run[name].get(key, np.nan) for key in ("global", "adapted")}
            gains = {
                f"gain_{key}": first[name].get(key, np.nan) - value
                for key, value in values.items()
            }
            mb_up = run[name]["mb_up"]
            rows.append({"run": title, "node": name, **values, **gains, "mb_up": mb_up})
    return rows


def save_federation_comparison(folder: Path, rows: list[Row]) -> None:
    """Write ``comparison.csv`` and ``comparison.png`` into a folder."""
    write_csv(folder / "comparison.csv", rows, COLUMNS)
    figure = Figure(figsize=(8, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    names = [*dict.fromkeys(row["node"] for row in rows)]
    runs = [*dict.fromkeys(row["run"] for row in rows)]
    for i, run in enumerate(runs):
        own = {row["node"]: row for row in rows if row["run"] == run}
        at = np.arange(len(names)) + (i - (len(runs) - 1) / 2) * 0.15
        style: Any = {"color": COLOURS[i % len(COLOURS)], "ls": ""}
        for key, marker, face in (("global", "o", "none"), ("adapted", "D", None)):
            values = [own[name][key] for name in names]
            if np.isfinite(values).any():
                label = f"{Path(run).name}, {key}"
                face = style["color"] if face is None else face
                axes.plot(at, values, marker, mfc=face, label=label, **style)
    axes.set_xticks(range(len(names)), names, rotation=30, ha="right")
    axes.set_ylabel("NMSE, mean over -10 to 20 dB [dB]")
    axes.legend(frameon=False)
    tidy(axes, "")
    with atomic_path(folder / "comparison.png") as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _read(folder: Path) -> dict[str, Row]:
    """Return name of a node to its row, with the bytes of the run."""
    done = is_federated(folder) and read_run_card(folder).get("status") == "done"
    if not done:
        raise ValueError(f"{folder} must hold a finished federated run.")
    state = load_state(folder / STATE_FILE)
    mb_up = sum(row["bytes_up"] for row in state.rounds) / 1e6
    rows = node_rows(load_run_config(folder), state)
    return {row["node"]: {**row, "mb_up": mb_up} for row in rows}
