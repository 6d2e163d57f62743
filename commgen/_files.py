"""Files that are whole or not there: written to a temporary name, then renamed."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from commgen._inputs import check_input, read_input_text


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """Yield a temporary name beside ``path``, which it becomes on success.

    The suffix is kept, since libraries choose a format by it. If the block raises, the
    temporary file is removed and ``path`` stays as it was.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{path.stem}-", suffix=path.suffix, dir=path.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        mode = 0o666 & ~_umask()
        temporary.chmod(mode)
        os.replace(temporary, path)
    except OSError as error:  # a full disk does not say which file it had no room for
        error.filename = error.filename or str(path)
        raise
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(path: str | Path) -> Iterator[Path]:
    """Yield a temporary folder beside ``path``; on success it replaces ``path``."""
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
    try:
        yield temporary
        temporary.chmod(0o777 & ~_umask())
        if path.exists():
            old = Path(tempfile.mkdtemp(prefix=f".{path.name}-old-", dir=path.parent))
            os.replace(path, old / path.name)
            os.replace(temporary, path)
            shutil.rmtree(old)
        else:
            os.replace(temporary, path)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


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


def check_folder(
    folder: str | Path, what: str, marker: str, text: str | None = None
) -> None:
    """Raise unless a folder may be written to: new, empty, or of the same kind before.

    Parameters
    ----------
    folder
        The folder.
    what
        What is to be written, such as "run".
    marker
        Name of the file that tells such a folder.
    text
        What the file must hold; anything where None.

    Raises
    ------
    ValueError
        If ``folder`` is a file, or holds something else.
    """
    folder = Path(folder)
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} must be a folder, it is a file.")
    path = folder / marker
    if path.is_file():
        if text is None:
            return
        found = path.read_text(encoding="utf-8")
        if found != text:
            short = found.count("\n") <= 1 and text.count("\n") <= 1
            told = f" ({found.strip()} there, {text.strip()} here)" if short else ""
            raise ValueError(
                f"{folder} holds a {what} of another configuration{told}; choose "
                "another folder, or remove it."
            )
    elif folder.is_dir() and any(folder.iterdir()):
        raise ValueError(
            f"{folder} is not empty and holds no {what}; choose another folder."
        )


def claim_folder(output: Path, settings: dict[str, Any], what: str) -> None:
    """Take a folder for a command that goes on where it was.

    Parameters
    ----------
    output
        New, empty, or of the same command with the same settings.
    settings
        What decides the results, as JSON; kept in ``WHAT.json``.
    what
        "demo" or "study".

    Raises
    ------
    ValueError
        If the folder holds something else.
    """
    path, text = output / f"{what}.json", json.dumps(settings) + "\n"
    if path.is_file() and read_json(path) == settings:  # in whatever order
        return
    check_folder(output, what, path.name, text)
    write_text(path, text)


def sha256(path: str | Path) -> str:
    """Return the SHA-256 of a file, in hexadecimal."""
    with open(check_input(path), "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
