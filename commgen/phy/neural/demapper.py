"""Demappers of learned points, in the place of Sionna's: exact, and a network."""

from typing import Any

import keras as _keras
import numpy as np
import tensorflow as tf
from sionna.phy import Block

from commgen._checks import check_int
from commgen.frame.constellation import MAX_BITS
from commgen.phy.neural.mapper import LearnedMapper
from commgen.phy.signal.demapper import point_llr

keras: Any = _keras


class ExactDemapper(Block):
    """LLRs of a mapper's points in white noise; gradients reach the points.

    Called as :class:`sionna.phy.mapping.Demapper` with ``"app"``.

    Parameters
    ----------
    mapper
        Whose points are sent.
    precision
        As in Sionna.

    Input
    -----
    y : [..., n], complex
        Received symbols.
    no : broadcastable to ``y``, float
        Noise variance.
    prior : [num_bits_per_symbol] or broadcastable to [..., n, num_bits_per_symbol]
        LLRs of the bits that are known beforehand; None: nothing is.

    Output
    ------
    llr : [..., n * num_bits_per_symbol], float
        ln p(1) / p(0), the prior inside.
    """

    def __init__(self, mapper: LearnedMapper, *, precision: Any = None):
        super().__init__(precision=precision)
        self._mapper = mapper
        q = mapper.num_bits_per_symbol
        bits = np.arange(2**q)[:, None] >> np.arange(q)[::-1] & 1
        self._bits = tf.constant(bits, self.rdtype)

    @property
    def trainable_variables(self) -> list[Any]:
        """Nothing beyond the mapper's."""
        return []

    def call(self, y, no, prior=None):
        """Return LLRs."""
        log_p = tf.zeros((), self.rdtype)
        if prior is not None:
            # A bit's ln p(0) is common to all points.
            log_p = tf.linalg.matvec(self._bits, tf.cast(prior, self.rdtype))
        points = tf.cast(self._mapper.points(), self.cdtype)
        return _flat(point_llr(y, no, points, log_p), y)


class LearnedDemapper(Block):
    """A small network from a received symbol to the LLRs of its bits.

    It needs no model of the channel. Called as :class:`sionna.phy.mapping.Demapper`.

    Parameters
    ----------
    num_bits_per_symbol
        LLRs of a symbol, 1 to 12.
    width, depth
        Size and number of the hidden layers.
    seed
        Of the weights.
    precision
        As in Sionna.

    Input
    -----
    y : [..., n], complex
        Received symbols of about unit power.
    no : broadcastable to ``y``, float
        Noise variance, which the network is shown in decibels.
    prior
        As of :class:`ExactDemapper`. What it says of a bit is added to that bit's LLR;
        what it says of the others is not used.

    Output
    ------
    llr : [..., n * num_bits_per_symbol], float
    """

    def __init__(
        self,
        num_bits_per_symbol: int,
        *,
        width: int = 64,
        depth: int = 2,
        seed: int = 0,
        precision: Any = None,
    ):
        super().__init__(precision=precision)
        q = check_int("num_bits_per_symbol", num_bits_per_symbol, low=1, high=MAX_BITS)
        sizes = [check_int("width", width, low=1)] * check_int("depth", depth, low=1)
        self._layers = []
        for i, size in enumerate([*sizes, q]):
            start = keras.initializers.GlorotUniform(seed=1000 * seed + i)
            kind = "swish" if i < len(sizes) else None
            layer = keras.layers.Dense(
                size, kind, kernel_initializer=start, dtype=self.rdtype.name
            )
            layer.build((None, 3 if i == 0 else sizes[0]))
            self._layers.append(layer)

    @property
    def trainable_variables(self) -> list[Any]:
        """Weights of all layers."""
        return [v for layer in self._layers for v in layer.trainable_weights]

    def call(self, y, no, prior=None):
        """Return LLRs."""
        no = tf.broadcast_to(tf.cast(no, self.rdtype), tf.shape(y))
        level = tf.math.log(tf.maximum(no, 1e-12)) / np.log(10.0)
        z = tf.stack([tf.math.real(y), tf.math.imag(y), level], axis=-1)
        for layer in self._layers:
            z = layer(z)
        if prior is not None:
            z = z + tf.cast(prior, self.rdtype)
        return _flat(z, y)


def _flat(llr, y):
    """Put the bits of all symbols in one line."""
    length = y.shape[-1] * llr.shape[-1]
    return tf.reshape(llr, tf.concat([tf.shape(y)[:-1], [length]], 0))
