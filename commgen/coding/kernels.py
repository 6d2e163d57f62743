"""The inner loops of the layered decoder, in 16-bit integers.

LLRs are counted in steps of 1/16 and stop at 64. A column of the base graph takes part
in at most 30 rows, so that the sum of a channel LLR and all messages to a bit fits 16
bits: nothing is rounded between the door and the decision.

A column of ``z`` values is kept rotated as the row that was there last has seen it, and
twice in a row, so that the next row finds its own rotation in one piece. Two places a
column are used by turns: what a row writes does not overlap what it still has to read.
"""

import numpy as np

from commgen.coding import vector as v
from commgen.coding.compiled import compiled

LANES = v.LANES
STEPS = 16  # to one LLR of 1
_CHANNEL_MAX = np.float32(1023)
_MESSAGE_MAX = np.int16(1023)
_FILLER = np.int16(32767)


@compiled
def decode_frames(
    llr, code, num_iterations, rule, early_stop, bits, iterations, parity_ok, soft
):
    """Decode mother codewords one by one.

    Parameters
    ----------
    llr : [num, num_cols * z], float32
        log p(1) / p(0), not NaN, of as many columns as something was received of.
    code
        Numbers ``k``, ``num_info`` and ``z``, then ``row_starts``, ``cols`` and
        ``shifts`` of :class:`~commgen.coding.code.LDPCCode`, int64.
    num_iterations
        At most.
    rule
        Scale and offset of the messages, both in sixteenths.
    early_stop
        Whether a frame ends when it is decoded.
    bits : [num, k], uint8
    iterations : [num], int32
    parity_ok : [num], bool
        Where the results go.
    soft : [num, num_cols * z] or [0, num_cols * z], float32
        Where log p(1) / p(0) of all bits goes, in the second form nowhere.
    """
    k, num_info, z, row_starts, cols, shifts = code
    num_cols, num_rows, pad = llr.shape[1] // z, len(row_starts) - 1, _round_up(z)
    values = _zeros(4 * pad * num_cols)
    messages = _zeros(pad * len(cols))
    active = np.zeros(num_rows, np.bool_)
    found = np.zeros(num_rows, np.bool_)
    starts = np.zeros(num_rows + 1, np.int64)
    places = np.zeros((3, 2, len(cols)), np.int64)
    rotations = np.zeros(num_cols, np.int64)
    ends = np.zeros((2, num_cols), np.int64)
    num_active = 0
    for f in range(len(llr)):
        _find_active(llr[f], z, row_starts, cols, found)
        if f == 0 or np.any(found != active):
            active[:] = found
            num_active = _schedule(
                active, row_starts, cols, shifts, z, starts, places, rotations, ends
            )
        plan = starts[: num_active + 1]
        _load(llr[f], k, num_info, z, rotations, values)
        messages[: pad * plan[-1]] = 0
        iterations[f], parity_ok[f] = _run(
            plan, places, ends, k, z, num_iterations, rule, early_stop, values, messages
        )
        _decide(values, ends[(iterations[f] - 1) % 2], z, bits[f])
        if f < len(soft):
            _soften(values, ends[(iterations[f] - 1) % 2], z, soft[f])


@compiled
def _run(
    starts, places, ends, k, z, num_iterations, rule, early_stop, values, messages
):
    """Iterate over one frame; return how often, and whether it is decoded."""
    valid = _zeros(_round_up(z))
    valid[:z] = -1
    holds, done = False, 0
    while done < num_iterations and not (holds and early_stop):
        turn = done % 2
        source, target, final = places[0, turn], places[1, turn], places[2, turn]
        _iterate(starts, source, target, z, rule, values, messages)
        done += 1
        if early_stop or done == num_iterations:
            holds = _checks_hold(starts, final, z, valid, values)
            holds = holds and _decided(values, ends[turn], k, z, valid)
    return done, holds


@compiled
def _round_up(z):
    return (z + LANES - 1) // LANES * LANES


@compiled
def _zeros(size):
    """Zeros that begin where a cache line does."""
    raw = np.zeros(size + LANES, np.int16)
    skip = (-raw.ctypes.data % 64) // 2
    return raw[skip : skip + size]


@compiled
def _find_active(llr, z, row_starts, cols, active):
    """Mark the four core rows, and those whose own parity column was received.

    The others have a bit of which nothing is known, and so no message but zero.
    """
    active[:4] = True
    for r in range(4, len(active)):
        c = cols[row_starts[r + 1] - 1]
        active[r] = False
        if (c + 1) * z <= len(llr):
            for x in llr[c * z : (c + 1) * z]:
                if x != 0:
                    active[r] = True
                    break


