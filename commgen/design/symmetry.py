"""Constellations that are one: turned, mirrored, or with bits of labels changed.

The GMI in white noise is the same after a rotation, a reflection, another order of the
bits, or some of them inverted.
"""

from functools import cache
from itertools import permutations

import numpy as np
from scipy.linalg import hadamard

# Orders of bits in one go, of 40,320 for eight.
_CHUNK = 2048


def aligned(x: np.ndarray, reference: np.ndarray) -> np.ndarray:
    r"""Return a constellation turned, mirrored and relabelled to be near another.

    The best inversion of bits is found for all at once: a sum over labels i of
    :math:`r_i^* x_{i \oplus m}` is a dyadic correlation, a product of Walsh-Hadamard
    transforms. The best rotation is the phase of that sum.

    Parameters
    ----------
    x, reference : [2**num_bits_per_symbol], complex128
        Points of unit mean power, all equally likely, in the order of their labels.

    Returns
    -------
    [2**num_bits_per_symbol], complex128
        Of all that are the same constellation the nearest one.
    """
    size = len(x)
    transform = hadamard(size)
    orders = _orders(size.bit_length() - 1)
    wanted = transform @ np.conj(reference)
    best = (-1.0, None, 0, 0)
    for mirrored in (x, np.conj(x)):
        spectrum = transform @ mirrored
        for first in range(0, len(orders), _CHUNK):
            sums = (spectrum[orders[first : first + _CHUNK]] * wanted) @ transform
            p, m = np.unravel_index(np.abs(sums).argmax(), sums.shape)
            if abs(sums[p, m]) > best[0]:
                best = (abs(sums[p, m]), mirrored, first + p, m)
    _, mirrored, p, m = best
    moved = np.asarray(mirrored)[orders[p]][np.arange(size) ^ m]
    return moved * np.exp(-1j * np.angle(np.vdot(reference, moved)))


def apart(x: np.ndarray, y: np.ndarray) -> float:
    """Root mean square distance of two constellations, after :func:`aligned`.

    Parameters
    ----------
    x, y : [2**num_bits_per_symbol], complex128
        As of :func:`aligned`.

    Returns
    -------
    float
        0 where they are the same; the square root of 2 where they have nothing in
        common.
    """
    return float(np.sqrt(np.mean(np.abs(aligned(x, y) - y) ** 2)))


@cache
def _orders(num_bits: int) -> np.ndarray:
    """Return where each label goes under each order of its bits, [orders, labels]."""
    labels = np.arange(2**num_bits)
    bits = labels[:, None] >> np.arange(num_bits) & 1
    places = np.array(list(permutations(range(num_bits))))
    return (1 << places) @ bits.T
