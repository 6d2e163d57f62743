"""Enumerative sphere shaping: bits to amplitudes of bounded energy, and back."""

from functools import cached_property

import numpy as np

from commgen._checks import check_int
from commgen.coding.compiled import compiled
from commgen.coding.limbs import (
    add,
    bits_to_limbs,
    less,
    limbs_to_bits,
    subtract,
    to_limbs,
)
from commgen.coding.matcher import check_amplitudes_of, check_bits_of, entropy

#: Amplitudes of 256-ASK at most, and sequences of at most so many.
_MOST_LEVELS, _MOST_LENGTH = 128, 4096


class SphereShaper:
    r"""Sequences of N amplitudes 1, 3, 5, ... whose energy is at most E, numbered.

    They are in lexicographic order, and the first :math:`2^k` of them carry k bits
    (Gültekin, van Houtum, Koppelaar and Willems, *Enumerative Sphere Shaping for
    Wireless Communications With Short Packets*, IEEE Trans. Wireless Commun. 19, 2020,
    sec. III). With a trellis of exact whole numbers: :math:`T_n(e)` ways to go on from
    energy e after n amplitudes,

    .. math:: T_n(e) = \sum_a T_{n+1}(e + a^2), \qquad T_N(e) = 1 \text{ for } e \le E

    Parameters
    ----------
    num_levels
        Amplitudes: 4 for 8-ASK, an axis of 64-QAM.
    length
        Amplitudes of a sequence, N.
    max_energy
        Bound E on the sum of squares, at least N: all amplitudes 1.

    Raises
    ------
    ValueError
        If a number is out of range: a sequence that carries no bit is none.

    Examples
    --------
    >>> shaper = SphereShaper(4, 96, 1120)
    >>> shaper.num_bits
    168
    >>> bits = np.random.default_rng(0).integers(2, size=(5, 168), dtype=np.uint8)
    >>> found, ok = shaper.decode(shaper.encode(bits))
    >>> bool((found == bits).all() and ok.all())
    True
    """

    def __init__(self, num_levels: int, length: int, max_energy: int):
        self.num_levels = check_int("num_levels", num_levels, low=2, high=_MOST_LEVELS)
        self.length = check_int("length", length, low=1, high=_MOST_LENGTH)
        self.max_energy = check_int("max_energy", max_energy, low=length)
        # a = 2 i + 1 costs 1 + 8 i (i + 1) / 2: triangular numbers of units of 8.
        level = np.arange(num_levels)
        self._cost = level * (level + 1) // 2
        self._budget = min((max_energy - length) // 8, length * int(self._cost[-1]))
        self._ways = _trellis(self._cost, length, self._budget)
        self.num_bits = self._ways[0][0].bit_length() - 1
        if self.num_bits < 1:
            raise ValueError(
                f"max_energy must allow two sequences of {length} amplitudes, got "
                f"{max_energy}."
            )

    @classmethod
    def of_bits(cls, num_levels: int, length: int, num_bits: int) -> "SphereShaper":
        """Return the shaper of least energy that carries ``num_bits`` a sequence.

        Raises
        ------
        ValueError
            If even all sequences are too few.
        """
        most = length * np.log2(num_levels)
        if not 1 <= num_bits <= most:
            raise ValueError(
                f"num_bits must be in 1..{int(most)} for {length} amplitudes of "
                f"{num_levels} levels, got {num_bits}."
            )
        low, high = 0, length * num_levels * (num_levels - 1) // 2
        while low < high:
            middle = (low + high) // 2
            if cls._bits_at(num_levels, length, middle) >= num_bits:
                high = middle
            else:
                low = middle + 1
        shaper = cls(num_levels, length, length + 8 * low)
        # Those of more energy that the last unit adds are not all asked for.
        shaper.num_bits = num_bits
        return shaper

    @staticmethod
    def _bits_at(num_levels, length, budget) -> int:
        level = np.arange(num_levels)
        ways = _trellis(level * (level + 1) // 2, length, budget, keep=False)
        return ways[0][0].bit_length() - 1

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Return the amplitudes of bits.

        Parameters
        ----------
        bits : [n, num_bits], uint8
            Zeros and ones.

        Returns
        -------
        [n, length], uint8
            Numbers i of the amplitudes 2 i + 1.
        """
        bits = check_bits_of(bits, self.num_bits)
        numbers = bits_to_limbs(bits, self._table.shape[-1])
        out = np.empty((len(bits), self.length), np.uint8)
        _unrank(numbers, self._table, self._cost, out)
        return out

    def decode(self, levels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the bits of amplitudes, and whether these are of a codeword.

        Parameters
        ----------
        levels : [n, length], int
            Numbers of the amplitudes, as of :meth:`encode`.

        Returns
        -------
        bits : [n, num_bits], uint8
            Zeros where the sequence is none of this shaper.
        ok : [n], bool
        """
        levels = check_amplitudes_of(levels, self.length, self.num_levels)
        numbers = np.zeros((len(levels), self._table.shape[-1]), np.uint64)
        ok = np.empty(len(levels), np.bool_)
        limit = to_limbs(1 << self.num_bits, self._table.shape[-1])
        _rank(levels, self._table, self._cost, numbers, limit, ok)
        numbers[~ok] = 0
        return limbs_to_bits(numbers, self.num_bits), ok

    @cached_property
    def probabilities(self) -> np.ndarray:
        """Share of each amplitude over all sequences that are sent, [num_levels].

        Exact, also where only the first of the sequences are used.
        """
        counts, number, spent = [0] * self.num_levels, 1 << self.num_bits, 0
        prefix = [0] * self.num_levels
        for n in range(self.length):
            for i, cost in enumerate(self._cost.tolist()):
                ways = self._at(n + 1, spent + cost)
                taken = min(ways, number)
                if taken == ways:
                    self._count(counts, prefix, i, n, spent + cost, ways)
                    number -= ways
                    continue
                prefix[i] += 1
                spent += cost
                break
            else:
                break  # all sequences are used
        total = self.length << self.num_bits
        return np.array([c / total for c in counts])

    def _count(self, counts, prefix, i, n, spent, ways):
        """Add what all sequences hold that begin with this prefix and level i."""
        for j in range(self.num_levels):
            counts[j] += (prefix[j] + (i == j)) * ways
        left = self.length - n - 1
        if left:
            for j, cost in enumerate(self._cost.tolist()):
                # By symmetry each place that is left holds level j equally often.
                counts[j] += left * self._at(n + 2, spent + cost)

    def _at(self, n, spent) -> int:
        return self._ways[n][spent] if spent <= self._budget else 0

    @property
    def rate_loss(self) -> float:
        """Bits of an amplitude that are lost against independent ones, as likely."""
        return entropy(self.probabilities) - self.num_bits / self.length

    @cached_property
    def _table(self) -> np.ndarray:
        """The trellis as [length + 1, budget + 1, num_limbs], uint64."""
        num_limbs = self._ways[0][0].bit_length() // 64 + 1
        rows = [[to_limbs(v, num_limbs) for v in row] for row in self._ways]
        return np.array(rows)


def _trellis(cost, length, budget, *, keep=True) -> list[list[int]]:
    """Return T_n(e) as [length + 1][budget + 1], or T_0 alone."""
    row = [1] * (budget + 1)
    rows = [row]
    for _ in range(length):
        new = [0] * (budget + 1)
        for c in cost.tolist():
            for e in range(budget + 1 - c):
                new[e] += row[e + c]
        row = new
        rows = [row, *rows] if keep else [row]
    return rows


@compiled
def _unrank(numbers, table, cost, out):
    last = table.shape[1] - 1
    for b in range(len(numbers)):
        left, spent = numbers[b], 0
        for n in range(out.shape[1]):
            for i in range(len(cost)):
                if spent + cost[i] > last:
                    break
                ways = table[n + 1, spent + cost[i]]
                if less(left, ways):
                    out[b, n] = i
                    spent += cost[i]
                    break
                subtract(left, ways)


@compiled
def _rank(levels, table, cost, numbers, limit, ok):
    last = table.shape[1] - 1
    for b in range(len(levels)):
        spent, good = 0, True
        for n in range(levels.shape[1]):
            for i in range(levels[b, n]):
                if spent + cost[i] <= last:
                    add(numbers[b], table[n + 1, spent + cost[i]])
            spent += cost[levels[b, n]]
            if spent > last:
                good = False
                break
        ok[b] = good and less(numbers[b], limit)
