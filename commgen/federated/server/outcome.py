"""Tables and picture of a federated run."""

from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen._files.whole import atomic_path
from commgen.federated.config import FederationConfig
from commgen.federated.server.checkpoint import RunState, load_state
from commgen.federated.server.home import (
    NODES_FILE,
    PICTURE_FILE,
    STATE_FILE,
    load_run_config,
)

Row = dict[str, Any]


def node_rows(config: FederationConfig, state: RunState) -> list[Row]:
    """Return a row for each node: channels, how it did, and how it is served."""
    numbers = state.numbers
    rows = []
    for name, node in config.nodes.items():
        counts = state.nodes.get(name, {})
        row = {
            "node": name,
            "absent": node.absent,
            "num_channels": numbers.get("channels", {}).get(name, ""),
            "divergence": numbers.get("divergence", {}).get(name, ""),
            **{kind: counts.get(kind, 0) for kind in ("answers", "refused", "late")},
            "reason": counts.get("reason", ""),
            **numbers.get("evaluation", {}).get(name, {}),
        }
        rows.append(row)
    return rows


def save_outcome(folder: Path, config: FederationConfig, state: RunState) -> None:
    """Write ``nodes.csv`` and ``results.png`` into a run folder."""
    from commgen.federated.server.figure import save_federation_figure

    rows = node_rows(config, state)
    write_csv(folder / NODES_FILE, rows)
    with atomic_path(folder / PICTURE_FILE) as temporary:
        save_federation_figure(temporary, state.rounds, rows, state.numbers)


def plot_federation(folder: Path, path: Path) -> None:
    """Draw the run in a folder, finished or not, into the PNG file ``path``.

    Raises
    ------
    ValueError
        If it has not begun, or is damaged.
    """
    from commgen.federated.server.figure import save_federation_figure

    config = load_run_config(folder)
    if not (folder / STATE_FILE).is_file():
        raise ValueError(f"{folder} must hold a run that has begun, it has no state.")
    state = load_state(folder / STATE_FILE)
    save_federation_figure(path, state.rounds, node_rows(config, state), state.numbers)
