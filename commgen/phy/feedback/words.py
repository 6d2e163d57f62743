"""Numbers and choices as bits of a fixed length."""

from math import comb

import numpy as np


def bits_for(count: int) -> int:
    """Return how many bits tell ``count`` things apart.

    Examples
    --------
    >>> bits_for(1), bits_for(8), bits_for(9)
    (0, 3, 4)
    """
    return (count - 1).bit_length()


def written(fields: list[tuple[int, int]]) -> np.ndarray:
    """Return the bits of pairs of number and length, the highest bit first."""
    text = "".join(f"{value:0{length}b}" for value, length in fields if length)
    return np.frombuffer(text.encode(), np.uint8) - np.uint8(ord("0"))


class Reader:
    """Takes numbers from bits, one after another.

    Parameters
    ----------
    bits : [num_bits], uint8
        Zeros and ones.

    Raises
    ------
    ValueError
        If they are not that.
    """

    def __init__(self, bits: np.ndarray):
        bits = np.asarray(bits)
        if bits.ndim != 1 or bits.dtype != np.uint8 or (bits > 1).any():
            raise ValueError(
                "bits must be [num_bits] zeros and ones, uint8, got "
                f"{list(bits.shape)} of dtype {bits.dtype}."
            )
        self._bits, self._at = bits, 0

    def number(self, length: int) -> int:
        """Return the next number of so many bits."""
        part = self._bits[self._at : self._at + length]
        if len(part) < length:
            self._refuse(f"{len(self._bits)}, fewer than that")
        self._at += length
        return int("".join(map(str, part)) or "0", 2)

    def below(self, count: int) -> int:
        """Return the next number, one of ``count``."""
        value = self.number(bits_for(count))
        if value >= count:
            self._refuse(f"number {value} of {count}")
        return value

    def end(self) -> None:
        """Refuse bits that are left."""
        if self._at < len(self._bits):
            self._refuse(f"{len(self._bits)}, more than {self._at}")

    def _refuse(self, why):
        raise ValueError(f"bits must be a whole report, got {why}.")


def index_of(chosen, count: int) -> int:
    r"""Return the number of a choice of some of ``count``.

    :math:`\sum_i C(N - 1 - n_i, L - i)` over the chosen
    :math:`n_0 < n_1 < \dots < n_{L-1}`, TS 38.214, 5.2.2.2.3.

    Examples
    --------
    >>> sorted(index_of(pair, 4) for pair in [(0, 1), (0, 3), (2, 3), (1, 2)])
    [0, 2, 3, 5]
    """
    chosen = sorted(int(n) for n in chosen)
    size = len(chosen)
    return sum(comb(count - 1 - n, size - i) for i, n in enumerate(chosen))


def choice_of(index: int, size: int, count: int) -> list[int]:
    """Return the choice of ``size`` of ``count`` that has this number."""
    chosen, n = [], 0
    for left in range(size, 0, -1):
        while comb(count - 1 - n, left) > index:
            n += 1
        index -= comb(count - 1 - n, left)
        chosen.append(n)
        n += 1
    return chosen
