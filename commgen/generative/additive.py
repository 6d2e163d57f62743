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


def pack_hermitian(matrix: np.ndarray) -> np.ndarray:
    """Return the lower half of [size, size], complex, as as many real numbers.

    The real part lies where it was, the imaginary one on the other side of the
    diagonal: half of what a Hermitian matrix would take as it is.
    """
    return np.tril(matrix.real) + np.triu(matrix.imag.T, 1)


def unpack_hermitian(packed: np.ndarray) -> np.ndarray:
    """Undo :func:`pack_hermitian`."""
    packed = np.asarray(packed)
    lower = np.tril(packed, -1) + 1j * np.triu(packed, 1).T
    return lower + lower.conj().T + np.diag(np.diag(packed))


def named_under(prefix: str, total: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return what has a name that begins with ``prefix``, under the rest of it."""
    return {
        name.removeprefix(prefix): value
        for name, value in total.items()
        if name.startswith(prefix)
    }
