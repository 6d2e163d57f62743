"""Files that strangers made: regular ones only, and no larger than they can be."""

import os
import stat
from pathlib import Path

from commgen._memory import told_size

# Deflate makes at most 258 bytes of 2 bits (RFC 1951, 3.2.5).
_DEFLATE_RATIO = 1032
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a pipe",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def kind_of(mode: int) -> str | None:
    """Return what there is of a mode, in words; None for a regular file."""
    if stat.S_ISREG(mode):
        return None
    return _KINDS.get(stat.S_IFMT(mode), "something else")


def check_input(path: str | Path) -> Path:
    """Return ``path``, or raise unless it is a regular file.

    A pipe would wait for a writer and a device need not end, so both are refused before
    they are opened. A link is what it leads to.

    Raises
    ------
    OSError
        If there is nothing, or something else; ``FileNotFoundError`` and
        ``IsADirectoryError`` are kinds of it.
    """
    path = Path(path)
    try:
        mode = os.stat(path).st_mode
    except FileNotFoundError:
        raise FileNotFoundError(f"there is no file {path}.") from None
    except ValueError as error:  # a NUL in the name
        raise OSError(f"{str(path)!r} must be the name of a file: {error}.") from None
    kind = kind_of(mode)
    if kind is None:
        return path
    refusal = IsADirectoryError if stat.S_ISDIR(mode) else OSError
    raise refusal(f"{path} must be a regular file, got {kind}.")


def read_input(path: str | Path) -> bytes:
    """Return the bytes of a regular file; else as :func:`check_input`."""
    return check_input(path).read_bytes()


def read_input_text(path: str | Path) -> str:
    """Return the UTF-8 text of a regular file; else as :func:`check_input`."""
    return check_input(path).read_text(encoding="utf-8")


def check_declared(what: str, declared: int, stored: int, *, packed: bool) -> None:
    """Raise unless a file can hold the array that it declares.

    Parameters
    ----------
    what
        Which array.
    declared
        Bytes that it takes in memory.
    stored
        Bytes that are there for it in the file.
    packed
        Whether these may be deflated: each then stands for 1032 at most.

    Raises
    ------
    ValueError
        With the declared size, before anything of it is allocated. The message has no
        full stop: whoever knows the file puts its name in front.
    """
    if declared > stored * (_DEFLATE_RATIO if packed else 1):
        raise ValueError(
            f"{what} declares {told_size(declared)}, more than the "
            f"{told_size(stored)} that the file holds of it can be"
        )
