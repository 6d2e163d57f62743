"""Files that are whole or not there: written to a temporary name, then renamed."""

import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commgen._files.inputs import check_input, read_input_text
from commgen._files.outputs import check_file, check_parent
from commgen._files.replacing import (
    recover_folder,
    replace_folder,
    sync,
    sync_tree,
    take_after,
)
from commgen._files.temporary import temporary_file, temporary_folder

# Of a process that works in a folder, see montecarlo/lock.py.
LOCK_FILE = ".lock"


@contextmanager
def atomic_path(path: str | Path, *, synced: bool = True) -> Iterator[Path]:
    """Yield a temporary name beside ``path``, which it becomes on success.

    The suffix is kept, since libraries choose a format by it. If the block raises, the
    temporary file is removed and ``path`` stays as it was; if the process is killed,
    whoever writes ``path`` next removes it. An older file hands down its mode and
    owner, and a symbolic link stays one.

    Parameters
    ----------
    path
        The file.
    synced
        Wait until it is on disk, so that it is whole after a crash of the machine too,
        on every file system. Takes some milliseconds.

    Raises
    ------
    ValueError
        If there is something at ``path`` that is no regular file.
    OSError
        If it cannot be written there.
    """
    check_file(path)
    target = Path(os.path.realpath(path))
    old = target.stat() if target.exists() else None
    with (
        _parents(target),
        _told_of(path),
        temporary_file(target, 0o666 if old is None else 0o600) as temporary,
    ):
        yield temporary
        with temporary.open("rb") as file:
            if old is not None:
                take_after(temporary, old)
            if synced:
                os.fsync(file.fileno())
        os.replace(temporary, target)
        if synced:
            sync(target.parent)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on success it replaces ``path``.

    As :func:`atomic_path` does for a file; an older folder goes in one step.
    """
    target = Path(os.path.realpath(path))
    recover_folder(target)
    old = target.stat() if target.exists() else None
    with (
        _parents(target),
        _told_of(path),
        temporary_folder(target) as temporary,
    ):
        yield temporary
        if old is not None:
            take_after(temporary, old)
        sync_tree(temporary)
        replace_folder(temporary, target)


@contextmanager
def _parents(target: Path) -> Iterator[None]:
    """Make the folders that a target lies in; if the block fails, they go again."""
    check_parent(target)
    made = []
    for folder in reversed([target.parent, *target.parent.parents]):
        if not folder.exists():
            folder.mkdir(exist_ok=True)
            made.append(folder)
    try:
        yield
    except BaseException:
        for folder in reversed(made):
            try:
                folder.rmdir()
            except OSError:  # something is in it by now
                break
        raise


@contextmanager
def _told_of(path: str | Path) -> Iterator[None]:
    """Name a file where the system does not: a full disk does not say for what."""
    try:
        yield
    except OSError as error:
        unnamed = error.filename is None or ".part" in str(error.filename)
        if error.errno is None or not unnamed:
            raise
        raise OSError(error.errno, error.strerror, str(path)) from error


def write_text(path: str | Path, text: str) -> None:
    """Write ``text`` to ``path`` in one step."""
    with atomic_path(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: str | Path, values: Any, *, indent: int | None = 2) -> None:
    """Write ``values`` as JSON, in one step."""
    write_text(path, json.dumps(values, indent=indent) + "\n")


def read_json(path: str | Path) -> Any:
    """Read JSON; ValueError names a damaged file."""
    try:
        return json.loads(read_input_text(path))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not valid JSON: {error}.") from error


def check_folder(folder: str | Path, what: str, marker: str) -> None:
    """Raise unless a folder may be written to: new, empty, or of the same kind before.

    Parameters
    ----------
    folder
        The folder.
    what
        What is to be written, such as "run".
    marker
        Name of the file that tells such a folder.

    Raises
    ------
    ValueError
        If ``folder`` is a file, or holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} must be a folder, it is a file.")
    if (folder / marker).is_file():
        return
    if folder.is_dir() and {p.name for p in folder.iterdir()} - {LOCK_FILE}:
        raise ValueError(
            f"{folder} is not empty and holds no {what}; choose another folder."
        )


def shown(path: str | Path) -> str:
    """Return the name of a file as text that can be stored.

    Where the locale knows ASCII alone, Python reads other letters as what no file can
    hold; names of today are UTF-8.
    """
    return os.fsencode(Path(path).name).decode("utf-8", "replace")


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with open(check_input(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
