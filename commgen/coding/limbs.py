"""Whole numbers of hundreds of bits as 64-bit limbs, least significant first."""

import numpy as np

from commgen.coding.compiled import compiled

_BITS = 64
_MASK = (1 << _BITS) - 1


def to_limbs(value: int, num_limbs: int) -> np.ndarray:
    """Return a non-negative number as [num_limbs], uint64.

    Raises
    ------
    OverflowError
        If it has more bits than the limbs.
    """
    if value >> (_BITS * num_limbs):
        raise OverflowError(f"value must have at most {_BITS * num_limbs} bits.")
    parts = [(value >> (_BITS * i)) & _MASK for i in range(num_limbs)]
    return np.array(parts, np.uint64)


def bits_to_limbs(bits: np.ndarray, num_limbs: int) -> np.ndarray:
    """Return rows of bits as numbers, the first bit being the most significant one.

    Parameters
    ----------
    bits : [n, k], uint8
        Zeros and ones.
    num_limbs
        At least k / 64.

    Returns
    -------
    [n, num_limbs], uint64
    """
    n, k = bits.shape
    padded = np.zeros((n, _BITS * num_limbs), np.uint8)
    padded[:, _BITS * num_limbs - k :] = bits
    # Big-endian bytes of the whole number; limbs are its words from the end.
    packed = np.packbits(padded, axis=1)[:, ::-1]
    return np.ascontiguousarray(packed).view("<u8").astype(np.uint64)


def limbs_to_bits(limbs: np.ndarray, num_bits: int) -> np.ndarray:
    """Undo :func:`bits_to_limbs`; bits above the last ``num_bits`` are left out."""
    packed = np.ascontiguousarray(limbs.astype("<u8")).view(np.uint8)[:, ::-1]
    bits = np.unpackbits(np.ascontiguousarray(packed), axis=1)
    return bits[:, bits.shape[1] - num_bits :]


@compiled
def less(a, b):
    """Whether number a is below number b, of equal limbs."""
    for i in range(len(a) - 1, -1, -1):
        if a[i] != b[i]:
            return a[i] < b[i]
    return False


@compiled
def subtract(a, b):
    """Take b from a, in place; b must not be above a."""
    borrow = np.uint64(0)
    for i in range(len(a)):
        before = a[i]
        a[i] = before - b[i] - borrow
        taken = b[i] > before or (borrow and b[i] == before)
        borrow = np.uint64(1) if taken else np.uint64(0)


@compiled
def add(a, b):
    """Add b to a, in place; the sum must fit."""
    carry = np.uint64(0)
    for i in range(len(a)):
        before = a[i]
        a[i] = before + b[i] + carry
        over = a[i] < before or (carry and a[i] == before)
        carry = np.uint64(1) if over else np.uint64(0)
