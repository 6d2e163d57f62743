r"""Covariances that are Toeplitz along each axis of an event, from positive spectra.

.. math:: R = \sum_j c_j\,f_j f_j^\mathsf{H}, \quad c_j \ge 0

with :math:`f_j` the first N entries of the discrete Fourier vectors of 2 N points along
each axis, of unit norm. R is block-Toeplitz exactly, and positive definite where c is.
"""

import numpy as np


def lag_table(event_shape: tuple[int, ...]) -> np.ndarray:
    """Return, for each pair of entries, where their lag is on the extended grid.

    Parameters
    ----------
    event_shape
        Shape of one channel.

    Returns
    -------
    [size, size], int
        Index into the flattened grid of shape 2 ``event_shape``.
    """
    table: np.ndarray = np.zeros((1, 1), int)
    for n in event_shape:
        lag = (np.arange(n)[:, None] - np.arange(n)) % (2 * n)
        table = np.kron(table, np.ones((n, n), int)) * (2 * n) + np.tile(
            lag, (len(table), len(table))
        )
    return table


def toeplitz_matrix(spectrum, lags, event_shape) -> np.ndarray:
    """Return the covariance of a spectrum c.

    Parameters
    ----------
    spectrum : [prod(2 event_shape)], float
        Non-negative.
    lags : [size, size], int
        From :func:`lag_table`.
    event_shape
        Shape of one channel.

    Returns
    -------
    [size, size], complex128
        Hermitian, its trace the sum of the spectrum.
    """
    grid = [2 * n for n in event_shape]
    correlation = np.fft.fftn(np.reshape(spectrum, grid), norm="forward")
    correlation = correlation.conj().ravel() * (len(correlation.ravel()) / len(lags))
    return correlation[lags]


def atom_powers(B, lags, event_shape) -> np.ndarray:
    """Return f_j^H B f_j of each atom, [prod(2 event_shape)], for a Hermitian B."""
    grid = [2 * n for n in event_shape]
    flat, points = lags.ravel(), int(np.prod(grid))
    sums = np.bincount(flat, B.real.ravel(), points) + 1j * np.bincount(
        flat, B.imag.ravel(), points
    )
    return np.fft.fftn(sums.reshape(grid)).real.ravel() / len(B)


def toeplitz_step(spectrum, S, lags, event_shape, *, noise=0.0, floor=0.0):
    r"""Raise the likelihood of a spectrum given a sample covariance S.

    .. math:: c_j \leftarrow c_j \sqrt{
        \frac{f_j^\mathsf{H} R^{-1} S R^{-1} f_j}{f_j^\mathsf{H} R^{-1} f_j}}

    This minimises a bound of :math:`\log\det R + \mathrm{tr}(R^{-1} S)` that touches it
    at the present c, so that the likelihood never falls (Sun, Babu and Palomar, *Robust
    Estimation of Structured Covariance Matrix for Heavy-Tailed Elliptical
    Distributions*, IEEE Trans. Signal Process. 64 (2016), sec. V).

    Parameters
    ----------
    spectrum : [prod(2 event_shape)], float
        Positive.
    S : [size, size], complex
        Sample covariance.
    lags, event_shape
        As in :func:`toeplitz_matrix`.
    noise
        Variance within S that is no part of the spectrum.
    floor
        Least entry of the new spectrum.

    Returns
    -------
    [prod(2 event_shape)], float
    """
    R = toeplitz_matrix(spectrum, lags, event_shape)
    inverse = np.linalg.inv(R + noise * np.eye(len(R)))
    inverse = (inverse + inverse.conj().T) / 2
    have = atom_powers(inverse @ S @ inverse, lags, event_shape)
    want = atom_powers(inverse, lags, event_shape)
    ratio = np.maximum(have, 0) / np.maximum(want, np.finfo(float).tiny)
    return np.maximum(spectrum * np.sqrt(ratio), floor)
