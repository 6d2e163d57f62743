"""Arrays in ``.npz`` and ``.npy`` files: one reader that runs nothing, one writer.

What an array declares is compared with what the file holds before it is read.
"""

import math
import os
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy

from commgen._files.inputs import check_declared, check_input
from commgen._files.whole import atomic_path
from commgen._memory import check_room


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
        found = _names(archive)
        wanted = list(found) if names is None else list(names)
        missing = [name for name in wanted if name not in found]
        if not missing:
            return {name: _member(path, archive, found[name]) for name in wanted}
    raise ValueError(f"{path} has no array {missing[0]!r}; it holds {list(found)}.")


def npz_names(path: str | Path) -> list[str]:
    """Return the names of the arrays in an ``.npz`` file."""
    with _opened(path) as archive:
        return list(_names(archive))


def read_npy(path: str | Path) -> np.ndarray:
    """Read the one array of an ``.npy`` file; pickled objects are refused.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is damaged or no such file, or holds more than one array.
    """
    size = os.path.getsize(check_input(path))
    with _told(path, ".npy"), open(path, "rb") as file:
        _check_array("its array", file, size, size, packed=False)
        file.seek(0)
        return npy.read_array(file, allow_pickle=False)


def write_npz(
    path: str | Path,
    arrays: Mapping[str, Any],
    *,
    compressed: bool = False,
    made: str | None = None,
    synced: bool = True,
) -> None:
    """Write arrays to an ``.npz`` file in one step, under this very name.

    Parameters
    ----------
    path
        The file.
    arrays
        Name to array.
    compressed
        Whether to compress them.
    made
        What made the file, see :func:`npz_made`.
    synced
        As of :func:`~commgen._files.whole.atomic_path`.
    """
    write: Any = np.savez_compressed if compressed else np.savez
    # NumPy appends .npz to a name that lacks it, but not to an open file.
    with atomic_path(path, synced=synced) as temporary:
        with temporary.open("wb") as file:
            write(file, **arrays)
        if made is not None:
            with zipfile.ZipFile(temporary, "a") as archive:
                archive.comment = made.encode("ascii")


def npz_made(path: str | Path) -> str | None:
    """Return what made a sound ``.npz`` file, the comment of the archive, or None.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is damaged, in any of its arrays.
    """
    with _opened(path) as archive:
        if (name := archive.testzip()) is not None:
            raise ValueError(f"{name} is damaged")
        return archive.comment.decode("ascii") or None


def unreadable(path: str | Path, suffix: str, error: Exception) -> ValueError:
    """Return the one line that says why a file could not be read."""
    reason = " ".join(str(error).split()).rstrip(".") or type(error).__name__
    return ValueError(f"{path} cannot be read as {suffix}: {reason}.")


@contextmanager
def _told(path: str | Path, suffix: str) -> Iterator[None]:
    """Turn whatever is wrong with a file into one line, without warnings beside it."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except PermissionError:
        raise
    except Exception as error:  # zipfile, zlib and NumPy raise many kinds
        raise unreadable(path, suffix, error) from error


@contextmanager
def _opened(path: str | Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive of arrays."""
    check_input(path)
    with _told(path, ".npz"), zipfile.ZipFile(path) as archive:
        yield archive


def _names(archive: zipfile.ZipFile) -> dict[str, zipfile.ZipInfo]:
    """Return name -> entry, the names without the suffix that NumPy gives them."""
    entries = archive.infolist()
    found = {entry.filename.removesuffix(".npy"): entry for entry in entries}
    if len(found) != len(entries):
        raise ValueError("two of its arrays have one name")
    return found


def _member(
    path: str | Path, archive: zipfile.ZipFile, entry: zipfile.ZipInfo
) -> np.ndarray:
    """Read an array of an archive, once its size is known to be true."""
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"{entry.filename} must be stored or deflated")
    what = f"array {entry.filename.removesuffix('.npy')}"
    stored = min(entry.compress_size, os.path.getsize(path))
    packed = entry.compress_type == zipfile.ZIP_DEFLATED
    with archive.open(entry) as file:
        _check_array(what, file, entry.file_size, stored, packed=packed)
    with archive.open(entry) as file:
        return npy.read_array(file, allow_pickle=False)


def _check_array(
    what: str, file: IO[bytes], size: int, stored: int, *, packed: bool
) -> None:
    """Raise unless the header of an array agrees with the ``size`` of header and data.

    ``stored`` is what header and data take in the file, deflated if ``packed``.
    """
    first = npy.read_magic(file) == (1, 0)
    # Version 3 differs from 2 in the encoding of field names alone.
    read: Any = npy.read_array_header_1_0 if first else npy.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise ValueError(f"{what} holds pickled objects")
    if any(n < 0 for n in shape):
        raise ValueError(f"{what} has the shape {shape}")
    declared = math.prod(shape) * dtype.itemsize
    check_declared(what, declared, stored, packed=packed)
    check_room(what, declared)
    if file.tell() + declared != size:
        raise ValueError(
            f"{what} must take {size - file.tell()} bytes, those that are there, got "
            f"{declared}"
        )
