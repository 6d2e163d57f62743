"""The folder of a federated run: whose it is, and what it holds."""

import hashlib
import json
import platform
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commgen import __version__
from commgen._files.tables import write_csv
from commgen._files.whole import (
    check_folder,
    read_json,
    sha256,
    write_json,
    write_text,
)
from commgen._files.yaml_file import read_yaml, write_yaml
from commgen.federated.config import (
    FederationConfig,
    parse_federation,
    path_keys,
    plain_values,
)
from commgen.federated.server.checkpoint import RunState, load_state, save_state
from commgen.montecarlo.origin import difference
from commgen.montecarlo.paths import change_paths, relative, resolve_paths

CONFIG_FILE, STATE_FILE, CARD_FILE = "config.yaml", "state.npz", "card.json"
ROUNDS_FILE, NODES_FILE, PICTURE_FILE = "rounds.csv", "nodes.csv", "results.png"
MODEL_FOLDER, NODES_FOLDER, LOGS_FOLDER = "model", "nodes", "logs"
#: Says in ``config.yaml`` of a run folder what kind of run it is.
KIND = {"experiment": "federation"}
_PACKAGES = ("flwr", "tensorflow", "keras", "numpy", "scipy")


class FederatedHome:
    """Folder of a run.

    Parameters
    ----------
    config
        The federation.
    folder
        Where it is run.

    Raises
    ------
    ValueError
        If the folder holds something else, or another configuration.
    """

    def __init__(self, config: FederationConfig, folder: Path):
        self.config, self.folder = config, folder
        self._started = time.monotonic(), time.process_time()
        self._check()
        self._before = read_run_card(folder)

    @property
    def done(self) -> bool:
        """Whether the run is finished."""
        return self._before.get("status") == "done"

    @property
    def identity(self) -> str:
        """Checksum of what decides the numbers: configuration, and content of files."""
        return run_identity(self.config)

    def state(self, *, other_versions: bool = True) -> RunState:
        """Return the state to go on from.

        Parameters
        ----------
        other_versions
            Go on although Python or a package has another version than before.

        Raises
        ------
        ValueError
            If there is a state of other channels, or of other versions.
        """
        if not (self.folder / STATE_FILE).is_file():
            return RunState(self.identity)
        state = load_state(self.folder / STATE_FILE)
        if state.identity != self.identity:
            raise ValueError(
                f"{self.folder} was begun with other channels or another "
                "configuration; restore them, or choose another folder."
            )
        here, there = _versions(), self._before.get("versions", {})
        for name in () if other_versions else there:
            if here.get(name, there[name]) != there[name]:
                raise ValueError(
                    f"{self.folder} was begun with {name} {there[name]}, and here is "
                    f"{here[name]}, which may give other numbers: install that "
                    "version, or mix both by commgen resume --other-versions."
                )
        return state

    def begin(self) -> None:
        """Write what says whose folder this is."""
        if not (self.folder / CONFIG_FILE).is_file():
            text = saved_config(self.config, self.folder)
            write_text(self.folder / CONFIG_FILE, text)
            self.write_card("running")

    def save(self, state: RunState) -> None:
        """Write the state, and the table of rounds."""
        save_state(self.folder / STATE_FILE, state)
        self.write_rounds(state)

    def write_rounds(self, state: RunState) -> None:
        """Write ``rounds.csv``."""
        if state.rounds:
            columns = [*state.rounds[0]]
            rows = [
                {k: "" if v is None else v for k, v in r.items()} for r in state.rounds
            ]
            write_csv(self.folder / ROUNDS_FILE, rows, columns)

    def write_card(self, status: str, **told: Any) -> None:
        """Write the card; costs add up over interruptions."""
        wall, cpu = self._started
        before = self._before
        card = {
            "kind": "federation",
            "status": status,
            "seed": self.config.seed,
            "identity": self.identity,
            "versions": _versions(),
            **told,
            "wall_seconds": round(
                before.get("wall_seconds", 0.0) + time.monotonic() - wall, 3
            ),
            "cpu_seconds": round(
                before.get("cpu_seconds", 0.0) + time.process_time() - cpu, 3
            ),
        }
        write_json(self.folder / CARD_FILE, card)

    def _check(self) -> None:
        check_folder(self.folder, "run", CONFIG_FILE)
        if not (self.folder / CONFIG_FILE).is_file():
            return
        there = load_run_config(self.folder)
        found = difference(_values(self.config), _values(there))
        if found is not None:
            raise ValueError(
                f"{self.folder} holds a run of another configuration ({found}); choose "
                "another folder, or remove it."
            )


def _versions() -> dict[str, str]:
    packages = {name: version(name) for name in _PACKAGES}
    return {"python": platform.python_version(), "commgen": __version__, **packages}


def is_federated(folder: Path) -> bool:
    """Whether a folder holds a federated run."""
    path = folder / CONFIG_FILE
    if not path.is_file():
        return False
    try:
        data = read_yaml(path)
    except ValueError:
        return False
    return isinstance(data, dict) and data.get("experiment") == KIND["experiment"]


def load_run_config(folder: Path) -> FederationConfig:
    """Read the configuration of a run folder.

    Raises
    ------
    ValueError
        If it is none of a federation's.
    """
    if not is_federated(folder):
        raise ValueError(f"{folder} holds no federated run.")
    path = folder / CONFIG_FILE
    data = read_yaml(path)
    del data["experiment"]
    try:
        return parse_federation(resolve_paths(data, folder.resolve(), path_keys))
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def read_run_card(folder: Path) -> dict[str, Any]:
    """Read the card of a run folder; an empty one where there is none."""
    path = folder / CARD_FILE
    if not path.is_file():
        return {}
    card = read_json(path)
    if not isinstance(card, dict) or card.get("kind") != "federation":
        raise ValueError(f"{path} must be the card of a federated run.")
    return card


def saved_config(config: FederationConfig, folder: Path) -> str:
    """Return a configuration as YAML, with its paths relative to ``folder``."""
    values = change_paths(
        plain_values(config), path_keys, lambda path: relative(path, folder)
    )
    return write_yaml({**KIND, **values})


def run_identity(config: FederationConfig) -> str:
    """Return the checksum of configuration and files, wherever these lie.

    A file that is not here, but at its node, counts by its name.
    """
    files = [node.file for node in config.nodes.values() if node.file is not None]
    known = {
        file: sha256(file) if Path(file).is_file() else Path(file).name
        for file in sorted(set(files))
    }
    values = change_paths(_values(config), path_keys, lambda path: known[path])
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _values(config: FederationConfig) -> dict[str, Any]:
    return config.model_dump(mode="json")
