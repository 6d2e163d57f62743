"""The records of a log of the Intel 5300 CSI tool: which are packets, which are not.

A log is a chain of records: a 16-bit big-endian length, a code, and that many bytes
less one. Code 0xbb is the channel of a packet; the tool can log other things too.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.inputs import read_input

NUM_SUBCARRIERS = 30
HEADER = 20  # bytes of a record before the packed channel
_CODE = 0xBB

_FIELDS = {  # name: type, offset
    "t_us": ("<u4", 0),
    "num_rx": ("u1", 8),
    "num_tx": ("u1", 9),
    "rssi": (("u1", 3), 10),
    "noise": ("i1", 13),
    "agc": ("u1", 14),
    "antennas": ("u1", 15),
    "length": ("<u2", 16),
    "rate": ("<u2", 18),
}
_RECORD = np.dtype(
    {
        "names": list(_FIELDS),
        "formats": [kind for kind, _ in _FIELDS.values()],
        "offsets": [offset for _, offset in _FIELDS.values()],
        "itemsize": HEADER,
    }
)


@dataclass(frozen=True)
class Records:
    """The packets of a log.

    Parameters
    ----------
    raw : [num_bytes], uint8
        The log.
    bodies : [num_packets], int64
        Where the header of each packet begins.
    header : [num_packets], structured
        The headers.
    left_out
        What else lies in the log, a clause for each kind.
    """

    raw: np.ndarray
    bodies: np.ndarray
    header: np.ndarray
    left_out: tuple[str, ...]


def packed_length(num_rx: Any, num_tx: Any) -> Any:
    """Return the bytes of packed channels: 3 bits ahead of each subcarrier."""
    return (NUM_SUBCARRIERS * (3 + 16 * num_rx * num_tx) + 7) // 8


def read_records(path: str | Path, *, drop_partial: bool, strict: bool) -> Records:
    """Read a log; arguments and errors as :func:`~commgen.datasets.read_intel5300`."""
    data = read_input(path)
    if not data:
        raise ValueError(f"{path} is empty, not a log of the Intel 5300 CSI tool.")
    chain = _walk(data, path)
    if chain.left and not (drop_partial and len(chain.bodies)):
        advice = (
            "--drop-partial leaves it out"
            if len(chain.bodies)
            else "no packet comes before, so it may be no log of the CSI tool"
        )
        raise ValueError(f"{path} is truncated: {chain.left}; {advice}.")
    raw = np.frombuffer(data, np.uint8)
    header = raw[chain.bodies[:, None] + np.arange(HEADER)].copy().view(_RECORD)
    header = header.reshape(-1)
    bad = _impossible(header, chain.lengths)
    damaged = sorted(chain.short + (chain.bodies[bad] - 3).tolist())
    if damaged and (strict or bad.all()):
        raise ValueError(
            f"{path} has an impossible record at byte {damaged[0]}: "
            f"{_fault(data, damaged[0])}."
        )
    told = _told(chain, data, damaged)
    if strict and told:
        raise ValueError(f"{path} must hold packets alone to be strict, got {told[0]}.")
    if bad.all():
        raise ValueError(
            f"{path} has no packet, a record of code 0x{_CODE:02x}: it is no log of "
            "the Intel 5300 CSI tool, or one without channels."
        )
    told += ["a last record that was cut off"] if chain.left else []
    return Records(raw, chain.bodies[~bad], header[~bad], tuple(told))


def looks_like_log(data: bytes) -> bool:
    """Return whether bytes begin like a log: among its first records is a packet."""
    offset = 0
    while offset + 3 + HEADER <= len(data):
        length = int.from_bytes(data[offset : offset + 2], "big")
        if length == 0:
            return False
        if data[offset + 2] == _CODE and length > HEADER:
            header = np.frombuffer(data, _RECORD, 1, offset + 3)
            return not _impossible(header, np.array([length])).any()
        offset += 2 + length
    return False


@dataclass(frozen=True)
class _Chain:
    """Where the packets are, those too short for a header, and what else is there.

    ``left`` says what is wrong with the record at ``end``, the last one.
    """

    bodies: np.ndarray
    lengths: np.ndarray
    short: list[int]
    others: Counter[int]
    end: int
    left: str


def _walk(data: bytes, path: str | Path) -> _Chain:
    bodies, lengths, short, others = [], [], [], Counter()
    offset, left = 0, ""
    while offset < len(data):
        length = int.from_bytes(data[offset : offset + 2], "big")
        rest = len(data) - offset
        if (length == 0 or rest < 3) and not any(data[offset:]):
            break
        if length + 2 > rest or rest < 3:
            left = f"the record at byte {offset} needs {length + 2} bytes, {rest} are "
            left += "left"
            break
        if length == 0:
            raise ValueError(
                f"{path} has an impossible record at byte {offset}: its length must "
                "be at least 1, got 0."
            )
        code = data[offset + 2]
        if code != _CODE:
            others[code] += 1
        elif length > HEADER:
            bodies.append(offset + 3)
            lengths.append(length)
        else:
            short.append(offset)
        offset += 2 + length
    where = np.array(bodies, np.int64), np.array(lengths, np.int64)
    return _Chain(*where, short, others, offset, left)


def _impossible(header: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return which packets say of themselves what cannot be, [num_packets]."""
    num_rx, num_tx = header["num_rx"].astype(int), header["num_tx"].astype(int)
    length = packed_length(num_rx, num_tx)
    known = (num_rx >= 1) & (num_rx <= 3) & (num_tx >= 1) & (num_tx <= 3)
    return ~known | (header["length"] != length) | (lengths - 1 - HEADER != length)


def _fault(data: bytes, offset: int) -> str:
    """Say what is impossible about a record."""
    length = int.from_bytes(data[offset : offset + 2], "big")
    if length <= HEADER:
        return f"its length must be at least {HEADER + 1}, got {length}"
    one = np.frombuffer(data, _RECORD, 1, offset + 3)[0]
    num_rx, num_tx = int(one["num_rx"]), int(one["num_tx"])
    if not (1 <= num_rx <= 3 and 1 <= num_tx <= 3):
        return f"antennas must be 1 to 3, got {num_rx} receive and {num_tx} transmit"
    return (
        f"a channel of {num_rx} x {num_tx} antennas takes "
        f"{packed_length(num_rx, num_tx)} bytes, the record says {one['length']} and "
        f"holds {length - 1 - HEADER}"
    )


def _told(chain: _Chain, data: bytes, damaged: list[int]) -> list[str]:
    """Say what lies between the packets, a clause for each kind."""
    told = []
    if chain.others:
        codes = ", ".join(f"0x{code:02x}" for code in sorted(chain.others))
        told.append(
            f"{_count(chain.others.total(), 'record')} of other codes ({codes})"
        )
    if damaged:
        told.append(
            f"{_count(len(damaged), 'record')} whose header contradicts itself (the "
            f"first at byte {damaged[0]})"
        )
    if chain.end < len(data) and not chain.left:
        told.append(f"{_count(len(data) - chain.end, 'zero byte')} at the end")
    return told


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
