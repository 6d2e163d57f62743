"""Bits that belief propagation cannot begin with, found by elimination.

A transmission may carry all information and yet leave two unknown bits in every check:
redundancy versions 1 and 2 send few or no information bits. Messages are then zero for
ever, while the checks together determine the bits. Peeling with inactivation, as for
Raptor codes (RFC 5053, 5.5.2), names a few bits from which all others follow, and the
checks that are left over determine these.
"""

from dataclasses import dataclass

import numpy as np

from commgen.coding.code import LDPCCode
from commgen.coding.compiled import compiled

_CORE_ROWS = 4  # whose parity bits stand in other rows too


@dataclass(frozen=True, eq=False)
class ErasureSolver:
    """What follows from the checks of bits of which nothing was received.

    Parameters
    ----------
    solved : [num_solved], int64
        Those bits, of the mother codeword.
    known : tuple
        Where the received bits of each check begin, and which they are.
    unknown : tuple
        The same of those that were not, as numbers in ``solved``.
    combinations : [num_inactive, num_words], uint64
        The checks whose sum is each of the bits that are found first, a bit a check.
    steps : tuple
        These bits; the check that gives each of the others, and their order.
    """

    solved: np.ndarray
    known: tuple[np.ndarray, np.ndarray]
    unknown: tuple[np.ndarray, np.ndarray]
    combinations: np.ndarray
    steps: tuple[np.ndarray, np.ndarray, np.ndarray]

    @classmethod
    def of(cls, code: LDPCCode, received: np.ndarray) -> "ErasureSolver | None":
        """Solve the checks once for all codewords of which the same bits were received.

        Parameters
        ----------
        code : LDPCCode
            The code.
        received : [n_mother], bool
            Bits of the mother codeword of which something was received.

        Returns
        -------
        solver
            None where belief propagation can begin by itself, or what was received does
            not determine the information.
        """
        if np.count_nonzero(received) < code.k:
            return None
        unknown = ~received
        unknown[code.k : code.num_info] = False  # fillers
        unknown[code.num_info + _CORE_ROWS * code.z :] = False  # in no check used
        checks = _usable_checks(code, received)
        of, bits = _edges(code, checks)
        hidden, seen = unknown[bits], received[bits]
        number = np.cumsum(unknown) - 1
        of_check = _group(of[hidden], number[bits[hidden]], len(checks))
        of_bit = _group(number[bits[hidden]], of[hidden], int(unknown.sum()))
        steps = _peel(*of_check, *of_bit)
        if not len(steps[0]):
            return None
        combinations = _solve(*of_check, *steps)
        if not len(combinations):
            return None
        known = _group(of[seen], bits[seen], len(checks))
        solved = np.flatnonzero(unknown)
        return cls(solved, known, of_check, combinations, steps)

    def bits(self, decisions: np.ndarray) -> np.ndarray:
        """Return the solved bits.

        Parameters
        ----------
        decisions : [batch, n_mother], bool
            Decisions on the bits of which something was received.

        Returns
        -------
        [batch, num_solved], bool
        """
        return _replay(
            decisions, *self.known, *self.unknown, self.combinations, *self.steps
        )


def _usable_checks(code: LDPCCode, received: np.ndarray) -> np.ndarray:
    """Return core checks, and those whose own parity bit was received."""
    rows, places = np.divmod(np.arange(code.graph.num_rows * code.z), code.z)
    own = code.num_info + rows * code.z + places
    usable = (rows < _CORE_ROWS) | received[own]
    return np.stack([rows[usable], places[usable]], axis=1)


