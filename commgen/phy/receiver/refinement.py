"""From the decoder back to the channel: one estimate from data that are half known."""

from typing import Any

import numpy as np

from commgen.phy.receiver.soft_grid import SoftGrid
from commgen.phy.signal.soft_symbols import soft_symbols


class Refinement:
    """Estimate the channel again from the LLRs of the coded bits.

    Parameters
    ----------
    resource_grid : ResourceGrid
        Grid with one transmitter.
    symbols
        That the data were mapped to, as :func:`~commgen.phy.signal.soft_symbols` takes
        them.
    refine
        As in :class:`~commgen.phy.receiver.EstimatorReceiver`.
    """

    def __init__(self, resource_grid: Any, symbols: Any, refine: Any):
        self._grid = SoftGrid(resource_grid)
        self._symbols = symbols
        self._refine = refine

    def __call__(self, y, no, llr, h_hat, err_var) -> tuple[np.ndarray, np.ndarray]:
        """Return the new estimate and its error variance.

        Parameters
        ----------
        y : [batch, 1, num_rx_ant, num_ofdm_symbols, fft_size], complex
            Received grid.
        no : float
            Noise variance.
        llr : [batch, num_streams, num_data_symbols * num_bits_per_symbol], float
            Of each stream's bits, ln p(1) / p(0), in the order of its symbols.
        h_hat, err_var
            Last estimate, as of an estimator; ``err_var`` of the whole shape.

        Returns
        -------
        h_hat, err_var : [batch, 1, num_rx_ant, 1, num_streams, num_ofdm_symbols, num_effective_subcarriers], complex64 and float32
        """  # noqa: E501
        x_mean, x_var = self._grid.place(*soft_symbols(llr, self._symbols))
        h_power = np.abs(h_hat) ** 2 + err_var
        h_hat, err_var = self._refine(
            y[:, 0][..., self._grid.subcarriers],
            no,
            x_mean,
            x_var,
            h_power[:, 0, :, 0],
        )
        return h_hat[:, None, :, None], err_var[:, None, :, None]
