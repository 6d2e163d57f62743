"""Arithmetic coding of symbols with known frequencies, to the bit."""

import numpy as np

from commgen.coding.compiled import compiled

#: Sum of the frequencies of one table.
TOTAL = 1 << 16
_TOP = (1 << 32) - 1
_HALF, _QUARTER = 1 << 31, 1 << 30
_EVEN = TOTAL // 2
# Bits of the longest escape; more than any finite channel needs.
_LONGEST = 24


@compiled
def encode(first, symbols, which, first_table, tables, ends, bits):
    """Write symbols as bits: as many as their frequencies tell, and at most two more.

    The coder of Witten, Neal and Cleary (Commun. ACM 30, 1987) in 32 bits. Symbols run
    from -end to end of their table; the outermost ones are escapes, behind which the
    excess follows as an Elias gamma code. No code word begins another one, so that
    their lengths need not be told.

    Parameters
    ----------
    first
        Number of a symbol of ``first_table``, which goes ahead.
    symbols : [n], int64
        The rest.
    which : [n], int64
        Table of each of them.
    first_table : [num_first + 1], int64
        Cumulative frequencies, from 0 to :data:`TOTAL`.
    tables : [num_tables, num_symbols + 1], int64
        The same for all tables, -end first.
    ends : [num_tables], int64
        Their largest symbols.
    bits : [room], uint8
        Takes the bits.

    Returns
    -------
    int
        How many bits were written; -1 where there is no room.
    """
    state = np.array([0, _TOP, 0, 0], np.int64)  # bottom, top, waiting, written
    _narrow(state, first_table[first], first_table[first + 1], bits)
    for i in range(len(symbols)):
        end, table = ends[which[i]], tables[which[i]]
        symbol = min(max(symbols[i], -end), end)
        _narrow(state, table[symbol + end], table[symbol + end + 1], bits)
        if abs(symbol) == end:
            excess = abs(symbols[i]) - end + 1
            length = 0
            while excess >> (length + 1):
                length += 1
            for _ in range(length):
                _narrow(state, 0, _EVEN, bits)
            for j in range(length + 1):
                one = (excess >> (length - j)) & 1
                _narrow(state, one * _EVEN, (one + 1) * _EVEN, bits)
        if state[3] < 0:
            return -1
    _end(state, bits)
    return state[3]


@compiled
def _end(state, bits):
    """Write what tells the interval, whatever follows: no code word begins another."""
    bottom, top = state[0], state[1]
    if bottom == 0 and top == _TOP and state[2] == 0:
        return
    if bottom == 0:
        _put(state, 0, bits)
    elif top == _TOP:
        _put(state, 1, bits)
    else:  # a second bit, unlike the first, as those that wait are
        state[2] += 1
        _put(state, 0 if bottom < _QUARTER else 1, bits)


@compiled
def _narrow(state, low, high, bits):
    width = state[1] - state[0] + 1
    state[1] = state[0] + width * high // TOTAL - 1
    state[0] = state[0] + width * low // TOTAL
    while state[3] >= 0:
        if state[1] < _HALF:
            _put(state, 0, bits)
        elif state[0] >= _HALF:
            _put(state, 1, bits)
            state[0] -= _HALF
            state[1] -= _HALF
        elif state[0] >= _QUARTER and state[1] < _HALF + _QUARTER:
            state[2] += 1
            state[0] -= _QUARTER
            state[1] -= _QUARTER
        else:
            break
        state[0] = 2 * state[0]
        state[1] = 2 * state[1] + 1


@compiled
def _put(state, bit, bits):
    """Write a bit, and those that waited for it, which are unlike it."""
    if state[3] + state[2] + 1 > len(bits):
        state[3] = -1
        return
    bits[state[3]] = bit
    for i in range(state[2]):
        bits[state[3] + 1 + i] = 1 - bit
    state[3] += state[2] + 1
    state[2] = 0


