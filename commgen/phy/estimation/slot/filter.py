"""Posterior of a mixture over a slot, given pilots anywhere in it."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.frame.slot_mixture import GridMixture
from commgen.frame.slot_observation import LEAST_NOISE, SlotObservation


class SlotFilter:
    r"""MMSE estimate of a whole slot from pilots in white noise, under a mixture.

    The formulas are those of :class:`~commgen.frame.slot_observation.SlotObservation`.

    Parameters
    ----------
    mixture, positions, factors
        As in :meth:`~commgen.frame.slot_observation.SlotObservation.of`.
    """

    def __init__(self, mixture: GridMixture, positions, factors=None):
        observed = SlotObservation.of(mixture, positions, factors)
        self._has_line = observed.has_line
        self._grid = _Grid(mixture)
        K, S, size, rank = observed.spread.shape
        self.num_streams = S
        self._sizes = (K, S, size, rank)
        self._floor = np.float32(mixture.floor)
        self._projection = _pairs(observed.projection.conj())
        flat = observed.vectors.conj().transpose(1, 0, 2).reshape(-1, K * rank)
        self._vectors = _pairs(flat)
        self._s = tf.constant(observed.singular, tf.float32)
        spread = observed.spread.transpose(0, 3, 1, 2).reshape(K, rank, S * size)
        self._spread = tf.stack([_pairs(matrix) for matrix in spread])
        self._line = tf.constant(observed.line, tf.complex64)
        self._specular = tf.constant(observed.specular, tf.complex64)
        self._prior_var = tf.constant(observed.prior_power, tf.float32)
        self._gone = tf.constant(observed.gone.reshape(S, K * rank, -1), tf.float32)

    def project(self, y):
        """Return z, [..., num_components, rank], of pilots y : [..., num_pilots]."""
        K, _, _, rank = self._sizes
        z = _times(_times(y, self._projection), self._vectors)
        return tf.reshape(z, tf.concat([tf.shape(z)[:-1], [K, rank]], 0))

    def log_likelihood(self, z, no):
        """Return log p(y | k) but for what is common to all k.

        Parameters
        ----------
        z : [batch, num_rx, num_rx_ant, num_components, rank], complex
            As :meth:`project` gives it.
        no : [batch or 1, num_rx or 1], float
            Noise variance.

        Returns
        -------
        [batch, num_rx, num_components], float
            Sum over the antennas.
        """
        v = tf.maximum(self._noise(no), LEAST_NOISE)
        s2 = self._s**2
        fit = tf.abs(z) ** 2 * (s2 / (v * (s2 + v))) - tf.math.log1p(s2 / v)
        log_p = tf.reduce_sum(fit, -1)
        if self._has_line:
            kappa, _ = self._phase(z, v)
            shift = tf.reduce_sum(tf.abs(self._line) ** 2 / (s2 + v), -1)
            log_p += tf.math.log(tf.math.bessel_i0e(kappa)) + kappa - shift
        return tf.reduce_sum(log_p, axis=2)

    def estimate(self, z, p, no):
        """Return the posterior mean and variance on the whole slot.

        Parameters
        ----------
        z, no
            As in :meth:`log_likelihood`.
        p : [batch, num_rx, num_components], float
            Probability of each component.

        Returns
        -------
        h_hat : [batch, num_rx, num_rx_ant, num_streams, T, F], complex
        err_var : the same shape, float
        """
        K, S, size, _ = self._sizes
        v = self._noise(no)
        gain = self._s / (self._s**2 + v)
        p = p[:, :, None]
        parts, phase_var = self._component_means(z, gain, v)
        weight = tf.cast(tf.expand_dims(p, -1), parts.dtype)
        mean = tf.reduce_sum(weight * parts, axis=3)
        spread = tf.sqrt(weight)
        rows = spread * (parts - mean[:, :, :, None])
        if phase_var is not None:
            rows = tf.concat([rows, spread * phase_var], axis=3)
        shape = tf.concat([tf.shape(z)[:3], [S, size]], 0)
        h_hat = self._grid.apply(tf.reshape(mean, shape))
        left = self._component_variance(p[:, :, 0], gain)[:, :, None]
        if K == 1 and phase_var is None:
            return h_hat, left + 0 * tf.math.real(h_hat)
        split = tf.concat([tf.shape(rows)[:4], [S, size]], 0)
        rows = tf.transpose(tf.reshape(rows, split), [0, 1, 2, 4, 3, 5])
        return h_hat, left + self._grid.diagonal(rows)

    def _noise(self, no):
        return tf.cast(no, tf.float32)[:, :, None, None, None] + self._floor

    def _phase(self, z, v):
        """Return kappa and E[exp(j phi)], [b, rx, ant, K]."""
        t = tf.reduce_sum(
            tf.math.conj(self._line) * z / tf.cast(self._s**2 + v, z.dtype), -1
        )
        size = tf.abs(t)
        kappa = 2 * size
        ratio = tf.math.bessel_i1e(kappa) / tf.math.bessel_i0e(kappa)
        return kappa, t * tf.cast(tf.math.divide_no_nan(ratio, size), t.dtype)

    def _component_means(self, z, gain, v):
        """Return E[c | y, k], [b, rx, ant, K, S * size], and what phases leave open."""
        if not self._has_line:
            return self._spread_each(tf.cast(gain, z.dtype) * z), None
        _, rho = self._phase(z, v)
        rho = tf.expand_dims(rho, -1)
        z = z - rho * self._line
        mean = self._spread_each(tf.cast(gain, z.dtype) * z) + rho * self._specular
        open_ = self._specular - self._spread_each(tf.cast(gain, z.dtype) * self._line)
        left = tf.sqrt(tf.maximum(1 - tf.abs(rho) ** 2, 0))
        return mean, tf.cast(left, z.dtype) * open_

    def _spread_each(self, x):
        """Multiply [.., K, rank] by each component's own [rank, S * size]."""
        K, S, size, rank = self._sizes
        lead = tf.shape(x)[:-2]
        pairs = tf.reshape(tf.bitcast(x, tf.float32), [-1, K, 2 * rank])
        out = tf.transpose(pairs, [1, 0, 2]) @ self._spread
        out = tf.reshape(tf.transpose(out, [1, 0, 2]), [-1, K, S * size, 2])
        return tf.reshape(
            tf.bitcast(out, tf.complex64), tf.concat([lead, [K, S * size]], 0)
        )

    def _component_variance(self, p, gain):
        """Return sum_k p_k Var[h | y, k] for known phases, [b, rx, S, T, F]."""
        K, S, _, rank = self._sizes
        seen = tf.expand_dims(p, -1) * tf.squeeze(self._s * gain, 2)
        lead = tf.shape(seen)[:2]
        seen = tf.reshape(seen, [-1, K * rank])
        prior = tf.reshape(p, [-1, K]) @ self._prior_var
        left = [prior - seen @ self._gone[s] for s in range(S)]
        left = tf.maximum(tf.stack(left, axis=1), 0) + self._floor
        return tf.reshape(left, tf.concat([lead, [S], self._grid.shape], 0))


