"""Sums over channels that can be added over sets of channels, and what they tell."""

from collections.abc import Mapping

import numpy as np


def mean(total: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return a sum divided by its ``"count"``, in the precision of the sum.

    Parameters
    ----------
    total
        Name to sum, ``"count"`` among them.
    name
        Which one.
    """
    value = np.asarray(total[name])
    return value / np.asarray(total["count"]).astype(value.dtype)


def to_pairs(matrix: np.ndarray) -> np.ndarray:
    """Return complex [...] as real [..., 2], as arrays travel."""
    return np.stack([matrix.real, matrix.imag], axis=-1)


def from_pairs(pairs: np.ndarray) -> np.ndarray:
    """Undo :func:`to_pairs`."""
    pairs = np.ascontiguousarray(pairs)
    kind = np.complex64 if pairs.dtype == np.float32 else np.complex128
    return pairs.astype(np.zeros(1, kind).real.dtype).view(kind)[..., 0]


def named_under(prefix: str, total: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what has a name that begins with ``prefix``, under the rest of it."""
    return {
        name.removeprefix(prefix): value
        for name, value in total.items()
        if name.startswith(prefix)
    }
