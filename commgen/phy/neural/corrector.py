"""A network between equaliser and decoder of a slot without pilots."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.frame.constellation import Constellation
from commgen.phy.neural.pilotless import features
from commgen.phy.signal.demapper import demap
from commgen.phy.signal.grid import EffectiveSubcarriers


class LLRCorrector:
    """Correct the exact LLRs of equalised symbols by a network that sees the grid.

    The ``correct`` of an :class:`~commgen.phy.receiver.EstimatorReceiver`.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid of one stream without pilots.
    network : ReceiverNetwork
        Of a :class:`~commgen.phy.neural.pilotless.PilotlessSystem`.
    constellation
        The points that it learned with.

    Raises
    ------
    ValueError
        If the grid has pilots, or the network is for points of another size.
    """

    def __init__(self, resource_grid: Any, network: Any, constellation: Constellation):
        if int(resource_grid.pilot_pattern.num_pilot_symbols):
            raise ValueError("resource_grid must have no pilots for this network.")
        if network.num_bits_per_symbol != constellation.num_bits_per_symbol:
            raise ValueError(
                f"network must be for the {constellation.num_bits_per_symbol} bits of "
                f"a symbol, got {network.num_bits_per_symbol}."
            )
        self._used = EffectiveSubcarriers(resource_grid)
        self._points = constellation
        self._network = network
        self._graph = tf.function(self._call, autograph=False, reduce_retracing=True)

    def __call__(self, y, no, h_hat, err_var, x_hat, no_eff) -> np.ndarray:
        """Return LLRs, [batch, 1, 1, num_data_symbols * num_bits_per_symbol].

        Parameters
        ----------
        y : [batch, 1, 1, num_ofdm_symbols, fft_size], complex
            Received grid.
        no : scalar, float
            Noise variance.
        h_hat, err_var
            As of an estimator; the second is in ``no_eff`` already.
        x_hat, no_eff : [batch, 1, 1, num_data_symbols]
            Equalised symbols and their noise variance.
        """
        no = tf.constant(float(no), tf.float32)
        return self._graph(
            tf.constant(y), no, tf.constant(h_hat), x_hat, no_eff
        ).numpy()

    def _call(self, y, no, h_hat, x_hat, no_eff):
        y = self._used(y)[:, 0, 0]
        shape = tf.shape(y)
        x_hat, no_eff = (tf.reshape(v, shape) for v in (x_hat, no_eff))
        llr = demap(tf.expand_dims(x_hat, -1), tf.expand_dims(no_eff, -1), self._points)
        llr = self._network(features(y, tf.reshape(h_hat, shape), x_hat, no, llr))
        return tf.reshape(llr, [shape[0], 1, 1, -1])
