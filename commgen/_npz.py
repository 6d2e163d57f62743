"""Arrays in ``.npz`` files: one reader, which executes nothing, and one writer."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files import atomic_path


def read_npz(
    path: str | Path, names: Sequence[str] | None = None
) -> dict[str, np.ndarray]:
    """Read arrays of an ``.npz`` file; pickled objects are refused.

    Parameters
    ----------
    path
        The file.
    names
        Arrays to read, in this order; all of them without it.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is damaged or no such file, or lacks one of ``names``.
    """
    with _opened(path) as archive:
        found = list(archive.files)
        wanted = found if names is None else list(names)
        missing = [name for name in wanted if name not in found]
        if not missing:
            return {name: archive[name] for name in wanted}
    raise ValueError(f"{path} has no array {missing[0]!r}; it holds {found}.")


def npz_names(path: str | Path) -> list[str]:
    """Return the names of the arrays in an ``.npz`` file."""
    with _opened(path) as archive:
        return list(archive.files)


def write_npz(
    path: str | Path, arrays: Mapping[str, Any], *, compressed: bool = False
) -> None:
    """Write arrays to an ``.npz`` file in one step, under this very name."""
    write: Any = np.savez_compressed if compressed else np.savez
    # NumPy appends .npz to a name that lacks it, but not to an open file.
    with atomic_path(path) as temporary, temporary.open("wb") as file:
        write(file, **arrays)


def unreadable(path: str | Path, suffix: str, error: Exception) -> ValueError:
    """Return the one line that says why a file could not be read."""
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return ValueError(f"{path} cannot be read as {suffix}: {reason}.")


@contextmanager
def _opened(path: str | Path) -> Iterator[Any]:
    """Open an archive; whatever is wrong with it becomes one line."""
    # NumPy leaves a damaged file open that it has opened itself.
    with open(path, "rb") as file:
        try:
            archive = np.load(file, allow_pickle=False)
            if isinstance(archive, np.ndarray):
                raise ValueError("it holds a single array")
            with archive:
                yield archive
        except Exception as error:  # zipfile, zlib and NumPy raise many kinds
            raise unreadable(path, ".npz", error) from error
