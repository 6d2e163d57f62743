"""How far a run is, read from its folder while it goes on or after."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen.federated.server.checkpoint import RunState, load_state
from commgen.federated.server.home import (
    STATE_FILE,
    load_run_config,
    read_run_card,
)
from commgen.federated.server.outcome import node_rows
from commgen.federated.server.questions import STEPS

Row = dict[str, Any]


@dataclass(frozen=True)
class RunStatus:
    """Where a run is.

    Parameters
    ----------
    told
        In a line.
    total_rounds
        Rounds of training that there will be; None without any.
    rounds, nodes
        Rows of ``rounds.csv`` and ``nodes.csv`` so far.
    """

    told: str
    total_rounds: int | None
    rounds: list[Row]
    nodes: list[Row]


def run_status(folder: Path) -> RunStatus:
    """Read where the run in a folder is.

    Raises
    ------
    ValueError
        If the folder holds no federated run.
    """
    config, card = load_run_config(folder), read_run_card(folder)
    path = folder / STATE_FILE
    state = load_state(path) if path.is_file() else RunState("")
    steps = sorted((folder / STEPS).glob("*.npz"), key=lambda p: int(p.stem))
    later = [load_state(p) for p in steps]
    rows = [
        *state.rounds,
        *(row for step in later if step.round > state.round for row in step.rounds),
    ]
    counts = later[-1].nodes if later else state.nodes
    state = RunState("", numbers=state.numbers, nodes=counts)
    total = config.training.rounds if config.model.is_network else None
    done = card.get("status") == "done"
    told = f"{folder}: {'done' if done else 'not done'}, {len(rows)} questions answered"
    if total is not None:
        told += f", {state.numbers.get('rounds_done', 0)} of {total} rounds trained"
    if (best := state.numbers.get("best_loss")) is not None:
        told += f", best validation loss {best:.4g}"
    return RunStatus(told, total, rows, node_rows(config, state) if counts else [])
