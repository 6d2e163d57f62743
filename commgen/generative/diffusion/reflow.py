"""Reflow: straight paths from noise to channels, which one to four steps follow."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.generative._untyped import keras, ops, tf
from commgen.generative.noisy_examples import SNR_RANGE_DB, augment
from commgen.measures.decibel import noise_variance

# Power of a flow's error under which there is nothing left to correct.
_LEAST_ERROR = 1e-4
_CHUNK = 512


@dataclass(frozen=True)
class Pairs:
    """Where the paths of a flow begin, and where they end.

    Parameters
    ----------
    start, end : [n, *event_shape], complex64
        Noise, with a little of a channel in it, and the channel it becomes.
    condition : [n, num_conditions + 1], float32, or None
        Of the paths, standardised and with a flag, from
        :func:`~commgen.generative.diffusion.classifier_free.with_flag`.
    """

    start: np.ndarray
    end: np.ndarray
    condition: np.ndarray | None = None

    def __getitem__(self, rows) -> "Pairs":
        """Return some of the pairs."""
        condition = None if self.condition is None else self.condition[rows]
        return Pairs(self.start[rows], self.end[rows], condition)


# Keras looks for saved weights under this name: it stays.
class StraightPaths(keras.Model):
    r"""Network of reflow: velocity along straight lines from starts z to ends h.

    At :math:`x = (1-\tau) z + \tau h` the network returns the remaining error of the
    best multiple of x as an estimate of h, in units of its standard deviation; what
    follows is the velocity :math:`v = (\hat h - x) / (1 - \tau)`. Its minimiser is that
    of :math:`|v - (h - z)|^2`, the loss of Liu et al. (arXiv:2209.03003, eq. 1).

    Parameters
    ----------
    event_shape
        Shape of one channel.
    network
        Layer ``(x, levels) -> (f, None)`` or ``(x, levels, condition)``, as
        :class:`~commgen.generative.FourierDenoiser` without variance.
    input_shapes
        What ``network`` is built for.
    """

    def __init__(self, event_shape, network, input_shapes, *, name=None):
        super().__init__(name=name)
        self.event_shape = tuple(event_shape)
        self.network = network
        if not network.built:
            network.build(input_shapes)
        # E|z|^2, Re E[z* h] and E|h|^2 of an entry.
        self._moments = self.add_weight(
            shape=(3,),
            initializer=lambda shape, dtype: ops.convert_to_tensor([1.0, 0.0, 1.0]),
            name="moments",
            trainable=False,
        )
        self._gain = self.add_weight(
            shape=(), initializer="ones", name="gain", trainable=False
        )
        self.built = True

    def adapt(self, pairs: Pairs) -> None:
        """Take the second moments of starts and ends."""
        z, h = pairs.start, pairs.end
        self._gain.assign(1.0)
        self._moments.assign(
            [np.mean(np.abs(z) ** 2), np.vdot(z, h).real / z.size, _power(h)]
        )

    def match_power(self, pairs: Pairs, num_steps: int, power: float) -> None:
        """Scale what ``num_steps`` from these starts make to a mean power.

        The mean over ends that one start may have has less power than they.
        """
        carry = tf.function(self.carry, autograph=False, reduce_retracing=True)
        total = 0.0
        for i in range(0, len(pairs.start), _CHUNK):
            part = pairs[i : i + _CHUNK]
            c = None if part.condition is None else tf.constant(part.condition)
            z = tf.constant(_parts(part.start))
            total += float(tf.reduce_sum(carry(z, c, num_steps) ** 2))
        gain = np.sqrt(power * pairs.end.size / total)
        self._gain.assign(gain * float(self._gain))

    @property
    def start_scale(self):
        """Deviation of the real and of the imaginary part of a start, tf.float32."""
        return tf.sqrt(tf.convert_to_tensor(self._moments)[0] / 2)

    def _scales(self, tau):
        """Return the best multiple of x, and the deviation of what it misses; [b]."""
        z_z, z_h, h_h = ops.unstack(ops.convert_to_tensor(self._moments))
        rest = 1 - tau
        both = rest * z_h + tau * h_h
        power = rest**2 * z_z + 2 * rest * tau * z_h + tau**2 * h_h
        skip = both / power
        return skip, ops.sqrt(ops.maximum(h_h - skip * both, _LEAST_ERROR * h_h))

    def call(self, inputs):
        """Map {"x": [b, *event, 2], "tau": [b]} to f; "condition" as the network."""
        tau = inputs["tau"]
        # The SNR of a straight path that begins in noise alone, as ln of its inverse.
        low, high = (noise_variance(db) for db in reversed(SNR_RANGE_DB))
        no = ops.clip(((1 - tau) / ops.maximum(tau, 1e-3)) ** 2, low, high)
        levels = ops.stack([ops.log(no), ops.zeros_like(tau)], axis=1)
        condition = (inputs["condition"],) if "condition" in inputs else ()
        return self.network((inputs["x"], levels, *condition))[0]

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight=None,
        training=True,
    ):
        """Mean squared error of f, for h in ``y``."""
        skip, scale = (self._spread(s) for s in self._scales(x["tau"]))
        return ops.mean((y_pred - (y - skip * x["x"]) / scale) ** 2)

    def _spread(self, values):
        return ops.reshape(values, (-1,) + (1,) * (len(self.event_shape) + 1))

    def carry(self, z, condition, num_steps):
        """Follow the velocity in Euler steps; differentiable, and works in a graph.

        Parameters
        ----------
        z : [batch, *event_shape, 2], tf.float32
            Starts, real and imaginary part last.
        condition : [batch, num_conditions + 1], tf.float32, or None
            Standardised and with their flag; None for a network without.
        num_steps
            Steps; the end of a single one is the estimate of h itself.

        Returns
        -------
        [batch, *event_shape, 2], tf.float32
        """
        x = z
        for k in range(num_steps):
            tau = tf.fill(tf.shape(z)[:1], tf.constant(k / num_steps, tf.float32))
            inputs = {"x": x, "tau": tau}
            if condition is not None:
                inputs["condition"] = condition
            skip, scale = (self._spread(s) for s in self._scales(tau))
            h_hat = skip * x + scale * self(inputs)
            x = x + (h_hat - x) / (num_steps - k)
        return x * tf.convert_to_tensor(self._gain)

    def examples(self, rng, pairs: Pairs, rows, *, num_steps=None, symmetries=()):
        """Return a batch of points on the lines and their ends.

        Parameters
        ----------
        rng
            NumPy generator.
        pairs, rows
            Lines, and which of them.
        num_steps
            Points from which that many steps set out; None for points everywhere.
        symmetries
            As :func:`~commgen.generative.noisy_examples.augment`, of both ends.
        """
        both = np.stack([pairs.start[rows], pairs.end[rows]], axis=1)
        if symmetries:
            both = augment(rng, both, symmetries)
        n = len(both)
        if num_steps is None:
            tau = rng.random(n)
        else:
            tau = rng.integers(num_steps, size=n) / num_steps
        tau = tau.astype(np.float32)
        z, h = (_parts(part) for part in np.moveaxis(both, 1, 0))
        t = tau.reshape(-1, *(1,) * (z.ndim - 1))
        inputs = {"x": (1 - t) * z + t * h, "tau": tau}
        if pairs.condition is not None:
            inputs["condition"] = pairs.condition[rows]
        return inputs, h


def _power(h):
    return np.mean(np.abs(h) ** 2)


def _parts(h):
    return np.stack([h.real, h.imag], axis=-1).astype(np.float32)