@compiled
def decode(bits, which_of, first_table, tables, ends, symbols):
    """Read what :func:`encode` wrote.

    Parameters
    ----------
    bits : [num_bits], uint8
        What was written.
    which_of : [num_first, n], int64
        Tables of the symbols, for each first symbol.
    first_table, tables, ends
        As of :func:`encode`.
    symbols : [n], int64
        Takes the symbols.

    Returns
    -------
    int
        The first symbol; -1 where the bits are none that :func:`encode` wrote.
    """
    state = np.array([0, _TOP, 0, 0], np.int64)  # bottom, top, value, read
    for _ in range(32):
        state[2] = 2 * state[2] + _next(state, bits)
    first = _find(state, first_table, len(first_table) - 1, bits)
    for i in range(len(symbols)):
        table = which_of[first, i]
        symbols[i] = _symbol(state, tables[table], ends[table], bits)
        if state[3] < 0:
            return -1
    return first


@compiled
def decode_path(bits, which, following, offsets, first_table, tables, ends, symbols):
    """Read what :func:`encode` wrote by tables that depend on the symbols before.

    Parameters
    ----------
    bits, first_table, tables, ends, symbols
        As of :func:`decode`.
    which : [n], int64
        Table of each symbol in a state of offset 0.
    following : [num_states, 2], int64
        State after an even and an odd symbol; 0 comes first.
    offsets : [num_states], int64
        What a state adds to the number of the table.

    Returns
    -------
    int
        As of :func:`decode`.
    """
    state = np.array([0, _TOP, 0, 0], np.int64)  # bottom, top, value, read
    for _ in range(32):
        state[2] = 2 * state[2] + _next(state, bits)
    first = _find(state, first_table, len(first_table) - 1, bits)
    at = 0
    for i in range(len(symbols)):
        table = which[i] + offsets[at]
        symbols[i] = _symbol(state, tables[table], ends[table], bits)
        if state[3] < 0:
            return -1
        at = following[at, symbols[i] & 1]
    return first


@compiled
def _symbol(state, table, end, bits):
    """Read a symbol; where it is none, state[3] becomes -1."""
    symbol = _find(state, table, 2 * end + 1, bits) - end
    if abs(symbol) == end:
        excess = _escape(state, bits)
        if excess < 0:
            state[3] = -1
            return 0
        symbol += (excess - 1) * (1 if symbol > 0 else -1)
    return symbol


@compiled
def _escape(state, bits):
    even = np.array([0, _EVEN, TOTAL], np.int64)
    length = 0
    while _find(state, even, 2, bits) == 0:
        length += 1
        if length > _LONGEST:
            return -1
    excess = 1
    for _ in range(length):
        excess = 2 * excess + _find(state, even, 2, bits)
    return excess


@compiled
def _next(state, bits):
    at = state[3]
    state[3] += 1
    return bits[at] if at < len(bits) else 0


@compiled
def _find(state, table, num, bits):
    width = state[1] - state[0] + 1
    at = ((state[2] - state[0] + 1) * TOTAL - 1) // width
    left, right = 0, num
    while right - left > 1:
        middle = (left + right) // 2
        if table[middle] <= at:
            left = middle
        else:
            right = middle
    state[1] = state[0] + width * table[left + 1] // TOTAL - 1
    state[0] = state[0] + width * table[left] // TOTAL
    while True:
        if state[1] < _HALF:
            pass
        elif state[0] >= _HALF:
            state[:3] -= _HALF
        elif state[0] >= _QUARTER and state[1] < _HALF + _QUARTER:
            state[:3] -= _QUARTER
        else:
            return left
        state[0] = 2 * state[0]
        state[1] = 2 * state[1] + 1
        state[2] = 2 * state[2] + _next(state, bits)


def cumulative(probabilities: np.ndarray) -> np.ndarray:
    """Return frequencies of probabilities [n], summed up, [n + 1], int64.

    None is 0, so that whatever comes can be written.
    """
    p = np.asarray(probabilities, np.float64)
    counts = np.maximum(1, np.floor(p / p.sum() * (TOTAL - len(p))).astype(np.int64))
    counts[np.argmax(counts)] += TOTAL - counts.sum()
    return np.concatenate([[0], np.cumsum(counts)])
