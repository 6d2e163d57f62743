"""Reads arrays from files that strangers made; nothing in them is executed."""

import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np


def load_npz(
    path: str | Path, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[np.ndarray, ...]:
    """Read arrays of known shapes, [n, *shape] each with one n, in the order given."""
    arrays = npz_arrays(path, list(shapes))
    length = len(arrays[0]) if arrays[0].ndim else 0
    for array, (name, shape) in zip(arrays, shapes.items(), strict=True):
        if array.shape != (length, *shape) or array.dtype.kind not in "iuf":
            raise ValueError(
                f"{path} must hold {name} : {[length, *shape]}, real, got "
                f"{list(array.shape)}, {array.dtype}."
            )
    if not length:
        raise ValueError(f"{path} is empty: its arrays have no samples.")
    return arrays


def npz_arrays(path: str | Path, names: list[str]) -> tuple[np.ndarray, ...]:
    """Read named arrays of an ``.npz`` file; pickled objects are refused."""
    with _open_npz(path) as archive:
        missing = [name for name in names if name not in archive.files]
        if not missing:
            return tuple(archive[name] for name in names)
        found = archive.files
    raise ValueError(f"{path} has no array {missing[0]!r}; it holds {found}.")


def npz_names(path: str | Path) -> list[str]:
    """Return the names in an ``.npz`` file."""
    with _open_npz(path) as archive:
        return list(archive.files)


@contextmanager
def _open_npz(path: str | Path) -> Iterator[Any]:
    """Open an archive; whatever is wrong with it becomes one line."""
    try:
        # NumPy leaves the file open where it cannot read it, so it is opened here.
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except (
        zipfile.BadZipFile,
        zlib.error,
        ValueError,
        EOFError,
        TypeError,
        NotImplementedError,
    ) as error:
        raise unreadable(path, ".npz", error) from error


def unreadable(path: str | Path, suffix: str, error: Exception) -> ValueError:
    """Return the one line that says why a file could not be read."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return ValueError(f"{path} cannot be read as {suffix}: {reason}.")
