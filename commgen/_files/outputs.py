"""Where something may be written, asked before the work."""

import os
import stat
import tempfile
from pathlib import Path

from commgen._files.inputs import kind_of
from commgen._files.temporary import sweep


def check_file(path: str | Path) -> None:
    """Raise unless a file at ``path`` may be written, or replaced.

    Raises
    ------
    ValueError
        If there is something else than a regular file.
    OSError
        If the file there is read-only or of another user.
    """
    target = Path(os.path.realpath(path))
    try:
        found = target.stat()
    except (FileNotFoundError, NotADirectoryError):
        return
    kind = kind_of(found.st_mode)
    if kind is not None:
        raise ValueError(f"{path} must be a regular file, it is {kind}.")
    _check_owner(path, found)


def check_output(path: str | Path) -> None:
    """Raise, before the work, unless a file can come to be at ``path``.

    What killed writers of this file left is removed.
    """
    check_file(path)
    target = Path(os.path.realpath(path))
    check_parent(target)
    _try_to_write(path, _nearest(target.parent))
    sweep(target)


def check_output_folder(path: str | Path) -> None:
    """Raise, before the work, unless files can come to be in a folder ``path``."""
    target = Path(os.path.realpath(path))
    if target.exists() and not target.is_dir():
        raise ValueError(f"{path} must be a folder, it is a file.")
    check_parent(target)
    _try_to_write(path, _nearest(target))
    sweep(target)


def check_parent(target: Path) -> None:
    """Raise where a file stands in the place of one of the folders above."""
    nearest = _nearest(target.parent)
    if not nearest.is_dir():
        raise NotADirectoryError(f"{nearest} must be a folder, it is a file.")


def _nearest(folder: Path) -> Path:
    """Return the first of a folder and those above it that is there."""
    return next(p for p in (folder, *folder.parents) if os.path.lexists(p))


def _check_owner(path: str | Path, found: os.stat_result) -> None:
    user = os.geteuid()
    if not os.access(path, os.W_OK) or user not in (0, found.st_uid):
        raise PermissionError(
            f"{path} must be writable and your own to be replaced, it belongs to user "
            f"{found.st_uid} with mode {stat.S_IMODE(found.st_mode):o}."
        )


def _try_to_write(path: str | Path, folder: Path) -> None:
    """Make a file without a name: also the owner of a folder may be refused."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError as error:
        error.filename = str(path)
        raise
