"""The card of a run: what it was made with and what it cost."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commgen._files import read_json, write_json
from commgen.phy.simulation.config import SimulationConfig

_PACKAGES = (
    "commgen",
    "tensorflow",
    "keras",
    "sionna-no-rt",
    "numba",
    "numpy",
    "scipy",
)


class RunCard:
    """``card.json`` of a run folder, whose costs add up over interruptions.

    Parameters
    ----------
    folder
        Run folder.
    config
        Its simulation.
    inputs
        Path to SHA-256 of every file that the simulation reads.
    """

    def __init__(self, folder: Path, config: SimulationConfig, inputs: dict[str, str]):
        self._path = folder / "card.json"
        self._config, self._inputs = config, inputs
        before = read_json(self._path) if self._path.exists() else {}
        self.done = before.get("status") == "done"
        self._known_inputs = before.get("inputs_sha256", inputs)
        self._before = [before.get(key, 0.0) for key in ("wall_seconds", "cpu_seconds")]

    def check_inputs(self) -> None:
        """Raise ValueError if a file has changed since the run began."""
        for path, digest in self._inputs.items():
            if self._known_inputs.get(path) != digest:
                raise ValueError(
                    f"{path} has changed since the run in {self._path.parent} began; "
                    "choose another folder."
                )

    def write(self, *, done: bool, wall_seconds: float, cpu_seconds: float) -> None:
        """Write the card, with what this process spent added to what was before."""
        values: dict[str, Any] = {
            "status": "done" if done else "running",
            "seed": self._config.seed,
            "versions": {
                "python": platform.python_version(),
                **{name: version(name) for name in _PACKAGES},
            },
            "machine": platform.machine(),
            "inputs_sha256": self._inputs,
            "wall_seconds": round(self._before[0] + wall_seconds, 3),
            "cpu_seconds": round(self._before[1] + cpu_seconds, 3),
        }
        write_json(self._path, values)
