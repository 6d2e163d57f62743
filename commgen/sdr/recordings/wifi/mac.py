"""Frames of the MAC: FCS, kind and addresses (IEEE 802.11-2020 clause 9)."""

import zlib
from dataclasses import dataclass

import numpy as np

from commgen.coding.crc import crc_bits

# Type and subtype of 9.2.4.1.3; of the rest the type alone is told.
_KINDS = {
    (0, 4): "probe request",
    (0, 5): "probe response",
    (0, 8): "beacon",
    (0, 13): "action",
    (1, 8): "block ack request",
    (1, 9): "block ack",
    (1, 11): "RTS",
    (1, 12): "CTS",
    (1, 13): "ACK",
    (2, 0): "data",
    (2, 4): "null",
    (2, 8): "QoS data",
    (2, 12): "QoS null",
}
_TYPES = ("management", "control", "data", "extension")
# Control frames that name their receiver alone.
_ONE_ADDRESS = {(1, 12), (1, 13)}
_DELIMITER, _SIGNATURE = 4, 0x4E


@dataclass(frozen=True)
class MacFrame:
    """A frame of the MAC.

    Parameters
    ----------
    fcs_ok
        Whether its check sequence is right.
    kind
        Such as "QoS data"; empty where the check is wrong.
    receiver, transmitter
        Addresses as they are written, empty where there is none or the check is wrong.
    length
        Bytes, with the check.
    """

    fcs_ok: bool
    kind: str
    receiver: str
    transmitter: str
    length: int


def read_frame(content: bytes) -> MacFrame:
    """Return what a frame with its FCS (CRC-32, 9.2.4.8) says."""
    body, check = content[:-4], content[-4:]
    right = len(content) >= 14 and zlib.crc32(body).to_bytes(4, "little") == check
    if not right:
        return MacFrame(False, "", "", "", len(content))
    of = (body[0] >> 2 & 3, body[0] >> 4)
    two = len(body) >= 16 and of not in _ONE_ADDRESS
    return MacFrame(
        True,
        _KINDS.get(of, _TYPES[of[0]]),
        body[4:10].hex(":"),
        body[10:16].hex(":") if two else "",
        len(content),
    )


def split_aggregate(content: bytes) -> list[bytes]:
    """Return the frames of an A-MPDU (9.7.1), the wrong ones too.

    A delimiter whose CRC is wrong is passed over in steps of four bytes, as 9.7.2 says;
    what it announced is lost.
    """
    found, at = [], 0
    while at + _DELIMITER <= len(content):
        length = _announced(content[at : at + _DELIMITER])
        at += _DELIMITER
        if length and at + length <= len(content):
            found.append(content[at : at + length])
            at += -(-length // 4) * 4
    return found


def _announced(delimiter: bytes) -> int | None:
    """Return the length that a delimiter announces; None if it is none."""
    bits = np.unpackbits(np.frombuffer(delimiter, np.uint8), bitorder="little")
    ones = np.r_[np.ones(8, np.uint8), np.zeros(8, np.uint8)]
    parity = 1 - crc_bits(bits[:16] ^ ones, "CRC8-HT")
    if delimiter[3] != _SIGNATURE or (parity != bits[16:24]).any():
        return None
    return int(bits[4:16] @ (1 << np.arange(12)))
