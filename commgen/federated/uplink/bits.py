"""Whole numbers in few bits: fixed width, and rising sequences by Elias and Fano."""

import numpy as np


def pack_bits(values, width: int) -> np.ndarray:
    """Return whole numbers in ``width`` bits each, the most significant first.

    Parameters
    ----------
    values : [n], unsigned integers
        All below 2^width.
    width
        0 to 32; 0 takes no room.

    Returns
    -------
    [ceil(n * width / 8)], uint8
    """
    values = np.asarray(values, np.uint32)
    shifts = np.arange(width - 1, -1, -1, dtype=np.uint32)
    return np.packbits((values[:, None] >> shifts).astype(np.uint8) & 1)


def unpack_bits(buffer, width: int, count: int) -> np.ndarray:
    """Return the ``count`` numbers, uint32, that :func:`pack_bits` packed."""
    bits = np.unpackbits(buffer, count=count * width).reshape(count, width)
    weights = 1 << np.arange(width - 1, -1, -1, dtype=np.uint32)
    return (bits * weights).sum(axis=1, dtype=np.uint32)


def packed_bytes(width: int, count: int) -> int:
    """Return the bytes that ``count`` numbers of ``width`` bits take."""
    return -(-count * width // 8)


def low_width(count: int, size: int) -> int:
    """Return the bits of a position that are sent as they are: floor(log2(n / k))."""
    return max(size // max(count, 1), 1).bit_length() - 1


def pack_positions(positions, size: int) -> np.ndarray:
    r"""Return rising positions below ``size`` in at most 2 + log2(n / k) bits each.

    The low bits are sent as they are; the high ones as gaps in unary, as many zeros
    and a one (Elias, J. ACM 21, 1974; Fano, MIT Project MAC memorandum 61, 1971). The
    least possible, of random positions, is about 1.44 + log2(n / k).

    Parameters
    ----------
    positions : [k], integers
        Strictly rising.
    size
        Positions that there are.
    """
    positions = np.asarray(positions, np.int64)
    width = low_width(len(positions), size)
    low = pack_bits(positions & ((1 << width) - 1), width)
    unary = np.zeros(_unary_bits(len(positions), size, width), np.uint8)
    unary[(positions >> width) + np.arange(len(positions))] = 1
    return np.concatenate([low, np.packbits(unary)])


def positions_bytes(count: int, size: int) -> int:
    """Return the bytes of :func:`pack_positions`, for so many of them."""
    width = low_width(count, size)
    return packed_bytes(width, count) + packed_bytes(1, _unary_bits(count, size, width))


def unpack_positions(buffer, count: int, size: int) -> np.ndarray:
    """Return the positions that :func:`pack_positions` packed.

    Raises
    ------
    ValueError
        If the buffer does not hold ``count`` rising positions below ``size``.
    """
    width = low_width(count, size)
    split = packed_bytes(width, count)
    low = unpack_bits(buffer[:split], width, count)
    unary = np.unpackbits(buffer[split:], count=_unary_bits(count, size, width))
    ends = np.flatnonzero(unary)
    if len(ends) != count:
        raise ValueError(f"positions must be {count}, got {len(ends)}.")
    positions = ((ends - np.arange(count)) << width) | low.astype(np.int64)
    if count and (positions[-1] >= size or (np.diff(positions) <= 0).any()):
        raise ValueError(f"positions must rise below {size}, got others.")
    return positions


def _unary_bits(count: int, size: int, width: int) -> int:
    return count + ((size - 1) >> width) + 1 if count else 0
