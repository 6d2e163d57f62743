"""One array as few bytes: whole numbers on a scale, of all entries or the greatest."""

import struct
from dataclasses import dataclass
from typing import Literal

import numpy as np

from commgen._checks import FLOAT_RANGE
from commgen.federated.uplink.bits import (
    pack_bits,
    pack_positions,
    packed_bytes,
    positions_bytes,
    unpack_bits,
    unpack_positions,
)

_SCALE = struct.Struct("<f")


@dataclass(frozen=True)
class Coding:
    """How the change of an array is written.

    Parameters
    ----------
    bits
        Of a sent entry, 2 to 8.
    keep
        Share of the entries that are sent, above 0; at least one is.
    rounding
        ``"nearest"`` or ``"stochastic"``.
    """

    bits: int = 8
    keep: float = 1.0
    rounding: Literal["nearest", "stochastic"] = "nearest"

    @property
    def most(self) -> int:
        """Greatest level; the least is its negative."""
        return 2 ** (self.bits - 1) - 1

    def encode(self, x: np.ndarray, rng: np.random.Generator) -> bytes:
        """Return the bytes of x, [n], float and finite, n >= 1."""
        count = self._count(x.size)
        positions = _greatest(x, count)
        levels, scale = self._levels(x[positions], rng)
        parts = [_SCALE.pack(scale), pack_bits(levels + self.most, self.bits).tobytes()]
        if count < x.size:
            parts.append(pack_positions(positions, x.size).tobytes())
        return b"".join(parts)

    def num_bytes(self, size: int) -> int:
        """Return the bytes of any array of ``size`` entries."""
        count = self._count(size)
        positions = positions_bytes(count, size) if count < size else 0
        return _SCALE.size + packed_bytes(self.bits, count) + positions

    def _count(self, size):
        return max(1, round(self.keep * size))

    def _levels(self, x, rng):
        """Return whole numbers up to ``most`` in magnitude, and their unit."""
        scale = np.float32(np.abs(x).max() / self.most)
        if not scale > 0:
            return np.zeros(x.shape, np.int64), np.float32(0)
        y = x.astype(np.float64) / scale
        if self.rounding == "stochastic":
            y = np.floor(y + rng.random(y.shape))
        levels = np.rint(y).astype(np.int64)
        # A scale that was rounded down to single precision.
        return np.clip(levels, -self.most, self.most), scale

    def decode(self, buffer, size: int) -> np.ndarray:
        """Return the ``size`` numbers, float32, of which ``buffer`` is the coding.

        Raises
        ------
        ValueError
            If the buffer holds what :meth:`encode` does not write.
        """
        if len(buffer) != self.num_bytes(size):
            raise ValueError(
                f"a packed array of {size} entries must be "
                f"{self.num_bytes(size)} bytes, got {len(buffer)}."
            )
        (scale,) = _SCALE.unpack(buffer[: _SCALE.size])
        if not 0 <= scale <= FLOAT_RANGE[1]:
            raise ValueError(
                "the scale of a packed array must be between 0 and "
                f"{FLOAT_RANGE[1]:g}, got {scale:g}."
            )
        count = self._count(size)
        packed = np.frombuffer(buffer[_SCALE.size :], np.uint8)
        split = packed_bytes(self.bits, count)
        levels = unpack_bits(packed[:split], self.bits, count)
        values = (levels.astype(np.float32) - self.most) * np.float32(scale)
        if count == size:
            return values
        x = np.zeros(size, np.float32)
        x[unpack_positions(packed[split:], count, size)] = values
        return x


def _greatest(x, count):
    """Return where the ``count`` entries of greatest magnitude are, rising."""
    if count == x.size:
        return np.arange(x.size)
    # Stable: of equal magnitudes the first ones, on every machine.
    return np.sort(np.argsort(-np.abs(x), kind="stable")[:count])
