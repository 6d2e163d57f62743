"""The files that a simulation reads."""

from functools import lru_cache
from pathlib import Path
from typing import Any

from commgen.generative.checksum import model_checksum
from commgen.generative.files import MODEL_FILE
from commgen.montecarlo.content import digest, files_of
from commgen.phy.simulation.config import SimulationConfig


def input_paths(config: SimulationConfig) -> list[Path]:
    """Return channel file, constellation and model folders, in the order of keys."""
    return list(_named(config).values())


def content_digest(path: Path) -> str:
    """Return the checksum of what a channel file or a model folder holds.

    Made anew with the same seed, they have the same; their bytes may differ by times.

    Raises
    ------
    OSError
        If it is not there.
    ValueError
        If it is a channel file that is damaged.
    """
    stats = [file.stat() for file in files_of(path)]
    return _digest(path, tuple((s.st_ino, s.st_size, s.st_mtime_ns) for s in stats))


@lru_cache(maxsize=64)
def _digest(path: Path, stamp: tuple) -> str:
    if (path / MODEL_FILE).is_file():
        return model_checksum(path)
    if path.is_dir() or path.suffix == ".npz":  # a constellation
        return digest(path)
    from commgen.datasets import ChannelFile

    with ChannelFile.open(path) as file:
        file.verify()
        return file.checksum


def check_inputs(config: SimulationConfig) -> None:
    """Raise FileNotFoundError for the first file or folder that is not there."""
    for key, path in _named(config).items():
        if not path.exists():
            raise FileNotFoundError(f"{key} {path} is not there.")


def _named(config: SimulationConfig) -> dict[str, Path]:
    """Return what the configuration names, by the key that names it."""
    entries: dict[str, Any] = {"channel": config.channel}
    entries["link"] = config.link
    entries |= {f"estimators.{i}": e for i, e in enumerate(config.estimators)}
    found = {}
    for where, entry in entries.items():
        for key in ("path", "model", "constellation"):
            value = getattr(entry, key, None)
            if isinstance(value, Path):
                found[f"{where}.{key}"] = value
    return found
