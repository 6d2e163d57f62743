"""Constant composition distribution matching: bits to sequences of one histogram."""

from functools import cached_property
from math import comb

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

_HALF = np.uint64(32)
_LOW = np.uint64(2**32 - 1)
_HALVINGS = 40  # of an interval of slopes


class CompositionMatcher:
    r"""Sequences that hold each amplitude a given number of times, numbered.

    The matcher of Schulte and Böcherer, *Constant Composition Distribution Matching*,
    IEEE Trans. Inf. Theory 62 (2016), by exact numbers in lexicographic order instead
    of by arithmetic coding: of M sequences that are left, with :math:`n_a` of
    :math:`n` amplitudes still to come, :math:`M n_a / n` begin with a.

    Parameters
    ----------
    counts
        How often each amplitude stands in a sequence.

    Raises
    ------
    ValueError
        If a count is negative, or there are fewer than two sequences.

    Examples
    --------
    >>> matcher = CompositionMatcher([5, 3])
    >>> matcher.num_bits  # of 56 sequences
    5
    >>> bits = np.array([[1, 0, 1, 1, 0]], np.uint8)
    >>> found, ok = matcher.decode(matcher.encode(bits))
    >>> found.tolist(), bool(ok[0])
    ([[1, 0, 1, 1, 0]], True)
    """

    def __init__(self, counts):
        checked = [check_int("counts", int(c), low=0, high=2**16) for c in counts]
        self.counts = np.array(checked, np.int64)
        self.length, self.num_levels = int(self.counts.sum()), len(self.counts)
        total, left = 1, self.length
        for count in checked:
            total, left = total * comb(left, count), left - count
        self._total = total
        self.num_bits = total.bit_length() - 1
        if self.num_bits < 1:
            raise ValueError(
                f"counts must allow two sequences at least, got {checked}."
            )

    @classmethod
    def of_probabilities(cls, probabilities, length: int) -> "CompositionMatcher":
        """Return the matcher whose histogram is nearest to probabilities.

        Parameters
        ----------
        probabilities : [num_levels], float
            Of the amplitudes.
        length
            Amplitudes of a sequence.

        Raises
        ------
        ValueError
            If they do not sum to 1, or the sequence is too short.
        """
        p = np.asarray(probabilities, np.float64)
        if p.ndim != 1 or not np.isfinite(p).all() or abs(p.sum() - 1) > 1e-6:
            raise ValueError(f"probabilities must sum to 1, got {p.sum():.6g}.")
        wanted = p * check_int("length", length, low=2)
        counts = np.floor(wanted).astype(int)
        # What is left goes where most is missing.
        missing = np.argsort(counts - wanted)[: length - counts.sum()]
        counts[missing] += 1
        return cls(counts)

    @classmethod
    def of_bits(
        cls, num_levels: int, length: int, num_bits: int
    ) -> "CompositionMatcher":
        r"""Return the most strongly shaped matcher of ``num_bits`` a sequence.

        Of the histograms nearest to :math:`p(a) \propto e^{-\nu a^2}` of amplitudes a =
        1, 3, ..., which have the least energy of their entropy, that of largest slope.

        Parameters
        ----------
        num_levels
            Amplitudes.
        length, num_bits
            Amplitudes and bits of a sequence.

        Raises
        ------
        ValueError
            If no histogram carries as many bits.
        """
        energy = (2.0 * np.arange(check_int("num_levels", num_levels, low=2)) + 1) ** 2

        def at(nu):
            p = np.exp(-nu * (energy - 1))
            return cls.of_probabilities(p / p.sum(), length)

        if at(0.0).num_bits < num_bits:
            raise ValueError(
                f"num_bits must be at most {at(0.0).num_bits} for {length} amplitudes "
                f"of {num_levels} levels in one histogram, got {num_bits}."
            )
        low, high = 0.0, 1.0
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            enough = _num_bits(at, middle) >= num_bits
            low, high = (middle, high) if enough else (low, middle)
        found = at(low)
        # Those of the last histogram that are not needed are not sent.
        found.num_bits = check_int("num_bits", num_bits, low=1)
        return found

    @property
    def probabilities(self) -> np.ndarray:
        """Share of each amplitude, [num_levels]."""
        return self.counts / self.length

    @property
    def rate_loss(self) -> float:
        """Bits of an amplitude that are lost against independent ones, as likely."""
        return entropy(self.probabilities) - self.num_bits / self.length

    @cached_property
    def _limbs(self) -> np.ndarray:
        # Room for the product with a count.
        return to_limbs(self._total, self._total.bit_length() // 64 + 2)

    def encode(self, bits: np.ndarray) -> np.ndarray:
        """Return the amplitudes of bits.

        Parameters
        ----------
        bits : [n, num_bits], uint8
            Zeros and ones.

        Returns
        -------
        [n, length], uint8
            Numbers of the amplitudes.
        """
        bits = check_bits_of(bits, self.num_bits)
        numbers = bits_to_limbs(bits, len(self._limbs))
        out = np.empty((len(bits), self.length), np.uint8)
        _unrank(numbers, self._limbs, self.counts, out)
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
            Zeros where the sequence is none of this matcher.
        ok : [n], bool
        """
        levels = check_amplitudes_of(levels, self.length, self.num_levels)
        numbers = np.zeros((len(levels), len(self._limbs)), np.uint64)
        ok = np.empty(len(levels), np.bool_)
        limit = to_limbs(1 << self.num_bits, len(self._limbs))
        _rank(levels, self._limbs, self.counts, numbers, limit, ok)
        numbers[~ok] = 0
        return limbs_to_bits(numbers, self.num_bits), ok


def _num_bits(at, nu) -> int:
    """Bits of a histogram; none where all amplitudes are the smallest."""
    try:
        return at(nu).num_bits
    except ValueError:
        return 0


@compiled
def _share(total, count, n, out):
    """Set out to total * count / n, which is whole, by halves of limbs."""
    c, d = np.uint64(count), np.uint64(n)
    carry = np.uint64(0)
    for i in range(len(total)):
        low = (total[i] & _LOW) * c + carry
        high = (total[i] >> _HALF) * c + (low >> _HALF)
        out[i] = (low & _LOW) | ((high & _LOW) << _HALF)
        carry = high >> _HALF
    rest = np.uint64(0)
    for i in range(len(out) - 1, -1, -1):
        high = (rest << _HALF) | (out[i] >> _HALF)
        rest = high % d
        low = (rest << _HALF) | (out[i] & _LOW)
        rest = low % d
        out[i] = ((high // d) << _HALF) | (low // d)


@compiled
def _unrank(numbers, total, counts, out):
    ways = np.empty_like(total)
    for b in range(len(numbers)):
        left, here, some = numbers[b], total.copy(), counts.copy()
        for n in range(out.shape[1]):
            for a in range(len(some)):
                if some[a] == 0:
                    continue
                _share(here, some[a], out.shape[1] - n, ways)
                if less(left, ways):
                    out[b, n] = a
                    some[a] -= 1
                    here[:] = ways
                    break
                subtract(left, ways)


@compiled
def _rank(levels, total, counts, numbers, limit, ok):
    ways = np.empty_like(total)
    for b in range(len(levels)):
        here, some, good = total.copy(), counts.copy(), True
        for n in range(levels.shape[1]):
            a = levels[b, n]
            if some[a] == 0:
                good = False
                break
            for smaller in range(a):
                if some[smaller] > 0:
                    _share(here, some[smaller], levels.shape[1] - n, ways)
                    add(numbers[b], ways)
            _share(here, some[a], levels.shape[1] - n, ways)
            some[a] -= 1
            here[:] = ways
        ok[b] = good and less(numbers[b], limit)
