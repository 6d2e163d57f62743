"""Checksums of files and folders."""

import hashlib
import os
from pathlib import Path

from commgen._files.whole import sha256


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, or of the names and files of a folder."""
    if not path.is_dir():
        return sha256(path)
    found = hashlib.sha256()
    for file in files_of(path):
        found.update(f"{file.relative_to(path).as_posix()}\0{sha256(file)}\0".encode())
    return found.hexdigest()


def files_of(path: Path) -> list[Path]:
    """Return the files of a folder, sorted, or the file itself."""
    if not path.is_dir():
        return [path]
    return sorted(Path(root) / n for root, _, names in os.walk(path) for n in names)
