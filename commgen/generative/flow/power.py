"""The power of a whole channel, as a layer of a flow."""

from commgen.generative._untyped import keras, layers, ops
from commgen.generative.flow.spline import num_spline_parameters, spline

# Distance of ln(power) from its usual value up to which the spline bends.
_REACH = 1.5
_NUM_BINS = 8
_TINY = 1e-12


@keras.saving.register_keras_serializable("commgen")
class PowerSpline(layers.Layer):
    r"""Stretches channels so that their power has another distribution.

    .. math:: z = x\,e^{(g(L) - L)/2}, \qquad L = \ln\lVert x\rVert^2

    The power of a channel varies less than what models that build it part by part can
    hold on to; they find it easier to draw a wider one, of which a monotone spline g
    makes the right one. It follows the condition, and is the identity before training.

    Parameters
    ----------
    size
        Complex numbers in a channel, each of about unit power.
    """

    def __init__(self, size, **kwargs):
        super().__init__(**kwargs)
        self.size = size
        num = num_spline_parameters(_NUM_BINS)
        self.shape_of = layers.Dense(num, use_bias=False, kernel_initializer="zeros")

    def build(self, input_shape):
        """Build for a condition of shape [batch, num_conditions]."""
        self.shape_of.build((None, 1 + input_shape[-1]))

    def call(self, inputs):
        """Map (x [n, size, 2], condition) to z and ln|det|, [n, size, 2] and [n]."""
        x, condition = inputs
        level = self._level(x)
        moved, log_slope = spline(level, self._shape(condition), (-_REACH, _REACH))
        # The volume element is e^(size L) dL, and that of the directions.
        log_det = self.size * (moved - level) + log_slope
        return x * ops.exp((moved - level) / 2)[:, None, None], log_det

    def invert(self, z, condition):
        """Undo :meth:`call`, [n, size, 2]."""
        level, ends = self._level(z), (-_REACH, _REACH)
        moved, _ = spline(level, self._shape(condition), ends, inverse=True)
        return z * ops.exp((moved - level) / 2)[:, None, None]

    def _level(self, x):
        return ops.log(ops.sum(x**2, axis=(1, 2)) / self.size + _TINY)

    def _shape(self, condition):
        one = ops.ones((ops.shape(condition)[0], 1))
        return self.shape_of(ops.concatenate([one, condition], axis=1))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {**super().get_config(), "size": self.size}
