"""The files that a simulation reads."""

import os
from pathlib import Path

from commgen.phy.simulation.config import SimulationConfig


def model_files(config: SimulationConfig) -> list[Path]:
    """Return the data and model files that a simulation reads, sorted."""
    files = []
    for path in _named(config).values():
        if path.is_dir():
            inside = (Path(root) / n for root, _, names in os.walk(path) for n in names)
            files.extend(inside)
        else:
            files.append(path)
    return sorted(set(files))


def check_inputs(config: SimulationConfig) -> None:
    """Raise FileNotFoundError for the first file or folder that is not there."""
    for key, path in _named(config).items():
        if not path.exists():
            raise FileNotFoundError(f"{key} {path} is not there.")


def _named(config: SimulationConfig) -> dict[str, Path]:
    """Return what the configuration names, by the key that names it."""
    entries = {"channel": config.channel}
    entries |= {f"estimators.{i}": e for i, e in enumerate(config.estimators)}
    found = {}
    for where, entry in entries.items():
        for key in ("path", "model"):
            value = getattr(entry, key, None)
            if isinstance(value, Path):
                found[f"{where}.{key}"] = value
    return found
