"""One axis of an LMMSE interpolation, in the basis in which its filter is diagonal."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.frame.axis import AxisBasis


class FilterAxis:
    """The basis of an axis, applied to tensors.

    Parameters
    ----------
    observed, targets
        As in :meth:`AxisBasis.of`.
    """

    def __init__(self, observed: np.ndarray, targets: list[np.ndarray]):
        basis = AxisBasis.of(observed, targets)
        self.num_seen = basis.num_seen
        self.size = len(observed)
        #: [rank], float32: s_r, zero for what is not seen
        self.singular = basis.singular.astype(np.float32)
        #: [num_targets, rank] each, float32: |K|^2
        self.powers = [power.astype(np.float32) for power in basis.powers]
        seen = slice(basis.num_seen)
        self._projection = _Matrix(basis.observed.conj())
        self._spread = [_Matrix(K[:, seen].T) for K in basis.spread]

    @property
    def seen(self) -> np.ndarray:
        """Singular values of what is seen, [num_seen], float32."""
        return self.singular[: self.num_seen]

    def project(self, y, axis: int):
        """Apply U^H to the last (-1) or last but one (-2) axis of ``y``, complex."""
        return self._projection.apply(y, axis)

    def spread(self, z, axis: int, target: int = 0):
        """Apply K to an axis of ``z``, which has only what is seen."""
        return self._spread[target].apply(z, axis)

    def gain(self, v):
        """Return s / (s^2 + v), [..., num_seen], for noise variance ``v`` [..., 1]."""
        return tf.math.divide_no_nan(self.seen + 0 * v, self.seen**2 + v)

    def explained(self, v, target: int = 0) -> tuple[Any, Any]:
        """Variance explained by, and left after, an observation with noise ``v``.

        Parameters
        ----------
        v : [..., 1], float
            Noise variance.

        Returns
        -------
        explained, left : [..., num_targets], float
            Their sum is the prior variance.
        """
        s2 = self.singular**2
        powers = tf.constant(self.powers[target].T, v.dtype)
        explained = tf.math.divide_no_nan(s2, s2 + v)
        return _product(explained, powers), _product(unexplained(s2, v), powers)


def unexplained(s2, v):
    """Share v / (s2 + v) of the prior that is left, 1 where nothing is seen."""
    total = s2 + v
    return tf.where(total > 0, tf.math.divide_no_nan(v + 0 * s2, total), 1.0)


def _product(x, matrix):
    """Multiply [..., n] by [n, m] as one product of two matrices."""
    shape = tf.concat([tf.shape(x)[:-1], [matrix.shape[1]]], 0)
    return tf.reshape(tf.reshape(x, [-1, matrix.shape[0]]) @ matrix, shape)


class _Matrix:
    """A fixed matrix [n, m] that multiplies complex tensors along an axis.

    TensorFlow multiplies real matrices several times faster than complex ones on a CPU;
    a complex number is two real ones in a row, so the product is written with those.
    """

    def __init__(self, matrix: np.ndarray):
        real, imag = np.real(matrix), np.imag(matrix)
        blocks = np.stack(
            [np.stack([real, imag], axis=-1), np.stack([-imag, real], axis=-1)], axis=1
        )  # [n, 2, m, 2]
        n, m = matrix.shape
        self._pairs = blocks.reshape(2 * n, 2 * m).astype(np.float32)
        self._real = real.T.astype(np.float32) if not np.any(imag) else None
        self._size = m

    def apply(self, x, axis: int):
        """Contract ``axis`` (-1 or -2) of ``x`` with the first axis of the matrix."""
        if axis == -1:
            return self._last(x)
        if self._real is None:
            x = tf.linalg.matrix_transpose(x)
            return tf.linalg.matrix_transpose(self._last(x))
        pairs = tf.bitcast(x, tf.float32)  # [..., n, k, 2]
        shape = tf.shape(pairs)
        lead, n = shape[:-3], x.shape[-2]
        flat = tf.reshape(pairs, [-1, n, 2 * x.shape[-1]])
        flat = tf.matmul(tf.constant(self._real), flat)
        shape = tf.concat([lead, [self._size], shape[-2:]], 0)
        return tf.bitcast(tf.reshape(flat, shape), x.dtype)

    def _last(self, x):
        pairs = tf.reshape(tf.bitcast(x, tf.float32), [-1, 2 * x.shape[-1]])
        flat = pairs @ tf.constant(self._pairs)
        shape = tf.concat([tf.shape(x)[:-1], [self._size, 2]], 0)
        return tf.bitcast(tf.reshape(flat, shape), x.dtype)
