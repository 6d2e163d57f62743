"""The card of a run: what it was made with and what it cost."""

import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from commgen import __version__
from commgen._files import read_json, write_json
from commgen.montecarlo.experiment import Experiment


class RunCard:
    """``card.json`` of a run folder, whose costs add up over interruptions.

    Parameters
    ----------
    folder
        Run folder.
    experiment
        What is run.
    inputs
        Path to SHA-256 of every file that the experiment reads.
    """

    def __init__(self, folder: Path, experiment: Experiment, inputs: dict[str, str]):
        self._path = folder / "card.json"
        self._experiment, self._inputs = experiment, inputs
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
            "seed": self._experiment.seed,
            "versions": {
                "python": platform.python_version(),
                "commgen": __version__,
                **{name: version(name) for name in self._experiment.packages},
            },
            "machine": platform.machine(),
            "inputs_sha256": self._inputs,
            "wall_seconds": round(self._before[0] + wall_seconds, 3),
            "cpu_seconds": round(self._before[1] + cpu_seconds, 3),
            "layout": self._experiment.layout.model_dump(mode="json"),
        }
        write_json(self._path, values)
