"""Square QAM with the labels of TS 38.211, as points and as one axis at a time."""

import numpy as np

_BITS_PER_SYMBOL = (2, 4, 6, 8)


def pam_labels(num_bits_per_symbol: int) -> tuple[np.ndarray, np.ndarray]:
    """Amplitudes of one axis of QAM and the bits that choose between them.

    Parameters
    ----------
    num_bits_per_symbol
        2, 4, 6 or 8: bits of the QAM symbol.

    Returns
    -------
    amplitudes : [2**(num_bits_per_symbol / 2 - 1)], float64
        Above zero; the first bit of the axis is 0 for the positive sign. The QAM has
        unit mean power.
    labels : [len(amplitudes), num_bits_per_symbol / 2 - 1], int
        The other bits of the axis.

    Examples
    --------
    >>> amplitudes, labels = pam_labels(4)
    >>> (amplitudes * 10**0.5).round(6).tolist(), labels.tolist()
    ([1.0, 3.0], [[0], [1]])
    """
    if num_bits_per_symbol not in _BITS_PER_SYMBOL:
        raise ValueError(
            f"num_bits_per_symbol must be one of {_BITS_PER_SYMBOL}, the square QAM of "
            f"TS 38.211 5.1.3 to 5.1.6, got {num_bits_per_symbol!r}."
        )
    num_labels = num_bits_per_symbol // 2 - 1
    labels = np.indices((2,) * num_labels).reshape(num_labels, 2**num_labels).T
    amplitudes = np.ones(len(labels))
    for i in range(num_labels):  # from the last bit to the first
        sign = 1 - 2 * labels[:, num_labels - 1 - i]
        amplitudes = 2.0 ** (i + 1) - sign * amplitudes
    power = 2 * (2**num_bits_per_symbol - 1) / 3
    return amplitudes / power**0.5, labels


def qam_points(num_bits_per_symbol: int) -> np.ndarray:
    """Points of the QAM that :func:`demap` is for, in the order of their labels.

    Parameters
    ----------
    num_bits_per_symbol
        2, 4, 6 or 8.

    Returns
    -------
    points : [2**num_bits_per_symbol], complex64
        Of unit mean power; the first bit of a label is the most significant one.

    Examples
    --------
    >>> (qam_points(2) * 2**0.5).round(3).tolist()
    [(1+1j), (1-1j), (-1+1j), (-1-1j)]
    """
    amplitudes, _ = pam_labels(num_bits_per_symbol)
    half = num_bits_per_symbol // 2
    label = np.arange(2**num_bits_per_symbol)
    bits = (label[:, None] >> np.arange(num_bits_per_symbol)[::-1]) & 1
    weights = 2 ** np.arange(half - 1)[::-1]
    axes = [
        (1 - 2 * bits[:, i]) * amplitudes[bits[:, i + 2 :: 2] @ weights] for i in (0, 1)
    ]
    return (axes[0] + 1j * axes[1]).astype(np.complex64)
