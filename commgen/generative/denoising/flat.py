"""A denoiser as functions of flat NumPy arrays, compiled, a chunk at a time."""

from collections.abc import Callable
from typing import Any

import numpy as np

from commgen.generative._untyped import tf

_CHUNK = 256


class FlatDenoiser:
    """The denoiser of a model, and products with its Jacobian.

    Parameters
    ----------
    model
        Has ``event_shape`` and ``denoise``, as
        :class:`~commgen.generative.GenerativeModel`.
    """

    def __init__(self, model: Any):
        self._event_shape = model.event_shape
        y = tf.TensorSpec((None, *model.event_shape), tf.complex64)
        no = tf.TensorSpec((None,), tf.float32)

        def pull(x, level, u):
            with tf.GradientTape() as tape:
                tape.watch(x)
                h_hat, _ = model.denoise(x, level)
                product = tf.reduce_sum(tf.math.real(tf.math.conj(u) * h_hat))
            return tape.gradient(product, x)

        # AutoGraph has nothing to do here, and reads source files again.
        options = {"autograph": False}
        self._denoise = tf.function(model.denoise, input_signature=[y, no], **options)
        self._pull = tf.function(pull, input_signature=[y, no, y], **options)

    def denoise(self, x: np.ndarray, no: float | np.ndarray) -> Any:
        """Return h_hat and err_var, [n, size], for x : [n, size], complex."""
        no = np.full(len(x), no, np.float32)
        parts = [
            self._denoise(self._chunk(x, i), no[i : i + _CHUNK])
            for i in range(0, len(x), _CHUNK)
        ]
        return tuple(_join(part) for part in zip(*parts, strict=True))

    def pull(self, x: np.ndarray, no: float, residual: Callable) -> Any:
        """Return h_hat and J^T u, with J the Jacobian of the denoiser at x.

        ``residual(h_hat, v, rows)`` gives u, from h_hat : [n, size], the mean of the
        error variance v : [n, 1], and the rows of x that they belong to.
        """
        pairs = []
        for i in range(0, len(x), _CHUNK):
            part = self._chunk(x, i)
            level = np.full(len(part), no, np.float32)
            h_hat, err_var = self._denoise(part, level)
            v = _join([err_var]).mean(axis=1, keepdims=True)
            u = residual(_join([h_hat]), v, slice(i, i + _CHUNK))
            u = u.astype(np.complex64).reshape(part.shape)
            pairs.append((h_hat, self._pull(part, level, u)))
        return tuple(_join(part) for part in zip(*pairs, strict=True))

    def _chunk(self, x, i):
        rows = x[i : i + _CHUNK].astype(np.complex64)
        return rows.reshape(-1, *self._event_shape)


def _join(parts):
    return np.concatenate([np.reshape(part, (len(part), -1)) for part in parts])
