"""What a packed answer says of itself: which arrays follow, and of which shape."""

import json
import math
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

_LENGTH = struct.Struct("<H")
# Names and shapes of far more arrays than a network has.
_MOST_TEXT = 2**20
_ABSENT, _SIGNED, _UNSIGNED = "-su"


@dataclass(frozen=True)
class Header:
    """The arrays of a packed answer, in their order.

    Of an array that the node was sent a letter is enough. Only moments can be unsigned:
    the second ones, of which a square root is taken.

    Parameters
    ----------
    known
        Names to shapes of what both ends have.
    shapes
        Of what is in the answer.
    signed
        Whether an array may have negative entries.
    """

    known: Mapping[str, tuple[int, ...]]
    shapes: Mapping[str, tuple[int, ...]]
    signed: Mapping[str, bool]

    @classmethod
    def of(cls, known, arrays: Mapping[str, np.ndarray]) -> "Header":
        """Describe what a node answers.

        Raises
        ------
        ValueError
            If an array has another shape than the node was sent, or no entry.
        """
        names = [n for n in known if n in arrays] + [
            n for n in arrays if n not in known
        ]
        for name in names:
            shape = arrays[name].shape
            if shape != known.get(name, shape) or not arrays[name].size:
                raise ValueError(
                    f"{name} must be {known.get(name, 'of one entry or more')}, "
                    f"got {shape}."
                )
        signed = {
            n: not (n.startswith("moments/") and (arrays[n] >= 0).all()) for n in names
        }
        return cls(known, {n: arrays[n].shape for n in names}, signed)

    def write(self) -> bytes:
        """Return the header's bytes."""
        letters = "".join(
            _ABSENT if n not in self.shapes else self._letter(n) for n in self.known
        )
        new = [
            [n, self._letter(n), *self.shapes[n]]
            for n in self.shapes
            if n not in self.known
        ]
        text = zlib.compress(json.dumps([letters, new]).encode(), 9)
        return _LENGTH.pack(len(text)) + text

    def _letter(self, name):
        return _SIGNED if self.signed[name] else _UNSIGNED

    @classmethod
    def read(cls, buffer: bytes, known) -> tuple["Header", int]:
        """Return the header that a buffer begins with, and where it ends.

        Raises
        ------
        ValueError
            If it is damaged.
        """
        try:
            (length,) = _LENGTH.unpack(buffer[: _LENGTH.size])
            end = _LENGTH.size + length
            text = zlib.decompressobj().decompress(buffer[2:end], _MOST_TEXT)
            letters, new = json.loads(text)
            found = list(zip(known, letters, known.values(), strict=True))
            found += [(n, letter, tuple(shape)) for n, letter, *shape in new]
            found = [entry for entry in found if entry[1] != _ABSENT]
            _check(found)
        except (struct.error, zlib.error, ValueError, TypeError) as error:
            raise ValueError(
                f"a packed answer must have a header, got {error}."
            ) from None
        shapes = {name: shape for name, _, shape in found}
        signed = {name: letter == _SIGNED for name, letter, _ in found}
        return cls(known, shapes, signed), end


def _check(found):
    """Raise ValueError unless these are names, letters and shapes, each name once."""
    names = [name for name, _, _ in found]
    if not all(isinstance(name, str) for name in names) or len({*names}) < len(names):
        raise ValueError("names that are none, or one twice")
    for name, letter, shape in found:
        whole = all(type(n) is int and n >= 1 for n in shape)
        if letter not in (_SIGNED, _UNSIGNED) or not whole or len(shape) > 8:
            raise ValueError(f"{letter!r} {shape!r} of {name:.40}")
        if math.prod(shape) > 2**31:
            raise ValueError(f"{shape} of {name:.40}")
