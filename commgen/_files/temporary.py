"""Temporary names beside a target: locked while their writer lives, swept after it."""

import fcntl
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_LONGEST = 255  # bytes in a file name, of all usual file systems
_LONGEST_SUFFIX = 32
_TOKEN = "[0-9a-f]{8}"


@contextmanager
def temporary_file(target: Path, mode: int) -> Iterator[Path]:
    """Yield a new empty file beside ``target``, of its suffix; remove it at the end.

    Libraries choose a format by the suffix. The kernel takes the umask off ``mode``.
    """
    sweep(target)
    flags = os.O_CREAT | os.O_EXCL | os.O_RDWR
    with _locked(target, lambda path: os.open(path, flags, mode)) as path:
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)


@contextmanager
def temporary_folder(target: Path) -> Iterator[Path]:
    """Yield a new folder beside ``target``; remove at the end what has its name."""
    sweep(target)

    def make(path: Path) -> int:
        path.mkdir()
        return os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    with _locked(target, make) as path:
        try:
            yield path
        finally:
            shutil.rmtree(path, ignore_errors=True)


def sweep(target: str | Path) -> None:
    """Remove what writers of ``target`` left that were killed; others' are locked."""
    target = Path(os.path.realpath(target))
    for path in _found(target, "part"):
        with unlocked(path) as free:
            if not free:
                continue
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def set_aside(target: Path) -> Path:
    """Return a new name for what ``target`` was, until the new one is there."""
    return _name(target, secrets.token_hex(4), "old")


def found_aside(target: Path) -> list[Path]:
    """Return what was set aside and never replaced."""
    return _found(target, "old")


@contextmanager
def unlocked(path: Path) -> Iterator[bool]:
    """Yield whether nobody writes there; others wait while the block runs."""
    try:
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
        handle = os.open(path, flags)
    except OSError:  # gone by now, or another user's
        yield False
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        free = True
    except OSError:
        free = False
    try:
        yield free
    finally:
        os.close(handle)


def lock(handle: int) -> None:
    """Mark an open file or folder as in use until it is closed, or its process dead.

    A shared lock, so that HDF5, which locks too, can read the file once it has its
    name. File systems without locks do without.
    """
    try:
        fcntl.flock(handle, fcntl.LOCK_SH)
    except OSError:
        return


@contextmanager
def _locked(target: Path, make) -> Iterator[Path]:
    """Make something under a temporary name, and hold its lock."""
    while True:
        path = _name(target, secrets.token_hex(4), "part")
        try:
            handle = make(path)
        except FileExistsError:
            continue
        lock(handle)
        if path.exists():
            break
        os.close(handle)  # swept between its making and its lock
    try:
        yield path
    finally:
        os.close(handle)


def _parts(target: Path) -> tuple[str, str]:
    """Return what the temporary names of a target begin and end with."""
    suffix = target.suffix
    if len(os.fsencode(suffix)) > _LONGEST_SUFFIX:
        suffix = ""
    room = _LONGEST - len(os.fsencode(f"...part{suffix}")) - 8
    stem = target.name.removesuffix(suffix)
    while len(os.fsencode(stem)) > room:
        stem = stem[:-1]
    return f".{stem}.", suffix


def _name(target: Path, token: str, kind: str) -> Path:
    head, suffix = _parts(target)
    return target.with_name(f"{head}{token}.{kind}{suffix}")


def _found(target: Path, kind: str) -> list[Path]:
    head, suffix = _parts(target)
    pattern = re.compile(f"{re.escape(head)}{_TOKEN}\\.{kind}{re.escape(suffix)}")
    try:
        names = os.listdir(target.parent)
    except OSError:
        return []
    return [target.with_name(name) for name in names if pattern.fullmatch(name)]
