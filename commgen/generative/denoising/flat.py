"""Products with the Jacobian of a denoiser, on flat NumPy arrays."""

from collections.abc import Callable
from typing import Any

import numpy as np

from commgen.generative._untyped import tf
from commgen.generative.chunks import ChunkedDenoiser

_CHUNK = 256


class FlatDenoiser:
    """The denoiser of a model with its Jacobian, for guided samples.

    Parameters
    ----------
    model
        Has ``event_shape`` and ``denoise``, as :class:`~commgen.generative.Prior`.
    """

    def __init__(self, model: Any):
        self._event_shape = model.event_shape
        self._denoise = ChunkedDenoiser(model)
        y = tf.TensorSpec((None, *model.event_shape), tf.complex64)
        no = tf.TensorSpec((None,), tf.float32)

        def pull(x, level, u):
            with tf.GradientTape() as tape:
                tape.watch(x)
                h_hat, _ = model.denoise(x, level)
                product = tf.reduce_sum(tf.math.real(tf.math.conj(u) * h_hat))
            return tape.gradient(product, x)

        self._pull = tf.function(pull, input_signature=[y, no, y], autograph=False)

    def pull(self, x: np.ndarray, no: float, residual: Callable) -> Any:
        """Return h_hat and J^T u, with J the Jacobian of the denoiser at x.

        ``residual(h_hat, v, rows)`` gives u, from h_hat : [n, size], the mean of the
        error variance v : [n, 1], and the rows of x that they belong to.
        """
        pairs = []
        for i in range(0, len(x), _CHUNK):
            rows = slice(i, i + _CHUNK)
            part = x[rows].astype(np.complex64)
            h_hat, err_var = self._denoise(part, no)
            u = residual(h_hat, err_var.mean(axis=1, keepdims=True), rows)
            event = (len(part), *self._event_shape)
            level = np.full(len(part), no, np.float32)
            u = u.astype(np.complex64).reshape(event)
            pulled = self._pull(part.reshape(event), level, u)
            pairs.append((h_hat, pulled.numpy().reshape(part.shape)))
        return tuple(np.concatenate(part) for part in zip(*pairs, strict=True))
