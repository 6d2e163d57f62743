"""Trellis-coded quantisation: which levels may follow each other, and the best path."""

from dataclasses import dataclass
from functools import cache

import numpy as np

from commgen._checks import check_int
from commgen.coding.compiled import compiled

# Parity checks h0, h1 of the rate-1/2 codes for amplitude modulation: Ungerboeck, IEEE
# Trans. Inf. Theory 28 (1982), Table I.
_CHECKS = {
    4: (0o5, 0o2),
    8: (0o13, 0o4),
    16: (0o23, 0o4),
    32: (0o45, 0o10),
    64: (0o103, 0o24),
}
#: Distance of neighbouring levels of both unions together, where the price of a bit is
#: one; of a union they are twice as far apart. Of a uniform quantiser of squared error
#: 1 / (2 ln 2) they would be 2.94 apart, and paths gain 1 dB over one.
STEP = 1.65
# States that no path leads to.
_NEVER = 1e30


@dataclass(frozen=True)
class Trellis:
    """States of a trellis, and where they lead.

    Parameters
    ----------
    next_states : [num_states, 2], int64
        After an even and an odd level number.
    unions : [num_states], int64
        Which union of levels a state has.
    """

    next_states: np.ndarray
    unions: np.ndarray


@cache
def trellis(num_states: int) -> Trellis:
    r"""Return the trellis of Ungerboeck's code.

    Marcellin and Fischer, IEEE Trans. Commun. 38 (1990): levels of a fine grid belong
    to four subsets in turn, a state allows two of them, a union, and which of these is
    taken leads to the next state. So paths lie as if the grid were coarse, and there
    are many. Union 0 has the levels :math:`2 k \Delta`, union 1
    :math:`(2 k - \mathrm{sgn}\,k) \Delta`: both have a zero, as in the dependent
    quantisation of H.266. With parity checks
    :math:`\sum_i h^0_i z^0_{n-i} + h^1_i z^1_{n-i} = 0` (mod 2), :math:`z^0` is the
    union and :math:`z^1` the parity of k.

    Parameters
    ----------
    num_states
        4, 8, 16, 32 or 64.

    Examples
    --------
    >>> trellis(4).unions.tolist(), trellis(4).next_states.tolist()
    ([0, 1, 0, 1], [[0, 1], [2, 3], [1, 0], [3, 2]])
    """
    if num_states not in _CHECKS:
        raise ValueError(f"num_states must be of {list(_CHECKS)}, got {num_states}.")
    check_int("num_states", num_states, low=1)
    h0, h1 = _CHECKS[num_states]
    states = np.arange(num_states)[:, None]
    union, parity = states & 1, np.arange(2)
    following = (states >> 1) ^ (h0 >> 1) * union ^ (h1 >> 1) * parity
    return Trellis(following, union[:, 0])


@compiled
def search(x, which, following, unions, ends, points, lengths, levels):
    """Find the levels of least squared error and bits (Viterbi's algorithm).

    Parameters
    ----------
    x : [num], float
        Numbers, in the unit in which a bit has the price one.
    which : [num], int64
        Class of each.
    following, unions
        As of :class:`Trellis`.
    ends, points, lengths
        As of :class:`~commgen.phy.feedback.trellis_tables.TrellisTables`.
    levels : [num], int64
        Takes the numbers of the levels.

    Returns
    -------
    float
        Squared error and bits together.
    """
    num, states = len(x), len(unions)
    cost = np.full(states, _NEVER)
    cost[0] = 0.0
    new = np.empty(states)
    came = np.zeros((num, states), np.int64)
    took = np.zeros((num, states), np.int64)
    best, level = np.empty((2, 2)), np.zeros((2, 2), np.int64)
    for t in range(num):
        for union in range(2):
            _branches(
                x[t], 2 * which[t] + union, union, ends, points, lengths, best, level
            )
        new[:] = _NEVER
        for s in range(states):
            for parity in range(2):
                total = cost[s] + best[unions[s], parity]
                after = following[s, parity]
                if total < new[after]:
                    new[after] = total
                    came[t, after] = s
                    took[t, after] = level[unions[s], parity]
        cost[:] = new
    state = np.argmin(cost)
    total = cost[state]
    for t in range(num - 1, -1, -1):
        levels[t] = took[t, state]
        state = came[t, state]
    return total


@compiled
def _branches(x, row, union, ends, points, lengths, best, level):
    """Find the best even and the best odd level of a union."""
    end, sign = ends[row], 1 if x >= 0 else -1
    best[union] = _NEVER
    near = int((abs(x) / STEP + union) / 2)
    for i in range(7):  # zero and its neighbours, and those about x
        k = i - 1 if i < 3 else near + i - 4
        if i >= 3 and k < 2:
            continue
        at = min(k, end)
        bits = lengths[row, sign * at + end]
        value = points[row, sign * at + end]
        if k >= end:
            excess = k - end + 1
            value += 2 * STEP * sign * (excess - 1)
            bits += 1 + 2 * int(np.log2(excess))
        total = (x - value) ** 2 + bits
        if total < best[union, k & 1]:
            best[union, k & 1] = total
            level[union, k & 1] = sign * k


@compiled
def tables_of(levels, which, following, unions, rows):
    """Fill in the row of the tables that each level [num] is written by, [num]."""
    state = 0
    for t in range(len(levels)):
        rows[t] = 2 * which[t] + unions[state]
        state = following[state, levels[t] & 1]
