r"""LMMSE filters of covariances that are Toeplitz along two axes, in real numbers.

A Hermitian Toeplitz matrix C is centro-Hermitian, so that a fixed unitary Q makes
:math:`Q^\mathsf{H} C Q` real (Lee, *Centrohermitian and skew-centrohermitian matrices*,
Linear Algebra Appl. 29 (1980), theorem 1). All that follows works in these
coordinates, where eigenvectors are real.
"""

import numpy as np

from commgen.generative._untyped import tf


def real_coordinates(n: int) -> np.ndarray:
    r"""Return the unitary Q whose :math:`Q^\mathsf{H} C Q` is real, [n, n], complex128.

    Its columns are pairs of entries that mirror each other: their sum, and their
    difference times j; in the middle of an odd n one entry alone.
    """
    half = n // 2
    Q = np.zeros((n, n), complex)
    i = np.arange(half)
    Q[i, i], Q[n - 1 - i, i] = 1, 1
    Q[i, n - 1 - i], Q[n - 1 - i, n - 1 - i] = 1j, -1j
    Q /= np.sqrt(2)
    if n % 2:
        Q[half, half] = 1
    return Q


def real_steering(n: int, num_points: int, window: np.ndarray | None = None):
    """Return Fourier vectors in real coordinates, [n, num_points], float64.

    Parameters
    ----------
    n
        Entries of a vector.
    num_points
        Frequencies k / num_points, k = 0 ... num_points - 1; each vector is centred in
        phase, with entries of unit modulus before the window.
    window : [n], float, or None
        Symmetric taper that multiplies each vector; none where None.
    """
    position = np.arange(n) - (n - 1) / 2
    phase = 2 * np.pi * position[:, None] * np.arange(num_points) / num_points
    vectors = np.exp(1j * phase)
    if window is not None:
        vectors = vectors * window[:, None]
    return (real_coordinates(n).conj().T @ vectors).real


def outer_products(n: int, num_points: int) -> np.ndarray:
    """Return the map of a spectrum to its Toeplitz covariance, in real coordinates.

    Returns
    -------
    [num_points, n * n], float32
        Row k is the outer product of vector k of :func:`real_steering`, over
        ``num_points``: a spectrum of ones is white and of unit power.
    """
    D = real_steering(n, num_points)
    products = D.T[:, :, None] * D.T[:, None, :] / num_points
    return products.reshape(num_points, n * n).astype(np.float32)


@tf.custom_gradient
def separable_filter(y, R_a, R_b):
    r"""Estimate h ~ CN(0, :math:`R_a \otimes R_b`) in noise of unit variance.

    With :math:`R_a = U \Lambda U^\mathsf{T}` and :math:`R_b = V M V^\mathsf{T}` the
    estimate is :math:`\hat h_c = V (G \circ V^\mathsf{T} y_c U) U^\mathsf{T}`, where
    :math:`G_{jk} = \mu_j \lambda_k / (\mu_j \lambda_k + 1)`. Its derivative by the
    covariances needs no eigenvectors': from :math:`\hat h = y - (R + I)^{-1} y` follows
    :math:`d\hat h = (R + I)^{-1}\,dR\,(R + I)^{-1} y`, which holds where eigenvalues
    meet too. The variance carries no derivative.

    Parameters
    ----------
    y : [batch, 2, n_b, n_a], float32
        Real and imaginary part in real coordinates.
    R_a : [batch, n_a, n_a], float32
    R_b : [batch, n_b, n_b], float32
        Symmetric, positive semidefinite, in units of the noise.

    Returns
    -------
    h_hat : [batch, 2, n_b, n_a], float32
    variance : [batch, n_b, n_a], float32
        Posterior variance of each entry of the channel, in its own coordinates.
    """
    lam, U = tf.linalg.eigh(R_a)
    mu, V = tf.linalg.eigh(R_b)
    lam, mu = tf.maximum(lam, 0.0), tf.maximum(mu, 0.0)
    power = mu[:, :, None] * lam[:, None, :]
    inverse = (1 / (power + 1))[:, None]
    gain = power[:, None] * inverse

    def forth(x):
        shape = tf.shape(x)
        x = tf.reshape(x, (-1, 2 * V.shape[1], U.shape[1])) @ U
        return tf.matmul(V[:, None], tf.reshape(x, shape), transpose_a=True)

    def back(x):
        x, shape = V[:, None] @ x, tf.shape(x)
        x = tf.reshape(x, (-1, 2 * V.shape[1], U.shape[1]))
        return tf.reshape(tf.matmul(x, U, transpose_b=True), shape)

    x = forth(y)
    spread = tf.matmul(_mirrored(V**2) @ gain[:, 0], _mirrored(U**2), transpose_b=True)

    def gradient(d_h, _):
        d = forth(d_h)
        z, w = x * inverse, d * inverse
        d_a = _sum_of_products(z * mu[:, None, :, None], w, transpose_a=True)
        d_b = _sum_of_products(w * lam[:, None, None, :], z, transpose_b=True)
        d_a = tf.matmul(U @ d_a, U, transpose_b=True)
        d_b = tf.matmul(V @ d_b, V, transpose_b=True)
        return back(d * gain), _symmetric(d_a), _symmetric(d_b)

    return (back(x * gain), spread), gradient


def _mirrored(squares):
    """From squares in real coordinates to those of the entries: mean of each pair."""
    return (squares + tf.reverse(squares, [1])) / 2


def _sum_of_products(a, b, **transposed):
    return tf.reduce_sum(tf.matmul(a, b, **transposed), axis=1)


def _symmetric(matrix):
    return (matrix + tf.linalg.matrix_transpose(matrix)) / 2


def separable_deviation(noise, R_a, R_b):
    """Colour white noise as the error of :func:`separable_filter`, exactly.

    Parameters
    ----------
    noise : [batch, 2, n_b, n_a], float32
        White.
    R_a, R_b
        As :func:`separable_filter`.

    Returns
    -------
    [batch, 2, n_b, n_a], float32
        In real coordinates and units of the noise.
    """
    lam, U = tf.linalg.eigh(R_a)
    mu, V = tf.linalg.eigh(R_b)
    power = tf.maximum(mu, 0.0)[:, :, None] * tf.maximum(lam, 0.0)[:, None, :]
    x = V[:, None] @ (noise * tf.sqrt(power / (power + 1))[:, None])
    shape = tf.shape(x)
    x = tf.reshape(x, (-1, 2 * V.shape[1], U.shape[1]))
    return tf.reshape(tf.matmul(x, U, transpose_b=True), shape)
