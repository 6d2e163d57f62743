"""Cyclic redundancy checks: those of TS 38.212 5.1, and two of other radios."""

from functools import lru_cache

import numpy as np

from commgen.coding.compiled import compiled

# Generator polynomials without their leading term: 5.1.
_POLYNOMIALS = {
    "CRC24A": (24, 0x864CFB),
    "CRC24B": (24, 0x800063),
    "CRC24C": (24, 0xB2B117),
    "CRC16": (16, 0x1021),
    "CRC11": (11, 0x621),
    "CRC6": (6, 0x21),
    # IEEE 802.11-2020 19.3.9.4.4 (there it starts from ones, and is inverted).
    "CRC8-HT": (8, 0x07),
    # ICAO Annex 10 vol. IV 3.1.2.3.3.
    "CRC24-MODE-S": (24, 0xFFF409),
}


def crc_length(name: str) -> int:
    """Return the number of parity bits of CRC ``name``.

    Raises
    ------
    ValueError
        If ``name`` is none of these.
    """
    return _polynomial(name)[0]


def crc_bits(bits, name: str) -> np.ndarray:
    """Parity bits of a CRC: the remainder of the shifted message polynomial.

    Parameters
    ----------
    bits : [..., num_bits], uint8
        Zeros and ones, the highest power first. An empty message has parity zero.
    name
        CRC24A, CRC24B, CRC24C, CRC16, CRC11 or CRC6; CRC8-HT (802.11), CRC24-MODE-S.

    Returns
    -------
    [..., length], uint8
        The highest power first. Appended to ``bits`` they give a message with parity
        zero.

    Raises
    ------
    ValueError
        If ``name`` is none of these.

    Examples
    --------
    >>> crc_bits(np.array([1], np.uint8), "CRC6")
    array([1, 0, 0, 0, 0, 1], dtype=uint8)
    """
    length, _ = _polynomial(name)
    bits = np.asarray(bits, np.uint8)
    flat = bits.reshape(-1, bits.shape[-1])
    # Zeros in front change nothing, so that whole bytes come out.
    pad = -flat.shape[1] % 8
    flat = np.pad(flat, ((0, 0), (pad, 0))) if pad else flat
    packed = np.packbits(flat, axis=1)
    remainder = _remainders(packed, _table(name))
    places = np.arange(31, 31 - length, -1, dtype=np.uint32)
    parity = (remainder[:, None] >> places) & np.uint32(1)
    return parity.astype(np.uint8).reshape(*bits.shape[:-1], length)


def append_crc(bits, name: str) -> np.ndarray:
    """Return ``bits`` with the parity bits of :func:`crc_bits` behind them."""
    bits = np.asarray(bits, np.uint8)
    return np.concatenate([bits, crc_bits(bits, name)], axis=-1)


def crc_passes(bits, name: str) -> np.ndarray:
    """Whether messages with their parity bits, [..., num_bits], are whole: [...]."""
    return np.logical_not(crc_bits(bits, name).any(axis=-1))


def _polynomial(name):
    if name not in _POLYNOMIALS:
        raise ValueError(
            f"name must be one of {', '.join(_POLYNOMIALS)}, got {name!r}."
        )
    return _POLYNOMIALS[name]


@lru_cache
def _table(name: str) -> np.ndarray:
    """Remainder of each byte, in the upper bits of a word: [256], uint32."""
    length, polynomial = _polynomial(name)
    polynomial <<= 32 - length
    table = np.arange(256, dtype=np.uint64) << np.uint64(24)
    for _ in range(8):
        carry = (table >> np.uint64(31)) & np.uint64(1)
        table = ((table << np.uint64(1)) & np.uint64(0xFFFFFFFF)) ^ (
            carry * np.uint64(polynomial)
        )
    return table.astype(np.uint32)


@compiled
def _remainders(packed, table):
    out = np.empty(packed.shape[0], np.uint32)
    for i in range(packed.shape[0]):
        state = np.uint32(0)
        for byte in packed[i]:
            top = np.uint32(state >> np.uint32(24)) ^ np.uint32(byte)
            state = np.uint32(state << np.uint32(8)) ^ table[top]
        out[i] = state
    return out
