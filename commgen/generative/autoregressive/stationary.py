"""Stationary Gaussian sequences whose spectrum follows a condition."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops, tf
from commgen.generative.autoregressive.lattice import predictors
from commgen.generative.networks.subnets import ResidualMLP

_DEPTH = 2


@keras.saving.register_keras_serializable("commgen")
class StationaryPredictor(layers.Layer):
    """Linear prediction of each entry of a step from the steps before.

    A network maps the condition to the reflection coefficients of every entry
    (:mod:`~commgen.generative.autoregressive.lattice`). Entries are independent of each
    other; each is a stationary Gaussian sequence of unit power, by construction.

    Parameters
    ----------
    num_lags
        Steps that a prediction looks back.
    step_size
        Numbers in a step.
    width
        Features of the network.
    """

    def __init__(self, num_lags, step_size, width, **kwargs):
        super().__init__(**kwargs)
        self.num_lags, self.step_size = num_lags, step_size
        self.width = check_int("width", width, low=1)
        self.network = ResidualMLP(width, _DEPTH, 2 * num_lags * step_size, zero=True)

    def build(self, input_shape):
        """Build for a condition of shape [batch, num_conditions]."""
        self.network.build((None, 1 + input_shape[-1]))

    def predictors(self, condition):
        """Return multipliers and log variances of all orders, for each entry.

        As :func:`~commgen.generative.autoregressive.lattice.predictors`, with n times
        ``step_size`` rows.
        """
        one = ops.ones((ops.shape(condition)[0], 1))
        raw = self.network(ops.concatenate([one, condition], axis=1))
        return predictors(ops.reshape(raw, (-1, self.num_lags, 2)))

    def call(self, inputs):
        """Return the log-density of (x [n, num, 2], condition), [n]."""
        x, condition = inputs
        num_steps = x.shape[1] // self.step_size
        x = ops.reshape(x, (-1, num_steps, self.step_size, 2))
        # A row for each entry, which goes through time on its own.
        x = ops.reshape(ops.transpose(x, (0, 2, 1, 3)), (-1, num_steps, 2))
        a, log_vars = self.predictors(condition)
        order = np.minimum(np.arange(num_steps), self.num_lags)
        a, log_vars = ops.take(a, order, axis=1), ops.take(log_vars, order, axis=1)
        padded = ops.pad(x, ((0, 0), (self.num_lags, 0), (0, 0)))
        last = self.num_lags - 1
        past = [padded[:, last - i : last - i + num_steps] for i in range(last + 1)]
        error = x - _combine(a, ops.stack(past, axis=2))
        distance = ops.sum(error**2, axis=-1) * ops.exp(-log_vars)
        log_p = -log_vars - distance - float(np.log(np.pi))
        log_p = ops.reshape(log_p, (-1, self.step_size * num_steps))
        return ops.sum(log_p, axis=1)

    def generate(self, noise, condition):
        """Draw sequences, one step after the other, [n, num, 2].

        Parameters
        ----------
        noise : [num, n, 2], float
            Circular complex Gaussian of unit variance.
        condition : [n, num_conditions], float
        """
        n, D = tf.shape(noise)[1], self.step_size
        noise = tf.reshape(noise, (-1, D, n, 2))
        noise = tf.reshape(tf.transpose(noise, (0, 2, 1, 3)), (-1, n * D, 2))
        num_steps = tf.shape(noise)[0]
        a, log_vars = self.predictors(condition)
        scales = tf.exp(log_vars / 2)

        def draw(t, past, x):
            order = tf.minimum(t, self.num_lags)
            value = _combine(a[:, order], past)
            value += scales[:, order, None] * noise[t]
            past = tf.concat([value[:, None], past[:, :-1]], axis=1)
            past = tf.ensure_shape(past, (None, self.num_lags, 2))
            return t + 1, past, x.write(t, value)

        first = (
            0,
            tf.zeros((n * D, self.num_lags, 2)),
            tf.TensorArray(tf.float32, num_steps, element_shape=(None, 2)),
        )
        _, _, x = tf.while_loop(lambda t, *_: t < num_steps, draw, first)
        x = tf.reshape(x.stack(), (-1, n, D, 2))
        return tf.reshape(tf.transpose(x, (1, 0, 2, 3)), (n, -1, 2))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "num_lags": self.num_lags,
            "step_size": self.step_size,
            "width": self.width,
        }


def _combine(a, x):
    """Sum complex products over the lags, the last axis but one."""
    re = ops.sum(a[..., 0] * x[..., 0] - a[..., 1] * x[..., 1], axis=-1)
    im = ops.sum(a[..., 0] * x[..., 1] + a[..., 1] * x[..., 0], axis=-1)
    return ops.stack([re, im], axis=-1)
