"""The SIGNAL fields: what they say, and whether it can be so."""

from dataclasses import dataclass

import numpy as np

from commgen.coding.crc import crc_bits
from commgen.sdr.recordings.wifi.coding import LEGACY_RATES, Rate

# An acknowledgement is the shortest frame; table 17-21 has the longest.
_LEAST_BYTES, _MOST_BYTES = 14, 4095


@dataclass(frozen=True)
class LegacySignal:
    """What L-SIG says (17.3.4).

    Parameters
    ----------
    rate
        Modulation and coding of a legacy packet.
    length
        Bytes of its frame.
    """

    rate: Rate
    length: int


@dataclass(frozen=True)
class HtSignal:
    """What HT-SIG says (19.3.9.4.3).

    Parameters
    ----------
    mcs
        0 to 7 with one stream.
    length
        Bytes.
    wide, aggregated, ldpc, short_guard
        Channel of 40 MHz, A-MPDU, LDPC code, guard interval of 0.4 us.
    stbc, num_extension
        Space-time streams beyond the spatial ones, extension streams.
    """

    mcs: int
    length: int
    wide: bool
    aggregated: bool
    ldpc: bool
    short_guard: bool
    stbc: int
    num_extension: int

    @property
    def why_not(self) -> str | None:
        """Say what of it is not decoded here; None where all is."""
        if self.wide:
            return "40 MHz"
        if self.mcs > 7:
            return "several streams"
        if self.stbc or self.num_extension:
            return "STBC" if self.stbc else "extension streams"
        return "LDPC" if self.ldpc else None


def number(bits) -> int:
    """Return the number of bits that begin with the lowest."""
    return int(np.asarray(bits, int) @ (1 << np.arange(len(bits))))


def read_legacy(bits) -> LegacySignal | None:
    """Return what the 24 bits of L-SIG say, None where they cannot be one.

    Parity alone lets half of the wrong ones through: rate, reserved bit, tail and
    length must be possible too.
    """
    bits = np.asarray(bits)
    rate = LEGACY_RATES.get("".join(map(str, bits[:4])))
    length = number(bits[5:17])
    even = bits[:18].sum() % 2 == 0
    if rate is None or bits[4] or bits[18:].any() or not even:
        return None
    if not _LEAST_BYTES <= length <= _MOST_BYTES:
        return None
    return LegacySignal(rate, length)


def read_ht(bits) -> HtSignal | None:
    """Return what the 48 bits of HT-SIG say, None where they cannot be one."""
    bits = np.asarray(bits, np.uint8)
    ones = np.r_[np.ones(8, np.uint8), np.zeros(26, np.uint8)]
    parity = 1 - crc_bits(bits[:34] ^ ones, "CRC8-HT")
    if (parity != bits[34:42]).any() or bits[42:].any() or not bits[26]:
        return None
    return HtSignal(
        mcs=number(bits[:7]),
        wide=bool(bits[7]),
        length=number(bits[8:24]),
        aggregated=bool(bits[27]),
        stbc=number(bits[28:30]),
        ldpc=bool(bits[30]),
        short_guard=bool(bits[31]),
        num_extension=number(bits[32:34]),
    )