@compiled
def _schedule(active, row_starts, cols, shifts, z, starts, places, rotations, ends):
    """Plan where the active rows read and write, in odd and in even iterations.

    ``places`` gets for each of their entries where a row reads, where it writes, and
    where its bits are after the iteration; ``rotations`` that of each column between
    iterations; ``ends`` where its first bit is then. Returns the number of active rows.
    """
    num_cols, half = len(rotations), 2 * _round_up(z)
    column = np.zeros(len(cols), np.int64)
    shift = np.zeros(len(cols), np.int64)
    num_active = num_edges = 0
    rotations[:] = 0
    for r in range(len(active)):
        if active[r]:
            for e in range(row_starts[r], row_starts[r + 1]):
                column[num_edges], shift[num_edges] = cols[e], shifts[e]
                rotations[cols[e]] = shifts[e]
                num_edges += 1
            num_active += 1
            starts[num_active] = num_edges
    side = np.zeros(num_cols, np.int64)
    for turn in range(2):
        at = rotations.copy()
        for e in range(num_edges):
            c = column[e]
            places[0, turn, e] = half * (2 * c + side[c]) + (shift[e] - at[c]) % z
            side[c] ^= 1
            places[1, turn, e] = half * (2 * c + side[c])
            at[c] = shift[e]
        for e in range(num_edges):
            c = column[e]
            places[2, turn, e] = half * (2 * c + side[c]) + (shift[e] - at[c]) % z
        for c in range(num_cols):
            ends[turn, c] = half * (2 * c + side[c]) + -rotations[c] % z
    return num_active


@compiled
def _load(llr, k, num_info, z, rotations, values):
    """Round LLRs to integers, positive for a zero, rotated and doubled."""
    for c in range(len(rotations)):
        first = 4 * _round_up(z) * c
        split = -rotations[c] % z
        lanes = values[first + split : first + split + z]
        column = llr[c * z : (c + 1) * z]
        for i in range(z):
            x = np.float32(0.5) - np.float32(STEPS) * column[i]
            x = -_CHANNEL_MAX if x < -_CHANNEL_MAX else x
            x = _CHANNEL_MAX if x > _CHANNEL_MAX else x
            lanes[i] = np.int16(np.floor(x))
        for i in range(max(0, k - c * z), min(z, num_info - c * z)):
            lanes[i] = _FILLER
        values[first : first + split] = values[first + z : first + z + split]
        values[first + z + split : first + 2 * z] = values[first + split : first + z]


@compiled
def _iterate(starts, source, target, z, rule, values, messages):
    """Update all rows one after the other: offset or normalised min-sum."""
    zero, top = v.splat(np.int16(0)), v.splat(_FILLER)
    high, fifteen = v.splat(_MESSAGE_MAX), v.splat(np.int16(15))
    factor, four = v.splat(np.int16(rule[0])), v.splat(np.int16(4))
    less = v.splat(np.int16(rule[1]))
    pad = _round_up(z)
    for r in range(len(starts) - 1):
        first, last = starts[r], starts[r + 1]
        # Downwards, so that what stands beyond z in the last chunk is overwritten.
        for p in range(pad - LANES, -1, -LANES):
            least, second, signs = top, top, zero
            for e in range(first, last):
                t = v.subtract(
                    v.load(values, source[e] + p), v.load(messages, e * pad + p)
                )
                signs = v.xor(signs, t)
                size = v.absolute(t)
                second = v.minimum(second, v.maximum(least, size))
                least = v.minimum(least, size)
            m_1 = v.shift_right(v.multiply(v.minimum(least, high), factor), four)
            m_2 = v.shift_right(v.multiply(v.minimum(second, high), factor), four)
            m_1 = v.maximum(v.subtract(m_1, less), zero)
            m_2 = v.maximum(v.subtract(m_2, less), zero)
            for e in range(first, last):
                t = v.subtract(
                    v.load(values, source[e] + p), v.load(messages, e * pad + p)
                )
                m = v.select_equal(v.absolute(t), least, m_2, m_1)
                sign = v.shift_right(v.xor(signs, t), fifteen)
                m = v.subtract(v.xor(m, sign), sign)
                v.store(messages, e * pad + p, m)
                t = v.add(t, m)
                v.store(values, target[e] + p, t)
                v.store(values, target[e] + z + p, t)


@compiled
def _checks_hold(starts, final, z, valid, values):
    for r in range(len(starts) - 1):
        for p in range(0, z, LANES):
            signs = v.splat(np.int16(0))
            for e in range(starts[r], starts[r + 1]):
                signs = v.xor(signs, v.load(values, final[e] + p))
            if v.any_negative(v.bit_and(signs, v.load(valid, p))):
                return False
    return True


@compiled
def _decided(values, ends, k, z, valid):
    """Whether something is known of each information bit: zeros fulfil all checks."""
    zero = v.splat(np.int16(0))
    unknown = zero
    for c in range((k + z - 1) // z):
        for p in range(0, z, LANES):
            lanes = v.load(values, ends[c] + p)
            hit = v.select_equal(lanes, zero, v.load(valid, p), zero)
            unknown = v.minimum(unknown, hit)
    return not v.any_negative(unknown)


@compiled
def _decide(values, ends, z, bits):
    for c in range((len(bits) + z - 1) // z):
        decided = bits[c * z : (c + 1) * z]
        lanes = values[ends[c] : ends[c] + len(decided)]
        for i in range(len(decided)):
            decided[i] = lanes[i] < 0


@compiled
def _soften(values, ends, z, soft):
    """Turn integers back into LLRs, positive for a one."""
    for c in range(len(soft) // z):
        lanes = values[ends[c] : ends[c] + z]
        for i in range(z):
            soft[c * z + i] = np.float32(lanes[i]) * np.float32(-1 / STEPS)
