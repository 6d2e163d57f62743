"""Network that says which look comes next, from what is believed of an angle."""

from typing import Any

import keras as _keras
import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.phy.looks.angle_filter import AngleBelief, AngleFilter
from commgen.phy.looks.angle_looks import LEAST_SIGN, POWER, SHARP

keras: Any = _keras
layers: Any = _keras.layers

# Beliefs below this count alike, in nats beside an even one.
_LEAST = -8.0
_LOWEST = -60.0
_TINY = 1e-9
_NO_GAIN = 1e-4


@keras.saving.register_keras_serializable("commgen")
class LookNetwork(keras.Model):
    r"""From the posterior on the grid to the weights of the next look.

    Before anything is learned this is
    :class:`~commgen.phy.looks.angle_looks.CoherentLooks`. Dense layers see the
    posterior, the mean gain at each angle (turned so that it is real at the likeliest
    one, since a common phase tells nothing), the SNR and the number of looks so far.
    They move the quantile where the sign changes, how fast it does so, and the power of
    the posterior that is the amplitude, and say what is added to the pattern and at
    each antenna.

    Parameters
    ----------
    num_ant, num_angles, low_deg, high_deg
        As of :class:`~commgen.phy.looks.angle_filter.AngleFilter`.
    num_looks
        The most that are asked for.
    width
        Of the two hidden layers.
    name
        As in Keras.

    Input
    -----
    belief : AngleBelief
        On the grid.
    step : scalar, int
        Looks so far.
    no : [batch], float
        Noise variance.

    Output
    ------
    w : [batch, num_ant], complex64
        Of unit norm.
    """

    def __init__(
        self,
        num_ant=64,
        num_angles=192,
        *,
        low_deg=-60.0,
        high_deg=60.0,
        num_looks=14,
        width=192,
        name=None,
    ):
        super().__init__(name=name)
        self.angles = AngleFilter(
            num_ant, num_angles, low_deg=low_deg, high_deg=high_deg
        )
        self._ends = {"low_deg": float(low_deg), "high_deg": float(high_deg)}
        self.num_looks = check_int("num_looks", num_looks, low=1)
        self.width = check_int("width", width, low=1)
        self._hidden = [layers.Dense(width, "gelu") for _ in range(2)]
        self._heads = [
            layers.Dense(size, kernel_initializer="zeros")
            for size in (3, 2 * num_angles, 2 * num_ant)
        ]
        middle = (num_ant - 1) / 2
        turns = np.exp(-1j * np.pi * middle * np.sin(self.angles.angles))
        self._turns = turns.astype(np.complex64)
        self._ones = np.ones(num_angles, np.complex64)

    def build(self, input_shape=None):
        """Make the weights."""
        n = self.angles.num_angles
        self._hidden[0].build((None, 4 * n + 1 + self.num_looks))
        self._hidden[1].build((None, self.width))
        for head in self._heads:
            head.build((None, self.width))
        super().build(input_shape)

    def call(self, belief, step, no):
        """Return the weights of the next look."""
        hidden = self._features(AngleBelief(*belief), step, no)
        for layer in self._hidden:
            hidden = layer(hidden)
        law, more, direct = (head(hidden) for head in self._heads)
        p = tf.exp(belief[0])
        below = tf.cumsum(p, axis=1) - p / 2
        sharp = SHARP * tf.exp(law[:, :1])
        sign = tf.tanh(sharp * (below - 0.5 - 0.2 * law[:, 1:2]))
        # A sum of all where it is the first, or where one cell holds everything.
        sign = tf.where(step > 0, sign + LEAST_SIGN, tf.ones_like(sign))
        level = tf.maximum(belief[0] - self.angles.log_prior, _LOWEST)
        size = tf.exp(POWER * tf.exp(law[:, 2:]) * level)
        turn = _unit(belief[3] + _NO_GAIN * self._turns, each=True)
        turn = turn * _complex(more, 0.1, self._ones)
        w = _unit((tf.complex(size * sign, 0.0) * turn) @ self.angles.steering)
        return _unit(w + _complex(direct, 0.01))

    def _features(self, belief, step, no):
        n = self.angles.num_angles
        first = tf.argmax(belief.log_p, axis=1)[:, None]
        at = tf.gather(belief.gain, first, batch_dims=1)
        turn = _unit(tf.math.conj(at))
        root = tf.exp(0.5 * tf.maximum(belief.log_p, _LOWEST)) * float(np.sqrt(n))
        gain = belief.gain * turn * tf.complex(root, 0.0)
        level = tf.maximum(belief.log_p + float(np.log(n)), _LEAST) / 4
        steps = tf.one_hot(tf.fill([tf.shape(no)[0]], step), self.num_looks)
        told = [root, level, tf.math.real(gain), tf.math.imag(gain)]
        snr = -tf.math.log(no)[:, None] / 2.3
        return tf.concat([*told, snr, steps], axis=1)

    def get_config(self):
        """Return the constructor's arguments."""
        return {
            "num_ant": self.angles.num_ant,
            "num_angles": self.angles.num_angles,
            **self._ends,
            "num_looks": self.num_looks,
            "width": self.width,
            "name": self.name,
        }


def _unit(w, *, each: bool = False) -> Any:
    """Return rows, or each number, at a modulus of one."""
    size = tf.math.real(w) ** 2 + tf.math.imag(w) ** 2
    size = size if each else tf.reduce_sum(size, axis=1, keepdims=True)
    return w * tf.complex(tf.math.rsqrt(size + _TINY), 0.0)


def _complex(x, scale: float, start: Any = 0.0) -> Any:
    re, im = tf.split(scale * x, 2, axis=-1)
    return start + tf.complex(re, im)
