"""What a model folder holds, whenever and under whatever name it was saved."""

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from commgen._files.replacing import recover_folder
from commgen.generative.files import MODEL_FILE

# What of a card is of the making, not of the model.
_COSTS = {"wall_seconds", "cpu_seconds"}


def model_checksum(folder: str | Path) -> str:
    """Return the SHA-256 of the content of a model folder, in hexadecimal.

    Of ``.keras`` files it covers the weights and the settings, not the times in the
    archive nor the names that Keras numbers; of ``card.json`` all but the costs; of any
    other file its bytes.

    Raises
    ------
    OSError
        If there is no model in it, or a file cannot be read.
    """
    digest = hashlib.sha256()
    recover_folder(folder)
    files = sorted(path for path in Path(folder).rglob("*") if path.is_file())
    if not any(path.suffix == ".keras" for path in files):
        raise FileNotFoundError(f"no model at {folder}: {MODEL_FILE} is not there.")
    for path in files:
        name = path.relative_to(folder).as_posix()
        digest.update(f"{name}\0{_content(path)}\0".encode())
    return digest.hexdigest()


def _content(path: Path) -> str:
    data = path.read_bytes()
    try:
        if path.suffix == ".keras":
            return _archive(data)
        if path.name == "card.json":
            card = json.loads(data)
            return _json({k: v for k, v in card.items() if k not in _COSTS})
    except Exception:  # damaged: whoever loads it will say so
        return hashlib.sha256(data).hexdigest()
    return hashlib.sha256(data).hexdigest()


def _archive(data: bytes) -> str:
    """Digest the members of a ``.keras`` file by name and content."""
    digest = hashlib.sha256()
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for name in sorted(archive.namelist()):
            if name == "metadata.json":  # Keras's version, which the card has, and date
                continue
            member = archive.read(name)
            if name.endswith(".h5"):
                content = _weights(member)
            elif name == "config.json":
                content = _json(_unnamed(json.loads(member)))
            else:
                content = hashlib.sha256(member).hexdigest()
            digest.update(f"{name}\0{content}\0".encode())
    return digest.hexdigest()


def _weights(data: bytes) -> str:
    digest = hashlib.sha256()

    def add(name: str, item: Any) -> None:
        if isinstance(item, h5py.Dataset):
            values = np.asarray(item)
            digest.update(f"{name}\0{values.dtype.str}{values.shape}".encode())
            digest.update(np.ascontiguousarray(values).tobytes())

    with h5py.File(io.BytesIO(data), "r") as file:
        file.visititems(add)
    return digest.hexdigest()


def _unnamed(config: Any) -> Any:
    if isinstance(config, list):
        return [_unnamed(value) for value in config]
    if isinstance(config, dict):
        return {k: _unnamed(v) for k, v in config.items() if k != "name"}
    return config


def _json(values: Any) -> str:
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
