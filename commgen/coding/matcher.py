"""What matchers of bits to amplitudes share: checks, and the entropy of levels."""

from typing import Any, Literal, NamedTuple

import numpy as np

#: All sequences of bounded energy, or all of one histogram.
MatcherKind = Literal["sphere", "composition"]


class MatcherSize(NamedTuple):
    """What decides whether a matcher fits a code, without the matcher.

    Parameters
    ----------
    num_levels
        Amplitudes of an axis.
    length, num_bits
        Amplitudes and bits of a sequence.
    """

    num_levels: int
    length: int
    num_bits: int


def check_bits_of(bits: Any, num_bits: int) -> np.ndarray:
    """Return ``bits`` as uint8 [n, num_bits], or raise ValueError.

    Parameters
    ----------
    bits : [n, num_bits], int
        Zeros and ones.
    num_bits
        Of a sequence.
    """
    bits = np.asarray(bits)
    if bits.ndim != 2 or bits.shape[1] != num_bits or bits.dtype.kind not in "biu":
        raise ValueError(
            f"bits must be [n, {num_bits}] whole numbers, got {bits.shape} of dtype "
            f"{bits.dtype}."
        )
    if bits.size and (bits.min() < 0 or bits.max() > 1):
        raise ValueError(f"bits must be 0 or 1, got {bits.min()} to {bits.max()}.")
    return bits.astype(np.uint8)


def check_amplitudes_of(levels: Any, length: int, num_levels: int) -> np.ndarray:
    """Return numbers of amplitudes as int64 [n, length], or raise ValueError.

    Parameters
    ----------
    levels : [n, length], int
        In 0..num_levels - 1.
    length, num_levels
        Of the matcher.
    """
    levels = np.asarray(levels)
    if levels.ndim != 2 or levels.shape[1] != length or levels.dtype.kind not in "iu":
        raise ValueError(
            f"levels must be [n, {length}] whole numbers, got {levels.shape} of dtype "
            f"{levels.dtype}."
        )
    if levels.size and (levels.min() < 0 or levels.max() >= num_levels):
        raise ValueError(
            f"levels must be in 0..{num_levels - 1}, got {levels.min()} to "
            f"{levels.max()}."
        )
    return levels.astype(np.int64)


def entropy(p: np.ndarray) -> float:
    """Return the entropy of probabilities [bit]; those of zero add nothing."""
    p = p[p > 0]
    return float(-p @ np.log2(p))
