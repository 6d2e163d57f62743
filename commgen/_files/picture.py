"""PNG files that say what made them, in an entry of text that all readers skip."""

import struct
import zlib
from pathlib import Path

from commgen._files.inputs import read_input

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_KEY = b"commgen made\0"


def picture_made(path: str | Path) -> str | None:
    """Return what made a PNG file, or None where it does not say.

    Raises
    ------
    OSError
        If the file cannot be opened.
    ValueError
        If it is no PNG file, or damaged.
    """
    content = read_input(path)
    for kind, data in _chunks(path, content):
        if kind == b"tEXt" and data.startswith(_KEY):
            return data[len(_KEY) :].decode("ascii")
    return None


def mark_picture(path: Path, made: str) -> None:
    """Write into a PNG file, behind its header, what made it."""
    content = path.read_bytes()
    chunks = list(_chunks(path, content))
    chunks.insert(1, (b"tEXt", _KEY + made.encode("ascii")))
    path.write_bytes(_SIGNATURE + b"".join(_packed(*chunk) for chunk in chunks))


def _chunks(path: str | Path, content: bytes) -> list[tuple[bytes, bytes]]:
    """Return kind and data of each part (PNG specification, section 5.3)."""
    found, at = [], len(_SIGNATURE)
    while content.startswith(_SIGNATURE) and at + 12 <= len(content):
        size, kind = struct.unpack(">I4s", content[at : at + 8])
        data = content[at + 8 : at + 8 + size]
        at += 12 + size
        if content[at - 4 : at] != struct.pack(">I", zlib.crc32(kind + data)):
            break
        found.append((kind, data))
        if kind == b"IEND":
            return found
    raise ValueError(f"{path} must be a sound PNG file.")


def _packed(kind: bytes, data: bytes) -> bytes:
    sum_of = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + sum_of
