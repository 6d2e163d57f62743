"""What a decoder's LLRs say of the QAM symbols: their mean and variance."""

import numpy as np
from scipy.special import expit

from commgen.frame.constellation import Constellation
from commgen.frame.qam import pam_labels


def soft_symbols(llr, symbols: int | Constellation) -> tuple[np.ndarray, np.ndarray]:
    r"""Mean and variance of symbols with independent bits.

    .. math:: \bar{x} = \sum_c c\,p(c) \prod_i p(b_i(c)), \qquad
              v = \sum_c |c - \bar{x}|^2 p(c) \prod_i p(b_i(c))

    (Tüchler, Singer and Koetter, "Minimum mean squared error equalization using a
    priori information", IEEE Trans. Signal Process. 50(3), 2002, eq. 5, with the prior
    of shaped points), QAM one real axis at a time as in
    :func:`~commgen.phy.signal.demapper.demap`.

    Parameters
    ----------
    llr : [..., n * num_bits_per_symbol], float
        ln p(1) / p(0) of the bits, in the order of the mapper. Infinite ones are
        certain.
    symbols
        2, 4, 6 or 8 bits of QAM, or a constellation.

    Returns
    -------
    mean : [..., n], complex64
        Of the symbols, which have unit mean power.
    var : [..., n], float32
        Their variance, over both axes: 1 where all LLRs are zero (and the mean of the
        points is), 0 where all are certain.

    Raises
    ------
    ValueError
        If ``symbols`` is anything else, its bits do not divide the length, or an LLR is
        NaN.

    Examples
    --------
    >>> mean, var = soft_symbols([0.0, 0.0, np.inf, -np.inf], 2)
    >>> np.allclose(mean * 2**0.5, [0, -1 + 1j]), var.round(3).tolist()
    (True, [1.0, 0.0])
    """
    if isinstance(symbols, Constellation):
        return _points(_checked(llr, symbols.num_bits_per_symbol), symbols)
    amplitudes, labels = pam_labels(symbols)
    llr = _checked(llr, symbols)
    # Bits take turns: real axis, imaginary axis.
    llr = llr.reshape(*llr.shape[:-1], symbols // 2, 2)
    mean, var = _axis(expit(-llr), expit(llr), amplitudes.astype(np.float32), labels)
    return mean[..., 0] + 1j * mean[..., 1], var.sum(-1)


def _checked(llr, num_bits_per_symbol) -> np.ndarray:
    """Return LLRs as [..., n, num_bits_per_symbol], float32."""
    llr = np.asarray(llr, np.float32)
    if not llr.ndim or llr.shape[-1] % num_bits_per_symbol:
        raise ValueError(
            f"llr must end in a multiple of num_bits_per_symbol {num_bits_per_symbol}, "
            f"got {llr.shape}."
        )
    if np.isnan(llr).any():
        raise ValueError(
            f"llr must not be NaN, got {int(np.isnan(llr).sum())} of them."
        )
    return llr.reshape(*llr.shape[:-1], -1, num_bits_per_symbol)


def _points(llr, constellation):
    """Mean and variance over all points, of LLRs [..., n, num_bits_per_symbol]."""
    p = constellation.probabilities.astype(np.float32)
    for i, bit in enumerate(constellation.bits.T):
        p = p * expit(np.where(bit, llr[..., i, None], -llr[..., i, None]))
    p = p / np.maximum(p.sum(-1, keepdims=True), np.finfo(np.float32).tiny)
    points = constellation.points.astype(np.complex64)
    mean = p @ points
    return mean, np.sum(p * np.abs(mean[..., None] - points) ** 2, axis=-1)


def _axis(zero, one, amplitudes, labels):
    """Mean and variance of each axis from p(0) and p(1) of its bits [..., bit, 2]."""
    sizes = []
    for label in labels:
        p = np.ones(zero[..., 0, :].shape, np.float32)
        for i, bit in enumerate(label):
            p = p * (one if bit else zero)[..., 1 + i, :]
        sizes.append(p)
    # The first bit is 0 for the positive sign.
    levels = [
        (sign * a, side[..., 0, :] * p)
        for sign, side in ((1, zero), (-1, one))
        for a, p in zip(amplitudes, sizes, strict=True)
    ]
    mean = np.sum([level * p for level, p in levels], axis=0)
    # Of almost certain bits E x^2 - (E x)^2 would leave nothing but rounding.
    return mean, np.sum([p * (level - mean) ** 2 for level, p in levels], axis=0)
