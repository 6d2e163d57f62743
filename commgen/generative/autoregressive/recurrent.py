"""Recurrent network that predicts each number of a complex sequence from the past."""

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops, tf
from commgen.generative.autoregressive.lattice import predictor

# Power of a scaled coefficient under which it says nothing.
_POWER_FLOOR = 1e-3
_LEVEL_FLOOR = 1e-2
_LOG_VAR_RANGE = 12.0


@keras.saving.register_keras_serializable("commgen")
class RecurrentPredictor(layers.Layer):
    r"""Mixture of complex Gaussians for the next number, given the ones before it.

    .. math:: p(x_s\,|\,x_{<s}) = \sum_m w_m\,
        \mathcal{CN}\big(x_s; \textstyle\sum_l a_{ml}\,x_{s-l}, v_m\big)

    Weights w, complex multipliers a and variances v come from a gated recurrent unit
    that sees powers and relative phases only. So a common phase of all numbers turns
    the means and changes nothing else: the density is invariant, by construction.

    Multipliers of the lags along time are made of reflection coefficients
    (:mod:`~commgen.generative.autoregressive.lattice`), one set for all Gaussians, and
    v is relative to the error they leave: a sequence does not blow up however long it
    is.

    Parameters
    ----------
    free_lags
        Distances to numbers whose multipliers are free, one set for each Gaussian.
    time_lags
        Distances to the same entry in the time steps before, nearest first.
    step_size
        Numbers in a step: position p has p // step_size steps before it.
    num_positions
        Kinds of places in the sequence; each has an embedding of its own.
    num_mixtures
        Gaussians.
    width
        Features of the recurrent unit.
    """

    def __init__(
        self,
        free_lags,
        time_lags,
        *,
        step_size,
        num_positions,
        num_mixtures,
        width,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.free_lags, self.time_lags = tuple(free_lags), tuple(time_lags)
        self.lags = self.free_lags + self.time_lags
        self.step_size, self.num_positions = step_size, num_positions
        self.num_mixtures = check_int("num_mixtures", num_mixtures, low=1)
        self.width = check_int("width", width, low=1)
        self.enter = layers.Dense(width)
        self.positions = layers.Embedding(num_positions, width)
        self.cell = layers.GRUCell(width)
        self.mix = layers.Dense(width, activation="silu")
        num_outputs = 2 * len(self.time_lags)
        num_outputs += num_mixtures * (2 + 2 * len(self.free_lags))
        # Not zero, so that the Gaussians of a mixture are not all alike.
        start = keras.initializers.RandomNormal(stddev=1e-2)
        self.leave = layers.Dense(num_outputs, kernel_initializer=start)

    def build(self, input_shape):
        """Build for a condition of shape [batch, num_conditions]."""
        features = (None, self.width)
        self.enter.build((None, 3 * len(self.lags) + 2 + input_shape[-1]))
        self.positions.build((None,))
        self.cell.build(features)
        self.mix.build((None, 2 * self.width))
        self.leave.build(features)

    def features(self, past, total, position, condition):
        """Return what the recurrent unit sees, [n, width].

        Parameters
        ----------
        past : [n, num_lags, 2], float
            Numbers at the lags, zero where the sequence had not begun.
        total : [n], float
            Power of all numbers so far; along time, where it would grow for ever, it
            is not looked at.
        position : [n], int
        condition : [n, num_conditions], float
        """
        power = ops.sum(past**2, axis=-1)
        amplitude = ops.sqrt(power + _POWER_FLOOR)
        # Phases relative to the nearest number, as large as the weaker of the two.
        re, im = past[..., 0], past[..., 1]
        last_re, last_im = re[:, :1], im[:, :1]
        size = amplitude + amplitude[:, :1]
        cosine = 2 * (last_re * re + last_im * im) / size
        sine = 2 * (last_im * re - last_re * im) / size
        # The power of a channel varies less than that of its numbers: it is kept count.
        share = 0.0 if self.time_lags else 1 / self.num_positions
        level = share * total[:, None]
        levels = [level, ops.log(level + _LEVEL_FLOOR)]
        invariant = [ops.log(power + _POWER_FLOOR), cosine, sine, *levels, condition]
        u = self.enter(ops.concatenate(invariant, axis=-1))
        return ops.silu(u + self.positions(position))

    def step(self, features, state):
        """Advance the state, [n, width], by one number."""
        return self.cell(features, [state])[0]

    def mixture(self, features, state, past, position):
        """Return log_weights [n, m], means [n, m, 2] and log_vars [n, m]."""
        u = self.mix(ops.concatenate([features, state], axis=-1))
        out = self.leave(u)
        M, free = self.num_mixtures, len(self.free_lags)
        log_weights = ops.log_softmax(out[:, :M])
        log_vars = _LOG_VAR_RANGE * ops.tanh(out[:, M : 2 * M] / _LOG_VAR_RANGE)
        means = ops.zeros((ops.shape(out)[0], M, 2))
        if free:
            a = ops.reshape(out[:, 2 * M : 2 * M * (1 + free)], (-1, M, 2 * free))
            means = _combine(a[..., :free], a[..., free:], past[:, :free])
        if self.time_lags:
            raw = ops.reshape(
                out[:, 2 * M * (1 + free) :], (-1, len(self.time_lags), 2)
            )
            a, log_left = predictor(raw, position // self.step_size)
            a = a[:, None]
            means = means + _combine(a[..., 0], a[..., 1], past[:, free:])
            log_vars = log_vars + log_left[:, None]
        return log_weights, means, log_vars

    def call(self, inputs):
        """Return the log-density of x [n, num, 2], [n, num], all steps at once.

        Inputs are (x, positions [num], condition).
        """
        x, positions, condition = inputs
        num, longest, L = x.shape[1], max(self.lags), len(self.lags)
        padded = ops.pad(x, ((0, 0), (longest, 0), (0, 0)))
        past = [padded[:, longest - lag : longest - lag + num] for lag in self.lags]
        past = ops.reshape(ops.stack(past, axis=2), (-1, L, 2))
        n = tf.shape(x)[0]
        rows = ops.tile(positions[None], (n, 1))
        position = ops.reshape(rows, (-1,))
        power = ops.sum(x**2, axis=-1)
        total = ops.reshape(ops.cumsum(power, axis=1) - power, (-1,))
        u = self.features(past, total, position, ops.repeat(condition, num, axis=0))
        states = self._unroll(ops.reshape(u, (-1, num, self.width)), n)
        states = ops.reshape(states, (-1, self.width))
        parts = self.mixture(u, states, past, position)
        return ops.reshape(log_density(ops.reshape(x, (-1, 2)), *parts), (-1, num))

    def _unroll(self, features, n):
        """Return the states after each of features [n, num, width]."""
        num = features.shape[1]
        by_step = tf.TensorArray(tf.float32, num).unstack(
            tf.transpose(features, (1, 0, 2))
        )

        def advance(s, state, states):
            state = self.step(by_step.read(s), state)
            state = tf.ensure_shape(state, (None, self.width))
            return s + 1, state, states.write(s, state)

        first = 0, tf.zeros((n, self.width)), tf.TensorArray(tf.float32, num)
        _, _, states = tf.while_loop(
            lambda s, *_: s < num, advance, first, maximum_iterations=num
        )
        return tf.transpose(states.stack(), (1, 0, 2))

    def generate(self, choice, noise, positions, condition):
        """Draw sequences, one number after the other, [n, num, 2].

        Parameters
        ----------
        choice : [num, n], float
            Uniform in [0, 1).
        noise : [num, n, 2], float
            Circular complex Gaussian of unit variance.
        positions : [num], int
        condition : [n, num_conditions], float
        """
        num, n = tf.shape(noise)[0], tf.shape(noise)[1]
        longest = max(self.lags)
        lags = tf.constant(self.lags)
        # Zeros before the beginning, so that every lag is somewhere.
        x = tf.TensorArray(
            tf.float32, num + longest, element_shape=(None, 2), clear_after_read=False
        )
        _, x = tf.while_loop(
            lambda i, _: i < longest,
            lambda i, x: (i + 1, x.write(i, tf.zeros((n, 2)))),
            (0, x),
        )

        def draw(s, state, total, x):
            past = tf.transpose(x.gather(longest + s - lags), (1, 0, 2))
            past = tf.ensure_shape(past, (None, len(self.lags), 2))
            position = tf.fill((n,), positions[s])
            u = self.features(past, total, position, condition)
            state = self.step(u, state)
            parts = self.mixture(u, state, past, position)
            value = draw_mixture(choice[s], noise[s], *parts)
            total += tf.reduce_sum(value**2, axis=-1)
            return s + 1, state, total, x.write(longest + s, value)

        first = 0, tf.zeros((n, self.width)), tf.zeros((n,)), x
        x = tf.while_loop(lambda s, *_: s < num, draw, first, parallel_iterations=1)[-1]
        return tf.transpose(x.stack()[longest:], (1, 0, 2))

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "free_lags": list(self.free_lags),
            "time_lags": list(self.time_lags),
            "step_size": self.step_size,
            "num_positions": self.num_positions,
            "num_mixtures": self.num_mixtures,
            "width": self.width,
        }


def log_density(x, log_weights, means, log_vars):
    """Return the log-density of a mixture of complex Gaussians at x [n, 2], [n]."""
    distance = ops.sum((x[:, None] - means) ** 2, axis=-1)
    log_joint = log_weights - log_vars - distance * ops.exp(-log_vars)
    return ops.logsumexp(log_joint, axis=-1) - float(np.log(np.pi))


# Largest modulus of a drawn number, of unit power: what comes after an outlier builds
# on it, and may run away.
_LARGEST = 30.0


def draw_mixture(choice, noise, log_weights, means, log_vars):
    """Draw from a mixture of complex Gaussians, [n, 2], of a modulus up to 30.

    Parameters
    ----------
    choice : [n], float
        Uniform in [0, 1); it chooses the Gaussian.
    noise : [n, 2], float
        Circular complex Gaussian of unit variance.
    log_weights, means, log_vars : [n, m], [n, m, 2], [n, m], float
    """
    ends = tf.cumsum(tf.exp(log_weights), axis=1)[:, :-1]
    m = tf.reduce_sum(tf.cast(choice[:, None] >= ends, tf.int32), axis=1)
    mean = tf.gather(means, m, batch_dims=1)
    log_var = tf.gather(log_vars, m, batch_dims=1)
    scale = tf.exp(tf.minimum(log_var / 2, float(np.log(_LARGEST))))
    return tf.clip_by_norm(mean + scale[:, None] * noise, _LARGEST, axes=1)


def _combine(a_re, a_im, x):
    """Sum complex products over the lags: a [n, m, l], x [n, l, 2] to [n, m, 2]."""
    x_re, x_im = x[:, None, :, 0], x[:, None, :, 1]
    re = ops.sum(a_re * x_re - a_im * x_im, axis=-1)
    im = ops.sum(a_re * x_im + a_im * x_re, axis=-1)
    return ops.stack([re, im], axis=-1)
