r"""LMMSE filters of Toeplitz covariances that spectra make, in real numbers.

The coordinates are those of :mod:`commgen.generative.learned_filter.toeplitz_filter`,
in which a covariance :math:`R = B\,\mathrm{diag}(s)\,B^\mathsf{T} / G` is real, with
the G columns of B from ``real_steering``.
"""

import numpy as np

from commgen.generative._untyped import tf
from commgen.generative.learned_filter.toeplitz_filter import (
    outer_products,
    real_steering,
)


class LineFilter:
    r"""Estimates h ~ CN(0, R) in noise of unit variance, R being told by a spectrum.

    From :math:`\hat h = y - S^{-1} y` with :math:`S = R + I` follows
    :math:`d\hat h = S^{-1}\,dR\,S^{-1} y`, so that the derivative by the spectrum takes
    one more solution of the same system, and no derivative of a factorisation.

    Parameters
    ----------
    size
        Entries of a channel.
    num_points
        Points of a spectrum.
    """

    def __init__(self, size: int, num_points: int):
        self.size, self.num_points = size, num_points
        vectors = real_steering(size, num_points).astype(np.float32)
        self._vectors = tf.constant(vectors)
        self._products = tf.constant(outer_products(size, num_points))
        self._eye = tf.constant(np.eye(size, dtype=np.float32))

    def periodogram(self, x):
        """Return the power at each point, [batch, num_points]; unit noise gives ones.

        Parameters
        ----------
        x : [batch, size, 2], float
            Real and imaginary part in real coordinates.
        """
        return tf.reduce_sum(self._analysis(x) ** 2, axis=1) / self.size

    def estimate(self, y, spectrum):
        """Return the posterior mean, with derivatives by ``y`` and ``spectrum``.

        Parameters
        ----------
        y : [batch, size, 2], float32
        spectrum : [batch, num_points], float32
            Spectral density in units of the noise, at least 0.

        Returns
        -------
        h_hat : [batch, size, 2], float32
        """

        @tf.custom_gradient
        def apply(y, spectrum):
            factor = self._factor(spectrum)
            z = tf.linalg.cholesky_solve(factor, y)

            def gradient(d):
                w = tf.linalg.cholesky_solve(factor, d)
                products = self._analysis(w) * self._analysis(z)
                return d - w, tf.reduce_sum(products, axis=1) / self.num_points

            return y - z, gradient

        return apply(y, spectrum)

    def variance(self, spectrum):
        """Return the posterior variance of each antenna, [batch, size]."""
        factor = self._factor(spectrum)
        eye = tf.broadcast_to(self._eye, tf.shape(factor))
        inverse = tf.linalg.triangular_solve(factor, eye)
        variance = 1.0 - tf.reduce_sum(inverse**2, axis=1)
        # An antenna's is the mean over the two coordinates that it shares.
        return (variance + tf.reverse(variance, [1])) / 2

    def deviation(self, noise, spectrum):
        """Colour white noise as the error of :meth:`estimate`, exactly.

        Parameters
        ----------
        noise : [batch, num_points + size, 2], float
            Of unit variance in each complex entry.
        spectrum : [batch, num_points], float

        Returns
        -------
        [batch, size, 2], float
            A channel of this spectrum less its estimate.
        """
        waves, noise = noise[:, : self.num_points], noise[:, self.num_points :]
        waves = waves * tf.sqrt(spectrum / self.num_points)[..., None]
        flat = tf.reshape(tf.transpose(waves, (0, 2, 1)), (-1, self.num_points))
        h = tf.reshape(flat @ tf.transpose(self._vectors), (-1, 2, self.size))
        y = tf.transpose(h, (0, 2, 1)) + noise
        return tf.linalg.cholesky_solve(self._factor(spectrum), y) - noise

    def _analysis(self, x):
        flat = tf.reshape(tf.transpose(x, (0, 2, 1)), (-1, self.size))
        return tf.reshape(flat @ self._vectors, (-1, 2, self.num_points))

    def _factor(self, spectrum):
        R = tf.reshape(spectrum @ self._products, (-1, self.size, self.size))
        return tf.linalg.cholesky(R + self._eye)
