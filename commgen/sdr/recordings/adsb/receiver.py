"""From samples to messages: preamble, bits by the earlier half, parity."""

from collections.abc import Callable, Iterator

import numpy as np

from commgen.measures import to_db
from commgen.sdr.recordings.adsb.message import (
    ADDRESS_ON_PARITY,
    LONG,
    PLAIN,
    Message,
    length_of,
    overlays,
)
from commgen.sdr.recordings.iq import SampleSource

SAMPLE_RATE_HZ = 2e6
# The preamble's pulses are at 0, 1, 3.5 and 4.5 us, 0.5 us each, and the first bit at
# 8 us: Annex 10 vol. IV 3.1.2.2.2.
_PULSES = np.array([0, 2, 7, 9])
_QUIET = np.array([1, 3, 4, 5, 6, 8, 10, 11, 12, 13, 14, 15])
_HEAD = 16
_SPAN = _HEAD + 2 * LONG
# Half of the amplitude: what is missed here is lost, what passes must pass the parity.
_LEAST_RATIO = 2.0
# Interrogator codes go up to 79 (Annex 10 vol. IV 3.1.2.5.2.1.2).
_NUM_CODES = 80


def messages(
    source: SampleSource, advance: Callable[[int], object] | None = None
) -> Iterator[Message]:
    """Yield the messages of a recording at 2 Msample/s, in order.

    A reply whose parity carries the address counts once that address was told by a
    message that proves itself; 24 bits of parity let one of 16 million others through.

    Parameters
    ----------
    source
        Samples of a carrier at 1,090 MHz.
    advance
        Told the number of samples of each block that is done.
    """
    known: set[int] = set()
    rest, first, free = np.empty(0, np.float32), 0, 0
    for block in source.blocks():
        m = np.concatenate([rest, np.abs(block)])
        for message in found(m, known, first):
            if message.start >= free:
                free = message.start + _HEAD + 2 * len(message.bits)
                yield message
        keep = min(_SPAN - 1, len(m))
        rest, first = m[len(m) - keep :], first + len(m) - keep
        if advance is not None:
            advance(len(block))


def found(m, known: set[int], first: int = 0) -> Iterator[Message]:
    """Yield what passes in magnitudes, also what overlaps.

    Parameters
    ----------
    m : [n], float
        Magnitudes of the samples.
    known
        Addresses told so far; those of messages that prove themselves are added.
    first
        Number of the first sample.
    """
    starts = candidates(m)
    if not len(starts):
        return
    halves = m[starts[:, None] + _HEAD + np.arange(2 * LONG)].reshape(-1, LONG, 2)
    bits = (halves[..., 0] > halves[..., 1]).astype(np.uint8)
    df = bits[:, :5] @ (1 << np.arange(4, -1, -1))
    length = length_of(df)
    address = bits[:, 8:32] @ (1 << np.arange(23, -1, -1))
    overlay = np.where(length == LONG, overlays(bits), overlays(bits[:, : LONG // 2]))
    proved = np.isin(df, PLAIN) & (overlay < np.where(df == 11, _NUM_CODES, 1))
    replies = np.isin(df, ADDRESS_ON_PARITY)
    for i in np.flatnonzero(proved | replies):
        if proved[i]:
            known.add(int(address[i]))
        elif int(overlay[i]) not in known:
            continue
        level = to_db(np.mean(m[starts[i] + _PULSES]) ** 2)
        whose = address[i] if proved[i] else overlay[i]
        start, body = first + int(starts[i]), bits[i, : length[i]]
        yield Message(start, body, int(whose), level)


def candidates(m) -> np.ndarray:
    """Return where the pulses of a preamble rise over its gaps, [num], int."""
    n = len(m) - _SPAN + 1
    if n <= 0:
        return np.empty(0, np.int64)
    pulses = sum(m[k : k + n] for k in _PULSES) / len(_PULSES)
    quiet = sum(m[k : k + n] for k in _QUIET) / len(_QUIET)
    return np.flatnonzero((pulses > _LEAST_RATIO * quiet) & (pulses > 0))
