"""Perfect channel knowledge, the bound of every estimator."""

import tensorflow as tf
from sionna.phy import Block

from commgen.phy.signal.grid import EffectiveSubcarriers


class PerfectCSI(Block):
    """Return the true channel as if it were an estimate without error.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.

    Input
    -----
    h : [batch, num_rx, num_rx_ant, 1, num_streams, num_ofdm_symbols, fft_size], complex
        True channel.
    no
        Not used; here so that it is called as an estimator is.

    Output
    ------
    h_hat : [batch, num_rx, num_rx_ant, 1, num_streams, num_ofdm_symbols, num_effective_subcarriers], complex
        The channel on the effective subcarriers.
    err_var : [1, 1, 1, 1, 1, 1, 1], float
        Zero.
    """  # noqa: E501

    is_genie = True  # a link gives it the channel instead of what was received

    def __init__(self, resource_grid, *, precision=None):
        super().__init__(precision=precision)
        self._remove_nulled = EffectiveSubcarriers(resource_grid)

    def call(self, h, no=None):
        """Return ``h`` without the nulled subcarriers, and zero."""
        return self._remove_nulled(h), tf.zeros([1] * 7, self.rdtype)
