"""The pseudo-random sequence of NR and the scrambling of PUSCH with it."""

import numpy as np

from commgen._checks import check_int

_SKIPPED = 1600  # N_C of TS 38.211 5.2.1


def gold_sequence(length: int, c_init: int) -> np.ndarray:
    """Length-31 Gold sequence, TS 38.211 5.2.1.

    Parameters
    ----------
    length
        Bits wanted, at least 1.
    c_init
        Start of the second register, 0 to 2**31 - 1.

    Returns
    -------
    c : [length], uint8
        Zeros and ones.
    """
    check_int("length", length, low=1)
    check_int("c_init", c_init, low=0, high=2**31 - 1)
    size = length + _SKIPPED
    first = _register(size, 1, (0, 3))
    second = _register(size, c_init, (0, 1, 2, 3))
    return (first ^ second)[_SKIPPED:size]


def _register(size, start, taps):
    """Bits of a shift register, x(n + 31) the sum of x(n + tap)."""
    block = 31 - max(taps)  # so many depend on known bits only
    x = np.zeros(31 + size + block, np.uint8)
    x[:31] = (start >> np.arange(31)) & 1
    for n in range(0, size, block):
        new = x[n + taps[0] : n + taps[0] + block].copy()
        for tap in taps[1:]:
            new ^= x[n + tap : n + tap + block]
        x[n + 31 : n + 31 + block] = new
    return x


def pusch_scrambling(num_bits: int, *, rnti: int, n_id: int) -> np.ndarray:
    """Bits that are added to the codeword of a PUSCH, TS 38.211 6.3.1.1.

    Parameters
    ----------
    num_bits
        Length of the codeword.
    rnti
        Radio network temporary identifier, 0 to 65535.
    n_id
        Scrambling identity, 0 to 1023.

    Returns
    -------
    c : [num_bits], uint8
    """
    check_int("rnti", rnti, low=0, high=65535)
    check_int("n_id", n_id, low=0, high=1023)
    return gold_sequence(num_bits, (rnti << 15) + n_id)
