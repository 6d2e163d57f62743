"""Blocks of many frames: which agree with each other, and which are right."""

from collections import Counter

from commgen.sdr.recordings.lte import broadcast
from commgen.sdr.recordings.lte.broadcast import Mib

_BLOCK = 4
# One CRC in 65,536 is right by chance, and about a thousand are looked at.
_LEAST_AGREEING = 2


def single(llr, cell: int) -> list[tuple[int, Mib]]:
    """Return (frame, block) of all that one frame alone gives."""
    return [
        (f, mib)
        for num_ports, own in llr.items()
        for f in range(len(own))
        for phase in range(_BLOCK)
        if (mib := broadcast.decode(own[f : f + 1], cell, num_ports, phase))
    ]


def joint(llr, cell: int) -> list[tuple[int, Mib]]:
    """Return (first frame, block) of all that four frames give together."""
    return [
        (f, mib)
        for num_ports, own in llr.items()
        for f in range(len(own) - _BLOCK + 1)
        if (mib := broadcast.decode(own[f : f + _BLOCK], cell, num_ports, 0))
    ]


def in_step(mib: Mib, frame: int) -> Mib:
    """Return a block as frame 0 would have it."""
    return Mib(
        mib.num_ports,
        mib.num_rb,
        mib.phich_extended,
        mib.phich_resource,
        (mib.sfn - frame) % 1024,
    )


def agreed(blocks: list[tuple[int, Mib]]) -> Mib | None:
    """Return what most blocks say, None unless two do."""
    counts = Counter(in_step(mib, frame) for frame, mib in blocks)
    mib, count = counts.most_common(1)[0] if counts else (None, 0)
    return mib if count >= _LEAST_AGREEING else None


def right_blocks(llr, cell: int, mib: Mib) -> list[bool]:
    """Whether each whole block is right, read from its four frames."""
    first = range(-mib.sfn % _BLOCK, len(llr) - _BLOCK + 1, _BLOCK)
    found = [broadcast.decode(llr[f : f + 4], cell, mib.num_ports, 0) for f in first]
    return [
        one is not None and in_step(one, f) == mib
        for f, one in zip(first, found, strict=True)
    ]
