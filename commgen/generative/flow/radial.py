"""Coupling layer of a flow that commutes with the phase of a channel."""

import numpy as np

from commgen.generative._untyped import keras, layers, ops
from commgen.generative.flow.bin_network import BinNetwork
from commgen.generative.flow.spline import num_spline_parameters, spline

# Power of a scaled coefficient under which it says nothing to a network.
_POWER_FLOOR = 1e-3
# Keeps the logarithm finite at zero; far under what single precision resolves.
_TINY = 1e-12
# ln|x|^2 between which the spline bends.
_INTERVAL = (-9.0, 5.0)
# Bounds of s and of the parts of a, so that no sample is thrown far out.
_LARGEST_SCALE, _LARGEST_MULTIPLIER = 8.0, 3.0
_NUM_NEIGHBOURS = 4
_KERNEL = 9


# Keras looks for saved weights under this name: it stays.
@keras.saving.register_keras_serializable("commgen")
class RadialCoupling(layers.Layer):
    r"""Changes some complex numbers of a channel by what others are.

    .. math:: y_b = x_b - \sum_l a_{bl}\,x_{n(b,l)}, \qquad
        z_b = \frac{y_b}{|y_b|}\,e^{g_b(\ln|y_b|^2 + s_b)/2}

    with :math:`x_{n(b,l)}` the nearest of those that are seen, and monotone splines g.
    The network that gives a, s and g sees powers and relative phases only, so that a
    common phase of the input is that of the output. It is a spline coupling of the
    modulus (Durkan et al., NeurIPS 2019), and not the radial flow of Rezende and
    Mohamed (ICML 2015).

    Parameters
    ----------
    event_shape
        Shape of one channel.
    active, seen
        Indices, in C order, of the numbers that change, and of those that they follow.
    width, depth
        Features and residual blocks of the network.
    num_bins
        Of a spline.
    """

    def __init__(self, event_shape, active, seen, width, depth=1, num_bins=8, **kwargs):
        super().__init__(**kwargs)
        self.event_shape = tuple(event_shape)
        self.size = int(np.prod(self.event_shape))
        self.active, self.seen = (np.asarray(part, np.int32) for part in (active, seen))
        self.width, self.depth, self.num_bins = width, depth, num_bins
        self._others = np.setdiff1d(np.arange(self.size), self.active)
        self._back = np.argsort(np.concatenate([self._others, self.active]))
        self._place = np.argsort(
            np.concatenate([self.seen, np.setdiff1d(np.arange(self.size), self.seen)])
        )
        self._neighbours = nearest(self.event_shape, self.active, self.seen)
        num_each = 1 + num_spline_parameters(num_bins)
        num_each += 2 * self._neighbours.shape[1]
        self.network = BinNetwork(
            self.event_shape[-1],
            self.size // self.event_shape[-1],
            width=width,
            depth=depth,
            kernel_size=_KERNEL,
            num_inputs=4,
            num_outputs=num_each,
        )

    def build(self, input_shape):
        """Build for a condition of shape [batch, num_conditions]."""
        self.network.build(((None, self.size, 4), (None, 1 + input_shape[-1])))

    def call(self, inputs):
        """Map (x [n, size, 2], condition) to z and ln|det|, [n, size, 2] and [n]."""
        x, condition = inputs
        scale, shape, shift = self._parameters(x, condition)
        y = ops.take(x, self.active, axis=1) - shift
        level = _level(y)
        moved, log_slope = spline(level + scale, shape, _INTERVAL)
        z = y * ops.exp((moved - level) / 2)[..., None]
        # The area element of the plane is e^level d(level) d(phase) / 2.
        log_det = ops.sum(moved - level + log_slope, axis=1)
        return self._join(x, z), log_det

    def invert(self, z, condition):
        """Undo :meth:`call`, [n, size, 2]."""
        scale, shape, shift = self._parameters(z, condition)
        active = ops.take(z, self.active, axis=1)
        level = _level(active)
        moved, _ = spline(level, shape, _INTERVAL, inverse=True)
        x = active * ops.exp((moved - scale - level) / 2)[..., None] + shift
        return self._join(z, x)

    def _join(self, x, active):
        """Return x with other numbers at the active places."""
        parts = [ops.take(x, self._others, axis=1), active]
        return ops.take(ops.concatenate(parts, axis=1), self._back, axis=1)

    def _parameters(self, x, condition):
        """Return s [n, active], spline [n, active, ...] and shift [n, active, 2]."""
        seen = ops.take(x, self.seen, axis=1)
        features, level = self._features(seen)
        out = self.network((features, ops.concatenate([level, condition], axis=-1)))
        out = ops.take(out, self.active, axis=1)
        scale = _bounded(out[..., 0], _LARGEST_SCALE)
        num = self._neighbours.shape[1]
        if num == 0:
            return scale, out[..., 1:], 0.0
        split = out.shape[-1] - 2 * num
        a = _bounded(out[..., split:], _LARGEST_MULTIPLIER)
        a_re, a_im = a[..., :num], a[..., num:]
        nearby = ops.take(seen, self._neighbours.reshape(-1), axis=1)
        nearby = ops.reshape(nearby, (-1, *self._neighbours.shape, 2))
        re, im = nearby[..., 0], nearby[..., 1]
        parts = a_re * re - a_im * im, a_re * im + a_im * re
        shift = ops.stack([ops.sum(part, axis=-1) for part in parts], axis=-1)
        return scale, out[..., 1:split], shift

    def _features(self, x):
        """Return [n, size, 4], zero where nothing is seen, and a level [n, 1].

        For each number that is seen: one, log power, and phase to the next one.
        """
        n, num = ops.shape(x)[0], len(self.seen)
        if not num:
            return ops.zeros((n, self.size, 4)), ops.zeros((n, 1))
        power = ops.sum(x**2, axis=-1)
        amplitude = ops.sqrt(power + _POWER_FLOOR)
        re, im = x[..., 0], x[..., 1]
        next_re, next_im, next_amplitude = (
            ops.roll(part, -1, axis=1) for part in (re, im, amplitude)
        )
        size = amplitude + next_amplitude
        cosine = 2 * (re * next_re + im * next_im) / size
        sine = 2 * (re * next_im - im * next_re) / size
        log_power = ops.log(power + _POWER_FLOOR)
        seen = ops.stack([ops.ones_like(power), log_power, cosine, sine], axis=-1)
        unseen = ops.zeros((n, self.size - num, 4))
        features = ops.concatenate([seen, unseen], axis=1)
        level = ops.log(ops.mean(power, axis=1, keepdims=True) + _POWER_FLOOR)
        return ops.take(features, self._place, axis=1), level

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "event_shape": list(self.event_shape),
            "active": self.active.tolist(),
            "seen": self.seen.tolist(),
            "width": self.width,
            "depth": self.depth,
            "num_bins": self.num_bins,
        }


def nearest(event_shape, active, seen):
    """Return the places in ``seen`` of the nearest to each active index.

    Distances are Euclidean, every axis is a circle. [num_active, at most 4], int.
    """
    num = min(_NUM_NEIGHBOURS, len(seen))
    places = np.stack(np.unravel_index(np.arange(np.prod(event_shape)), event_shape), 1)
    away = np.abs(places[active][:, None] - places[seen][None])
    away = np.minimum(away, np.array(event_shape) - away)
    return np.argsort((away**2).sum(axis=-1), axis=1, kind="stable")[:, :num]


def _level(x):
    return ops.log(ops.sum(x**2, axis=-1) + _TINY)


def _bounded(x, bound):
    return bound * ops.tanh(x / bound)
