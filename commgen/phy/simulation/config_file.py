"""Simulations as YAML files."""

from pathlib import Path
from typing import Any

from commgen._files.yaml_file import read_yaml, validate, write_yaml
from commgen.montecarlo.paths import resolve_paths
from commgen.phy.simulation.config import SimulationConfig


def parse_config(data: Any) -> SimulationConfig:
    """Validate plain values, such as YAML gives them.

    Raises
    ------
    ValueError
        One line for each fault, ``key.path: rule, got value``.
    """
    return validate(SimulationConfig, data)


def load_config(path: str | Path) -> SimulationConfig:
    """Read and validate a configuration; paths in it are relative to its folder.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is not YAML, a key is given twice, or a value is refused.
    """
    data = read_yaml(path)
    return parse_config(resolve_paths(data, Path(path).resolve().parent, path_keys))


def dump_config(config: SimulationConfig) -> str:
    """Return the configuration as YAML; :func:`parse_config` gives it back."""
    return write_yaml(config.model_dump(mode="json", exclude_none=True))


def path_keys(data: Any) -> list[str]:
    """Return the dotted keys of plain values that name files or folders."""
    if not isinstance(data, dict):
        return []
    channel, estimators = data.get("channel"), data.get("estimators")
    source = channel.get("source") if isinstance(channel, dict) else None
    keys = {"recorded": ["channel.path"], "generated": ["channel.model"]}
    found = keys.get(source, []) if isinstance(source, str) else []
    entries = estimators if isinstance(estimators, list) else []
    return [*found, "link.constellation"] + [
        f"estimators.{i}.model" for i in range(len(entries))
    ]
