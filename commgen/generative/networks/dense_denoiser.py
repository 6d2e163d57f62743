"""Dense network for events of a few entries, such as a received symbol."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops
from commgen.generative.networks.fourier_denoiser import level_features
from commgen.generative.networks.subnets import ResidualMLP


@keras.saving.register_keras_serializable("commgen")
class DenseDenoiser(layers.Layer):
    """Network of diffusion and flow where nothing is to be shared along an axis.

    Input and output as :class:`~commgen.generative.FourierDenoiser`; all entries,
    levels and conditions enter one multi-layer perceptron.

    Parameters
    ----------
    width, depth
        Features, and residual blocks.
    variance
        Whether it has the second output; without it ``log_var`` is None.
    """

    def __init__(self, width=64, depth=2, variance=True, **kwargs):
        super().__init__(**kwargs)
        self.width = check_int("width", width, low=1)
        self.depth = check_int("depth", depth, low=0)
        self.variance_head = bool(variance)

    def build(self, input_shape):
        """Build for the shapes of (x, levels) or (x, levels, condition)."""
        self._event = tuple(input_shape[0][1:-1])
        size = int(np.prod(self._event))
        flat = int(np.prod(input_shape[0][1:]))
        num_features = flat + level_features(ops.zeros((1,))).shape[1] + 1
        if len(input_shape) == 3:
            num_features += input_shape[2][-1]
        self.mean = ResidualMLP(self.width, self.depth, 2 * size, zero=True)
        self.mean.build((None, num_features))
        if self.variance_head:
            self.variance = ResidualMLP(self.width, 0, size, zero=True)
            self.variance.build((None, num_features))

    def call(self, inputs):
        """Return f and log_var."""
        x, levels, *condition = inputs
        flat = int(np.prod(x.shape[1:]))
        parts = [ops.reshape(x, (-1, flat)), level_features(levels[:, 0])]
        u = ops.concatenate([*parts, levels[:, 1:], *condition], axis=-1)
        f = ops.reshape(self.mean(u), (-1, *self._event, 2))
        if not self.variance_head:
            return f, None
        return f, ops.reshape(self.variance(u), (-1, *self._event))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "width": self.width,
            "depth": self.depth,
            "variance": self.variance_head,
        }
