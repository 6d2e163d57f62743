"""The picture of a federated run: what was learned, for whom, for how many bytes."""

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from commgen._figure import COLOURS, tidy

Row = dict[str, Any]
_MODELS = (("local", "local only", "v"), ("global", "global", "o"))
_ADAPTED = ("adapted", "adapted at the node", "D")


def save_federation_figure(
    path: Path, rounds: list[Row], nodes: list[Row], numbers: dict[str, Any]
) -> None:
    """Draw a run into the PNG file ``path``.

    Parameters
    ----------
    path
        The file.
    rounds, nodes
        Rows of ``rounds.csv`` and ``nodes.csv``.
    numbers
        Of the run as a whole.
    """
    trained = [row for row in rounds if row["what"] == "train"]
    figure = Figure(figsize=(11, 7), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, 2)
    if trained:
        _draw_loss(axes[0, 0], rounds, numbers)
        _draw_watched(axes[0, 1], trained)
    else:
        _draw_likelihood(axes[0, 0], rounds)
        _draw_divergence(axes[0, 1], numbers)
    _draw_cells(axes[1, 0], nodes)
    _draw_bytes(axes[1, 1], rounds)
    figure.savefig(path, dpi=130, format="png")


def _draw_loss(axes: Any, rounds: list[Row], numbers: dict[str, Any]) -> None:
    """Draw what nodes minimise, and the loss of the models that the server had."""
    rows = [row for row in rounds if row["what"] == "train"]
    axes.set_title("Loss by round")
    axes.set_ylabel("loss")
    _curve(axes, 0, "training, at the nodes", [row["loss"] for row in rows], first=1)
    after = rounds[rounds.index(rows[-1]) :] if rows else []
    last = [row for row in after if row["what"] == "evaluate"][:1]
    # The validation loss of a round is that of the weights that it begins with.
    checked = [row["val_loss"] for row in (*rows, *last)]
    _curve(axes, 1, "validation, global model", checked, first=0)
    if "best_round" in numbers:
        axes.axvline(numbers["best_round"], color="grey", ls=":", label="best round")
    axes.legend(frameon=False)
    tidy(axes, "round")


def _draw_likelihood(axes: Any, rounds: list[Row]) -> None:
    """Draw what expectation-maximisation raises."""
    rows = [row for row in rounds if row["step"] == "soft"]
    axes.set_title("Expectation-maximisation")
    axes.set_ylabel("mean log-likelihood [nats]")
    values = np.array([-row["loss"] for row in rows])
    # Each start climbs: where the likelihood falls, another one begins.
    begins = [0, *(np.flatnonzero(np.diff(values) < 0) + 1), len(values)]
    for i, (first, end) in enumerate(pairwise(begins)):
        last = end == len(values)
        label = "last climb" if last else "" if i else "of other starts"
        _curve(axes, 0 if last else 5, label, values[first:end], first=first + 1)
    axes.legend(frameon=False, loc="lower right")
    tidy(axes, "step")


def _curve(axes: Any, i: int, label: str, values: Any, *, first: int) -> None:
    found = np.array([np.nan if v is None else v for v in values], float)
    steps = np.arange(first, first + len(found))
    axes.plot(steps, found, ".-", color=COLOURS[i], label=label)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def _draw_watched(axes: Any, rows: list[Row]) -> None:
    """Draw how well the model estimates, and how far the nodes pull apart."""
    drift = [row["drift"] for row in rows]
    name = "mean squared / squared mean update"
    if rows[0]["nmse_all_db"] is None:
        axes.set_title("How far the nodes pull apart")
        _curve(axes, 2, name, drift, first=1)
    else:
        axes.set_title("NMSE at 10 dB by round, validation channels")
        axes.set_ylabel("NMSE [dB]")
        each = (
            ("nmse_all_db", "global model", 0),
            ("nmse_own_db", "after own epochs", 1),
        )
        for i, (key, label, first) in enumerate(each):
            _curve(axes, i, label, [row[key] for row in rows], first=first)
        right = axes.twinx()
        right.plot(np.arange(1, len(rows) + 1), drift, color="grey", ls=":")
        right.set_ylabel(name, color="grey")
        most = max(drift)
        right.set_ylim(1, most + 0.6 * (most - 1) + 1e-3)  # below the legend
        right.spines[["top"]].set_visible(False)
        axes.plot([], [], color="grey", ls=":", label="pulling apart (right)")
    axes.legend(frameon=False)
    tidy(axes, "round")


def _draw_divergence(axes: Any, numbers: dict[str, Any]) -> None:
    """Where no rounds were trained: how different the cells are."""
    axes.set_title("How different the cells are")
    cells = numbers.get("divergence", {})
    axes.bar([*cells], [*cells.values()], color=COLOURS[0])
    axes.axhline(numbers.get("divergence_iid", 0), color=COLOURS[1], label="even split")
    axes.set_ylabel("divergence per entry [nats]")
    axes.tick_params(axis="x", rotation=30)
    axes.legend(frameon=False)
    tidy(axes, "")


def _draw_cells(axes: Any, nodes: list[Row]) -> None:
    axes.set_title("NMSE of each cell, mean over -10 to 20 dB")
    places = np.arange(len(nodes))
    for i, (name, label, marker) in enumerate((*_MODELS, _ADAPTED)):
        values = np.array([row.get(name, np.nan) for row in nodes], float)
        if np.isfinite(values).any():
            axes.plot(places, values, marker, color=COLOURS[i], label=label, ms=6)
    names = [row["node"] + (" (absent)" if row["absent"] else "") for row in nodes]
    axes.set_xticks(places, names, rotation=30, ha="right")
    axes.set_ylabel("NMSE [dB]")
    axes.margins(x=0.15, y=0.2)
    if axes.lines:
        axes.legend(frameon=False)
    tidy(axes, "")


def _draw_bytes(axes: Any, rounds: list[Row]) -> None:
    axes.set_title("Bytes, all nodes together")
    steps = np.array([0, *(row["round"] for row in rounds)])
    for i, (name, label) in enumerate((("bytes_up", "up"), ("bytes_down", "down"))):
        total = np.cumsum([0, *(row[name] for row in rounds)]) / 1e6
        axes.plot(steps, total, ".-", color=COLOURS[i], label=label)
    axes.set_ylabel("MB since the start")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False)
    tidy(axes, "question to the nodes")
