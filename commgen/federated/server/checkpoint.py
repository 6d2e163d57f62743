"""What a run has come to, in one file: a run that was killed goes on from there."""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.npz import read_npz, write_npz

_TOLD, _CHECKSUM = "told", "checksum"


@dataclass
class RunState:
    """Where a run is.

    Parameters
    ----------
    identity
        Checksum of what decides the numbers of the run.
    round
        Questions that were answered so far, and told in ``rounds``.
    phase
        The first part of the run that is not done.
    arrays
        Name to array: weights, those of the best round, what the strategy keeps.
    numbers
        Name to number, text, or list of them.
    rounds
        A row for each question.
    nodes
        Name of a node to how often it answered, was late, was refused, and its bytes.
    """

    identity: str
    round: int = 0
    phase: str = ""
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    numbers: dict[str, Any] = field(default_factory=dict)
    rounds: list[dict[str, Any]] = field(default_factory=list)
    nodes: dict[str, dict[str, Any]] = field(default_factory=dict)

    def group(self, name: str) -> dict[str, np.ndarray]:
        """Return the arrays whose names begin with ``name`` and a slash, without it."""
        prefix = name + "/"
        return {
            key.removeprefix(prefix): value
            for key, value in self.arrays.items()
            if key.startswith(prefix)
        }

    def set_group(self, name: str, arrays: dict[str, np.ndarray]) -> None:
        """Replace the arrays under a name."""
        kept = {k: v for k, v in self.arrays.items() if not k.startswith(name + "/")}
        self.arrays = kept | {f"{name}/{k}": v for k, v in arrays.items()}


def save_state(path: Path, state: RunState) -> None:
    """Write a state in one step; it is on the disk when this returns."""
    told = {
        name: getattr(state, name)
        for name in ("identity", "round", "phase", "numbers", "rounds", "nodes")
    }
    arrays = {f"array/{name}": value for name, value in state.arrays.items()}
    arrays[_TOLD] = np.array(json.dumps(told))
    arrays[_CHECKSUM] = np.array(_checksum(arrays))
    write_npz(path, arrays)


def load_state(path: Path) -> RunState:
    """Read what :func:`save_state` wrote.

    Raises
    ------
    OSError
        If it cannot be opened.
    ValueError
        If it is damaged.
    """
    try:
        arrays = read_npz(path)
        if str(arrays.pop(_CHECKSUM)) != _checksum(arrays):
            raise ValueError("it has another checksum than its arrays")
        told = json.loads(str(arrays.pop(_TOLD)))
        named = {name.removeprefix("array/"): arrays[name] for name in arrays}
        return RunState(**told, arrays=named)
    except (ValueError, KeyError, TypeError) as error:
        reason = str(error).rstrip(".")
        raise ValueError(
            f"{path} is damaged ({reason}); remove it to begin anew."
        ) from error


def _checksum(arrays: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name in sorted(arrays):
        value = np.asarray(arrays[name])
        digest.update(f"{name}\0{value.dtype.str}\0{value.shape}\0".encode())
        digest.update(np.ascontiguousarray(value).tobytes())
    return digest.hexdigest()
