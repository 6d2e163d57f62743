"""A neural receiver of an OFDM slot: received grid in, LLRs out."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.estimation.ls import LSEstimator
from commgen.phy.ofdm.symbols import symbols_of
from commgen.phy.receiver.soft_grid import SoftGrid
from commgen.phy.signal.demapper import demap
from commgen.phy.signal.equalizer import lmmse_equalize
from commgen.phy.signal.grid import EffectiveSubcarriers

_MAX_LLR = 20.0  # of the plain receiver; more is certain
_MAX_SYMBOL = 3.0  # of its symbols, in deep fades


class ReceiverFeatures:
    """What a neural receiver is shown of a slot, and the LLRs that it corrects.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid of one stream.
    link : LinkConfig
        The slot.

    Raises
    ------
    ValueError
        If there are several streams.
    """

    def __init__(self, resource_grid: Any, link: Any):
        if link.num_streams != 1:
            raise ValueError(
                "link.num_streams must be 1 for a neural receiver, which shows one "
                f"stream's symbols to its network, got {link.num_streams}."
            )
        self._estimate = LSEstimator(
            resource_grid, time_interpolation=link.time_interpolation
        )
        self._remove_nulled = EffectiveSubcarriers(resource_grid)
        self.num_bits, self._symbols = link.num_bits_per_symbol, symbols_of(link)
        grid = SoftGrid(resource_grid)
        self.data_ind = grid.data_ind[0]
        data = np.zeros(grid.pilots[0].size, np.float32)
        data[self.data_ind] = 1
        self._data = data.reshape(1, *grid.pilots[0].shape, 1)

    def __call__(self, y, no):
        """Return features and estimate.

        Parameters
        ----------
        y : [batch, 1, num_rx_ant, num_ofdm_symbols, fft_size], complex
            Received grid.
        no : scalar or [batch], float
            Noise variance.

        Returns
        -------
        z : [batch, num_ofdm_symbols, num_effective_subcarriers, 4 * num_rx_ant + 4 + num_bits_per_symbol], float
            Input of :class:`~commgen.phy.neural.network.ReceiverNetwork`.
        h_hat, err_var
            Of least squares.
        """  # noqa: E501
        h_hat, err_var = self._estimate(y, no)
        y = self._remove_nulled(y)[:, 0]
        h = h_hat[:, 0, :, 0]
        no = tf.reshape(tf.cast(no, tf.float32), [-1, 1, 1, 1])
        s = tf.broadcast_to(no + err_var[:, 0, :, 0, 0], tf.shape(y))
        x_hat, no_eff = (v[:, 0] for v in lmmse_equalize(y, h, s))
        llr = demap(x_hat[..., None], no_eff[..., None], self._symbols)
        parts = [_pairs(y), _pairs(h[:, :, 0]), _pairs(x_hat[:, None])]
        parts[2] = tf.clip_by_value(parts[2], -_MAX_SYMBOL, _MAX_SYMBOL)
        shape = tf.concat([tf.shape(x_hat), [1]], 0)
        level = tf.broadcast_to(tf.math.log(no), shape) / np.log(10.0)
        data = tf.broadcast_to(tf.constant(self._data), shape)
        llr = tf.clip_by_value(llr, -_MAX_LLR, _MAX_LLR)
        return tf.concat([data, level, *parts, llr], -1), h_hat, err_var


def _pairs(x):
    """Real and imaginary parts of [batch, num, T, F] as the last axis."""
    x = tf.transpose(x, [0, 2, 3, 1])
    return tf.concat([tf.math.real(x), tf.math.imag(x)], -1)


class NeuralReceiver:
    """Receiver with a trained network, in the place of an estimator of a link.

    Parameters
    ----------
    resource_grid, link
        As in :class:`ReceiverFeatures`.
    network : ReceiverNetwork
        Trained for this slot.

    Raises
    ------
    ValueError
        If the network is for another modulation.
    """

    def __init__(self, resource_grid: Any, link: Any, network: Any):
        self._features = ReceiverFeatures(resource_grid, link)
        if network.num_bits_per_symbol != link.num_bits_per_symbol:
            raise ValueError(
                "network must be for link.num_bits_per_symbol = "
                f"{link.num_bits_per_symbol}, got {network.num_bits_per_symbol}."
            )
        self._network = network

    def receive(self, y, no):
        """Return an estimate and LLRs.

        Parameters
        ----------
        y, no
            As in :class:`ReceiverFeatures`.

        Returns
        -------
        h_hat, err_var
            Of least squares: the network estimates no channel.
        llr : [batch, 1, 1, num_data_symbols * num_bits_per_symbol], float
            ln p(1) / p(0).
        """
        z, h_hat, err_var = self._features(y, no)
        num_bits = self._features.num_bits
        llr = tf.reshape(self._network(z), [tf.shape(z)[0], -1, num_bits])
        llr = tf.gather(llr, self._features.data_ind, axis=1)
        return h_hat, err_var, tf.reshape(llr, [tf.shape(z)[0], 1, 1, -1])