class _Grid:
    """From coefficients to the slot."""

    def __init__(self, mixture: GridMixture):
        B_t, B_f = mixture.time, mixture.frequency
        self.shape = (len(B_t), len(B_f))
        self._matrices = (B_t, B_f)
        self._time, self._frequency = _pairs(B_t.T), _pairs(B_f.T)
        squares = [_pairs(_outer_rows(B)) for B in (B_t, B_f)]
        self._time2, self._frequency2 = squares

    def apply(self, c):
        """Return B c, [..., T, F], of c : [..., size]."""
        B_t, B_f = self._matrices
        lead = tf.shape(c)[:-1]
        c = tf.reshape(c, tf.concat([lead, [B_t.shape[1], B_f.shape[1]]], 0))
        h = tf.linalg.matrix_transpose(_times(c, self._frequency))
        return tf.linalg.matrix_transpose(_times(h, self._time))

    def diagonal(self, rows):
        """Return sum_n |B row_n|^2, [..., T, F], of rows : [..., n, size]."""
        size_t, size_f = (B.shape[1] for B in self._matrices)
        size = size_t * size_f
        lead, n = tf.shape(rows)[:-2], tf.shape(rows)[-2]
        pairs = tf.reshape(tf.bitcast(rows, tf.float32), tf.stack([-1, n, 2 * size]))
        G = tf.matmul(pairs, pairs, transpose_a=True)
        G = tf.reshape(G, [-1, size, 2, size, 2])
        re = G[:, :, 0, :, 0] + G[:, :, 1, :, 1]
        im = G[:, :, 1, :, 0] - G[:, :, 0, :, 1]
        outer = tf.reshape(tf.complex(re, im), [-1, size_t, size_f, size_t, size_f])
        outer = tf.transpose(outer, [0, 1, 3, 2, 4])
        outer = tf.reshape(outer, [-1, size_t**2, size_f**2])
        over_f = tf.linalg.matrix_transpose(_times(outer, self._frequency2))
        power = tf.linalg.matrix_transpose(tf.math.real(_times(over_f, self._time2)))
        return tf.reshape(tf.maximum(power, 0), tf.concat([lead, self.shape], 0))


def _outer_rows(B):
    """Return [size * size, n]: entry (a b, f) is B_fa conj(B_fb)."""
    return (B[:, :, None] * B[:, None, :].conj()).reshape(len(B), -1).T


def _pairs(matrix) -> Any:
    """Write a complex [n, m] as a real [2 n, 2 m] that multiplies (re, im) pairs."""
    re, im = np.real(matrix), np.imag(matrix)
    rows = [np.stack([re, im], axis=-1), np.stack([-im, re], axis=-1)]
    n, m = re.shape
    pairs = np.stack(rows, axis=1).reshape(2 * n, 2 * m)
    return tf.constant(pairs, tf.float32)


def _times(x, pairs):
    """Multiply complex [..., n] by a matrix written as :func:`_pairs`."""
    flat = tf.reshape(tf.bitcast(x, tf.float32), [-1, pairs.shape[0]])
    shape = tf.concat([tf.shape(x)[:-1], [pairs.shape[1] // 2, 2]], 0)
    return tf.bitcast(tf.reshape(flat @ pairs, shape), tf.complex64)