def _edges(code: LDPCCode, checks: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return check and bit of each pair of them."""
    row, place = checks.T
    degrees = np.diff(code.row_starts)[row]
    of = np.repeat(np.arange(len(checks)), degrees)
    first = np.cumsum(degrees) - degrees
    edge = code.row_starts[row[of]] + np.arange(len(of)) - first[of]
    return of, code.cols[edge] * code.z + (place[of] + code.shifts[edge]) % code.z


def _group(keys, values, num) -> tuple[np.ndarray, np.ndarray]:
    """Return where the values of each key begin, and the values in that order."""
    order = np.argsort(keys, kind="stable")
    return np.searchsorted(keys[order], np.arange(num + 1)), values[order]


@compiled
def _peel(check_starts, check_bits, bit_starts, bit_checks):
    """Find bits one by one, from checks where one is left; stuck, take one for known.

    Returns the bits that were taken, the check that gives each of the others, -1 for
    those taken, and the others in the order in which they are found.
    """
    num_bits, num_checks = len(bit_starts) - 1, len(check_starts) - 1
    left = check_starts[1:] - check_starts[:-1]
    degree = bit_starts[1:] - bit_starts[:-1]
    by_check = np.full(num_bits, -1, np.int64)
    known = np.zeros(num_bits, np.bool_)
    sequence, inactive = np.empty(num_bits, np.int64), np.empty(num_bits, np.int64)
    num_found = num_inactive = 0
    stack = np.empty(num_checks, np.int64)
    top = 0
    for n in range(num_checks):
        if left[n] == 1:
            stack[top], top = n, top + 1
    while num_found + num_inactive < num_bits:
        bit = -1
        if top:
            top -= 1
            n = stack[top]
            for e in range(check_starts[n], check_starts[n + 1]):
                if not known[check_bits[e]]:
                    bit = check_bits[e]
            if bit < 0:  # another check was quicker
                continue
            by_check[bit], sequence[num_found] = n, bit
            num_found += 1
        else:  # that which stands in most checks
            for c in range(num_bits):
                if not known[c] and (bit < 0 or degree[c] > degree[bit]):
                    bit = c
            inactive[num_inactive] = bit
            num_inactive += 1
        known[bit] = True
        for e in range(bit_starts[bit], bit_starts[bit + 1]):
            n = bit_checks[e]
            left[n] -= 1
            if left[n] == 1:
                stack[top], top = n, top + 1
    return inactive[:num_inactive], by_check, sequence[:num_found]


@compiled
def _solve(check_starts, check_bits, inactive, by_check, sequence):
    """Return the checks whose sum is each inactive bit; none if one is undetermined.

    All bits are written as sums of inactive ones and of checks, a bit each; a check
    that found none says that such a sum is zero.
    """
    num_checks, one = len(check_starts) - 1, np.uint64(1)
    width = (len(inactive) + 63) // 64
    sums = np.zeros((len(by_check), width + (num_checks + 63) // 64), np.uint64)
    for i, bit in enumerate(inactive):
        sums[bit, i // 64] = one << np.uint64(i % 64)
    used = np.zeros(num_checks, np.bool_)
    for bit in sequence:
        used[by_check[bit]] = True
        _add_check(check_starts, check_bits, by_check[bit], sums, width, sums[bit])
    over = np.flatnonzero(~used)
    table = np.zeros((len(over), sums.shape[1]), np.uint64)
    for r, n in enumerate(over):
        _add_check(check_starts, check_bits, n, sums, width, table[r])
    rank = _eliminate(table, len(inactive))
    return table[:rank, width:] if rank == len(inactive) else table[:0, width:]


@compiled
def _add_check(check_starts, check_bits, n, sums, width, total):
    """Write the sum of check ``n`` and of its bits, but that of ``total`` itself."""
    place = width + n // 64
    new = np.zeros(len(total), np.uint64)
    for e in range(check_starts[n], check_starts[n + 1]):
        _add(sums[check_bits[e]], new)
    new[place] ^= np.uint64(1) << np.uint64(n % 64)
    total[:] = new


@compiled
def _add(x, total):
    for w in range(len(total)):
        total[w] ^= x[w]


@compiled
def _eliminate(table, num_columns):
    """Reduce the first columns of a bit matrix in place until one has no pivot."""
    for c in range(num_columns):
        word, bit = c // 64, np.uint64(c % 64)
        pivot = c
        while pivot < len(table) and not (table[pivot, word] >> bit) & np.uint64(1):
            pivot += 1
        if pivot == len(table):
            return c
        if pivot != c:
            swapped = table[pivot].copy()
            table[pivot] = table[c]
            table[c] = swapped
        for r in range(len(table)):
            if r != c and (table[r, word] >> bit) & np.uint64(1):
                _add(table[c, word:], table[r, word:])
    return num_columns


@compiled
def _replay(
    decisions,
    known_starts,
    known_bits,
    check_starts,
    check_bits,
    combinations,
    inactive,
    by_check,
    sequence,
):
    """Sum received bits over checks, find the inactive bits, then all others."""
    num_checks = len(check_starts) - 1
    out = np.zeros((len(decisions), len(by_check)), np.bool_)
    sums = np.zeros(num_checks, np.bool_)
    packed = np.zeros(combinations.shape[1], np.uint64)
    for b in range(len(decisions)):
        packed[:] = 0
        for n in range(num_checks):
            sums[n] = False
            for e in range(known_starts[n], known_starts[n + 1]):
                sums[n] ^= decisions[b, known_bits[e]]
            packed[n // 64] |= np.uint64(sums[n]) << np.uint64(n % 64)
        for i, bit in enumerate(inactive):
            out[b, bit] = _odd(packed & combinations[i])
        for bit in sequence:
            n = by_check[bit]
            total = sums[n]
            for e in range(check_starts[n], check_starts[n + 1]):
                if check_bits[e] != bit:
                    total ^= out[b, check_bits[e]]
            out[b, bit] = total
    return out


@compiled
def _odd(words):
    """Whether the number of ones is odd."""
    folded = np.uint64(0)
    for word in words:
        folded ^= word
    for shift in (32, 16, 8, 4, 2, 1):
        folded ^= folded >> np.uint64(shift)
    return folded & np.uint64(1) > 0
