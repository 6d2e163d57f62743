"""Raw interleaved I/Q of others: regular files only, read a block at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np

from commgen._files.inputs import check_input

BLOCK = 1 << 18
# Bytes that are looked at to tell what a file is.
_LOOK = 1 << 16
_TEXT = np.zeros(256, bool)
_TEXT[[9, 10, 13, *range(32, 127)]] = True


@dataclass(frozen=True)
class _Kind:
    dtype: np.dtype
    zero: float
    scale: float


KINDS = {
    # What an RTL2832 gives: 0 to 255, half a step beside the middle.
    "uint8": _Kind(np.dtype("u1"), 127.5, 1 / 127.5),
    "int16": _Kind(np.dtype("<i2"), 0.0, 2.0**-15),
    "float32": _Kind(np.dtype("<f4"), 0.0, 1.0),
}


class SampleSource(Protocol):
    """Samples that come a block at a time, whatever they are kept in."""

    @property
    def num_samples(self) -> int:
        """How many there are."""
        ...

    def blocks(self, size: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield them in order, complex64, ``size`` at a time, the last time less."""
        ...


@dataclass(frozen=True)
class RawIq:
    """A raw file: I and Q in turns, nothing else.

    Parameters
    ----------
    path
        The file.
    kind
        A key of :data:`KINDS`.
    num_samples
        Pairs of I and Q.
    """

    path: Path
    kind: str
    num_samples: int

    def blocks(self, size: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield blocks of ``size`` samples, complex64, full scale 1.

        Raises
        ------
        ValueError
            If the file became shorter, or holds a float that is not finite.
        """
        kind, left = KINDS[self.kind], self.num_samples
        with self.path.open("rb") as file:
            while left:
                n = min(size, left)
                values = np.frombuffer(file.read(2 * n * kind.dtype.itemsize), "u1")
                if values.size < 2 * n * kind.dtype.itemsize:
                    raise ValueError(f"{self.path} became shorter while it was read.")
                yield self._samples(values.view(kind.dtype))
                left -= n

    def _samples(self, values) -> np.ndarray:
        kind = KINDS[self.kind]
        scaled = (values.astype(np.float32) - kind.zero) * np.float32(kind.scale)
        if not np.isfinite(scaled).all():
            raise ValueError(f"{self.path} must hold finite numbers as {self.kind}.")
        return scaled.view(np.complex64)


def open_iq(path: str | Path, kind: str) -> RawIq:
    """Return a raw recording whose length and first bytes are those of its kind.

    A raw file does not say what it is: refused is what cannot be I/Q of ``kind``, as a
    text, or 16-bit numbers where bytes are asked for.

    Parameters
    ----------
    path
        The file.
    kind
        "uint8", "int16" or "float32", the latter two with the lowest byte first.

    Raises
    ------
    OSError
        If there is no regular file.
    ValueError
        If ``kind`` is none of these, or the file is empty, cut within a sample, or seen
        to be something else.
    """
    if kind not in KINDS:
        raise ValueError(f"kind must be one of {', '.join(KINDS)}, got {kind!r}.")
    path = check_input(path)
    size, pair = path.stat().st_size, 2 * KINDS[kind].dtype.itemsize
    if size == 0:
        raise ValueError(f"{path} must hold I/Q samples, it is empty.")
    if size % pair:
        raise ValueError(
            f"{path} must hold whole pairs of {kind}, {pair} bytes each, "
            f"got {size:,} bytes."
        )
    with path.open("rb") as file:
        seen = _seen(np.frombuffer(file.read(_LOOK), "u1"), kind)
    if seen is not None:
        raise ValueError(f"{path} must be raw I/Q of {kind}, it looks like {seen}.")
    return RawIq(path, kind, size // pair)


def read_iq(path: str | Path, kind: str, *, start=0, stop=None) -> np.ndarray:
    """Return samples ``start`` to ``stop`` of a raw recording, [n], complex64.

    As :func:`open_iq`; ends beyond the file are its ends.
    """
    recording = open_iq(path, kind)
    stop = recording.num_samples if stop is None else min(stop, recording.num_samples)
    parts, at = [np.empty(0, np.complex64)], 0
    for block in recording.blocks():
        parts.append(block[max(start - at, 0) : max(stop - at, 0)])
        at += len(block)
        if at >= stop:
            break
    return np.concatenate(parts)


def _seen(content: np.ndarray, kind: str) -> str | None:
    """Name what the beginning of a file is, where it is not of ``kind``.

    Bytes of a receiver lie around 127.5; the upper bytes of 16-bit numbers, unless
    these use their whole range, are near 0 or 255.
    """
    if _TEXT[content].all():
        return "text"
    outer = np.mean((content[1::2] < 32) | (content[1::2] >= 224))
    if kind == "uint8" and outer > 0.9:
        return "16-bit numbers"
    if kind == "int16" and outer < 0.02 and len(content) >= 256:
        return "bytes"
    return None
