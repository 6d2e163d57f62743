"""Data that are spread over the subcarriers of their OFDM symbol."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen.waveform.dft_spread import spread_symbols

_TINY = 1e-20


class Spreading:
    """DFT over the data of each OFDM symbol, and its inverse behind an equaliser.

    Parameters
    ----------
    link : LinkConfig
        Whose OFDM symbols have either pilots or data.
    """

    def __init__(self, link: Any):
        self._num = link.num_effective_subcarriers

    def spread(self, x: np.ndarray) -> np.ndarray:
        """Return what subcarriers hold for data [..., num_data_symbols], complex64."""
        symbols = x.reshape(*x.shape[:-1], -1, self._num)
        return spread_symbols(symbols).reshape(x.shape)

    def despread(self, x_hat, no_eff) -> tuple[tf.Tensor, tf.Tensor]:
        r"""Return unbiased data, and the variance of what is left in them.

        Subcarriers are weighted by :math:`g_k = 1 / (1 + v_k)` before the inverse DFT,
        which makes their least squared error estimates of unbiased ones; a datum then
        has the gain :math:`\bar g`, the mean of them, and the variance
        :math:`1 / \bar g - 1` once that is divided out (single-carrier equalisation in
        the frequency domain: Falconer et al., IEEE Commun. Mag. 40, 2002).

        Parameters
        ----------
        x_hat : [batch, 1, num_streams, num_data_symbols], complex
            Unbiased symbols of the subcarriers.
        no_eff : as ``x_hat``, float
            v, variance of what is left in them.
        """
        shape = tf.shape(x_hat)
        rows = tf.concat([shape[:-1], [-1, self._num]], axis=0)
        gain = 1 / (1 + tf.reshape(no_eff, rows))
        mean = tf.maximum(tf.reduce_mean(gain, axis=-1, keepdims=True), _TINY)
        weighted = tf.cast(gain / mean, x_hat.dtype) * tf.reshape(x_hat, rows)
        root = tf.cast(self._num**0.5, x_hat.dtype)
        x = root * tf.signal.ifft(tf.signal.ifftshift(weighted, axes=-1))
        left = tf.broadcast_to(1 / mean - 1, tf.shape(weighted))
        return tf.reshape(x, shape), tf.reshape(left, shape)
