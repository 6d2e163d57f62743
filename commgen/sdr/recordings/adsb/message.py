"""What a Mode S message says (ICAO Annex 10 vol. IV; RTCA DO-260B 2.2.3)."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.coding.crc import crc_bits

LONG, SHORT = 112, 56
# Downlink formats that carry the sender's address in plain text, and those whose
# parity has it on top.
PLAIN = (11, 17, 18)
ADDRESS_ON_PARITY = (0, 4, 5, 16, 20, 21)
_CALLSIGN = "#ABCDEFGHIJKLMNOPQRSTUVWXYZ##### ###############0123456789######"


@dataclass(frozen=True)
class Message:
    """One message that passed its parity.

    Parameters
    ----------
    start
        Sample at which its preamble begins.
    bits : [56] or [112], uint8
        All bits, parity included.
    address
        The aircraft, 24 bits.
    level_db
        Amplitude of its pulses, relative to full scale.
    """

    start: int
    bits: np.ndarray
    address: int
    level_db: float

    @property
    def downlink_format(self) -> int:
        """First five bits: 17 is ADS-B, 11 the all-call reply."""
        return number(self.bits[:5])

    @property
    def plain(self) -> bool:
        """Whether the parity alone proves it, without an address known before."""
        return self.downlink_format in PLAIN

    @property
    def hex(self) -> str:
        """The bytes, as other tools print them."""
        return np.packbits(self.bits).tobytes().hex()


def number(bits) -> int:
    """Return the number that bits write, the highest first; 0 for none."""
    return int("".join(map(str, np.asarray(bits).tolist())) or "0", 2)


def length_of(downlink_format) -> np.ndarray:
    """Bits of a message of each format, an array of them: 112 from 16 on."""
    return np.where(np.asarray(downlink_format) >= 16, LONG, SHORT)


def overlays(bits) -> np.ndarray:
    """Return what lies on the parity of messages, [n, num_bits] -> [n], int.

    Zero in DF 17 and 18, the interrogator's code in DF 11, else the address
    (Annex 10 vol. IV 3.1.2.3.3.2).
    """
    found = crc_bits(bits[:, :-24], "CRC24-MODE-S") ^ bits[:, -24:]
    return found @ (1 << np.arange(23, -1, -1))


def told(message: Message) -> dict[str, Any]:
    """Return the fields of an extended squitter: callsign, altitude, velocity.

    Empty where the format has none of these, or says that it does not know.
    """
    if message.downlink_format not in (17, 18):
        return {}
    me = message.bits[32:88]
    code = number(me[:5])
    if 1 <= code <= 4:
        return {"callsign": _callsign(me)}
    if 9 <= code <= 18:
        return _altitude(me)
    return _velocity(me) if code == 19 else {}


def _callsign(me) -> str:
    letters = [_CALLSIGN[number(me[k : k + 6])] for k in range(8, 56, 6)]
    return "".join(letters).rstrip(" #")


def _altitude(me) -> dict[str, Any]:
    """Barometric altitude in steps of 25 ft; Gillham's code (Q = 0) is left out."""
    code = me[8:20]
    if not code.any() or not code[7]:
        return {}
    return {"altitude_ft": 25 * number(np.delete(code, 7)) - 1000}


def _velocity(me) -> dict[str, Any]:
    """Ground speed and track of subtypes 1 and 2, and the rate of climb."""
    subtype, east, north = number(me[5:8]), number(me[14:24]), number(me[25:35])
    found: dict[str, Any] = {}
    if subtype in (1, 2) and east and north:
        step = 4 if subtype == 2 else 1
        v = complex(north - 1, east - 1)
        v = complex(-v.real if me[24] else v.real, -v.imag if me[13] else v.imag)
        found["speed_kt"] = step * abs(v)
        found["track_deg"] = float(np.degrees(np.angle(v)) % 360)
    rate = number(me[37:46])
    if rate:
        found["climb_ft_min"] = (-64 if me[36] else 64) * (rate - 1)
    return found
