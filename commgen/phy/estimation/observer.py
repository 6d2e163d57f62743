"""From the received grid to what it says of the channel at each stream's pilots."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.ofdm import BaseChannelEstimator

from commgen._checks import check_noise_variance
from commgen.phy.estimation.layout import PilotLayout


class PilotObserver(BaseChannelEstimator):
    r"""Sionna channel estimator that reads each stream's own pilots.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter; see
        :meth:`~commgen.phy.estimation.layout.PilotLayout.of` for what its pilots obey.
    precision
        As in Sionna's ``BaseChannelEstimator``.

    Input
    -----
    y : [batch, num_rx, num_rx_ant, num_ofdm_symbols, fft_size], complex
        Received grid.
    no : scalar, [batch] or [batch, num_rx], float
        Noise variance.

    Output
    ------
    h_hat : [batch, num_rx, num_rx_ant, 1, num_streams, num_ofdm_symbols, num_effective_subcarriers], complex
        Channel estimate.
    err_var : broadcastable to ``h_hat``, float
        Its error variance.

    Raises
    ------
    ValueError
        If the grid is refused, ``y`` or ``no`` do not have these shapes, or ``no`` is
        known before the graph runs and neither 0 nor from 1e-15 to 1e15.
    """  # noqa: E501

    def __init__(self, resource_grid, *, precision=None):
        layout = PilotLayout.of(resource_grid)
        no_interpolator: Any = None  # Sionna's would be built at a high cost
        super().__init__(resource_grid, no_interpolator, precision=precision)
        self._layout = layout
        self._grid_shape = (resource_grid.num_ofdm_symbols, resource_grid.fft_size)
        symbols, subcarriers = layout.symbols[:, :, None], layout.subcarriers
        #: Where each stream's pilots are among the received, and the effective ones
        self._received_ind = (
            symbols * resource_grid.fft_size
            + layout.frequencies[subcarriers][:, None, :]
        )
        self._own_ind = symbols * len(layout.frequencies) + subcarriers[:, None, :]
        self._matched = np.conj(layout.pilots) / np.abs(layout.pilots) ** 2

    def matched_pilots(self, y, no):
        r"""Divide the received pilots by what each stream sent there.

        Returns
        -------
        y_pilots : [batch, num_rx, num_rx_ant, num_streams, num_symbols, num_pilot_subcarriers], complex
            :math:`h + n`, plus the other streams of the group where there are any.
        no : scalar, [batch] or [batch, num_rx], float
            Variance of :math:`n`.
        """  # noqa: E501
        self._check(y, no)
        y_flat = tf.reshape(y, tf.concat([tf.shape(y)[:3], [-1]], 0))
        y_pilots = tf.gather(y_flat, self._received_ind, axis=-1)
        y_pilots = y_pilots * tf.constant(self._matched, y_pilots.dtype)
        return y_pilots, tf.cast(no, self.rdtype) / self._layout.power

    def _check(self, y, no):
        if len(y.shape) != 5 or tuple(y.shape[3:]) != self._grid_shape:
            raise ValueError(
                "y must be [batch, num_rx, num_rx_ant, num_ofdm_symbols, fft_size] "
                f"and end in {self._grid_shape}, as the grid, got {tuple(y.shape)}."
            )
        rank = len(np.shape(no))
        if rank > 2:
            raise ValueError(
                f"no must be a scalar, [batch] or [batch, num_rx], got rank {rank}."
            )
        known = tf.get_static_value(tf.convert_to_tensor(no))
        if known is not None:  # a graph is told before it runs, or not at all
            check_noise_variance("no", known, zero=True)


def expand_noise(no, rank: int):
    """Append axes of length one to ``no`` (rank 0 to 2) up to ``rank``."""
    no = tf.convert_to_tensor(no)
    ones = tf.ones(rank - no.shape.rank, tf.int32)
    return tf.reshape(no, tf.concat([tf.shape(no), ones], 0))
