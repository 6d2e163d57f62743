"""Networks that several families share."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops

# Power of a scaled coefficient under which its logarithm says nothing.
_POWER_FLOOR = 1e-4


@keras.saving.register_keras_serializable("commgen")
class ResidualMLP(layers.Layer):
    """Dense network with pre-normalised residual blocks.

    Parameters
    ----------
    width, depth
        Features, and residual blocks of two dense layers.
    num_outputs
        Numbers that come out.
    zero
        Start with an output of zero.

    Input
    -----
    x : [batch, num_inputs], float

    Output
    ------
    [batch, num_outputs], float
    """

    def __init__(self, width, depth, num_outputs, zero=False, **kwargs):
        super().__init__(**kwargs)
        self.width = check_int("width", width, low=1)
        self.depth = check_int("depth", depth, low=0)
        self.num_outputs = check_int("num_outputs", num_outputs, low=1)
        self.zero = zero
        self.enter = layers.Dense(width)
        self.norms = [layers.LayerNormalization() for _ in range(depth)]
        self.wide = [layers.Dense(width, activation="silu") for _ in range(depth)]
        self.back = [layers.Dense(width) for _ in range(depth)]
        start = "zeros" if zero else "glorot_uniform"
        self.leave = layers.Dense(num_outputs, kernel_initializer=start)

    def build(self, input_shape):
        """Build for inputs [batch, num_inputs]."""
        features = (None, self.width)
        self.enter.build(input_shape)
        for layer in (*self.norms, *self.wide, *self.back, self.leave):
            layer.build(features)

    def call(self, x):
        """Run the network."""
        u = self.enter(x)
        for norm, wide, back in zip(self.norms, self.wide, self.back, strict=True):
            u = u + back(wide(norm(u)))
        return self.leave(ops.silu(u))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "num_outputs": self.num_outputs,
            "zero": self.zero,
        }


def channel_features(x, floor=_POWER_FLOOR):
    """Return the coefficients of a channel and their log powers, [batch, 3 size].

    The logarithm lets a dense layer see the shape of a spectrum of any level.

    Parameters
    ----------
    x : [batch, *event_shape, 2], float
        From :meth:`~commgen.generative.networks.fourier.FourierScale.encode`.
    floor
        Power under which the logarithm says nothing.
    """
    size = int(np.prod(x.shape[1:-1]))
    log_power = ops.log(ops.sum(x**2, axis=-1) + floor)
    return ops.concatenate(
        [ops.reshape(x, (-1, 2 * size)), ops.reshape(log_power, (-1, size))], axis=1
    )


def real_matrix(M: np.ndarray) -> np.ndarray:
    """Write complex rows times M as real rows [re_0, im_0, re_1, ...] times a matrix.

    Parameters
    ----------
    M : [n, m], complex
        Matrix.

    Returns
    -------
    [2 n, 2 m], float32
    """
    n, m = M.shape
    R = np.empty((n, 2, m, 2), np.float32)
    R[:, 0, :, 0], R[:, 0, :, 1] = M.real, M.imag
    R[:, 1, :, 0], R[:, 1, :, 1] = -M.imag, M.real
    return R.reshape(2 * n, 2 * m)
