"""One slot of a PUSCH: from coded bits to the grid, and from the grid to their LLRs."""

from typing import Any

import numpy as np
import tensorflow as tf
from sionna.phy.mapping import Constellation

from commgen.phy.nr.scrambling import pusch_scrambling
from commgen.phy.signal.demapper import demap
from commgen.phy.signal.equalizer import FewStreamsLMMSEEqualizer


class PuschTransmitter:
    """Coded bits to the resource grid of each layer.

    Scrambling (TS 38.211 6.3.1.1), modulation (6.3.1.2), layers (6.3.1.3) and mapping
    to resource elements (6.3.1.6); layer l is sent by antenna l.

    Parameters
    ----------
    config : PuschConfig
        The PUSCH.
    resource_grid : ResourceGrid
        Its grid.
    """

    def __init__(self, config: Any, resource_grid: Any):
        self._num_layers = config.num_layers
        self._num_bits = config.num_bits_per_symbol
        self._scrambling = pusch_scrambling(
            config.num_coded_bits, rnti=config.rnti, n_id=config.cell_id
        )
        self._points = np.asarray(Constellation("qam", self._num_bits).points)
        mask = np.asarray(resource_grid.pilot_pattern.mask)[0].astype(bool)
        self._pilots = np.zeros(mask.shape, np.complex64)
        for layer, values in enumerate(resource_grid.pilot_pattern.pilots.numpy()[0]):
            self._pilots[layer][mask[layer]] = values
        self._data_ind = np.flatnonzero(~mask[0])

    def __call__(self, coded_bits: np.ndarray) -> np.ndarray:
        """Return the grids of a batch.

        Parameters
        ----------
        coded_bits : [batch, num_coded_bits], uint8
            Codewords.

        Returns
        -------
        x : [batch, num_layers, num_ofdm_symbols, num_subcarriers], complex64
            Data symbols of unit mean energy, DMRS of energy 2.
        """
        bits = (coded_bits ^ self._scrambling).reshape(len(coded_bits), -1)
        bits = bits.reshape(len(bits), -1, self._num_bits)
        index = np.zeros(bits.shape[:2], np.intp)
        for bit in range(self._num_bits):  # the first bit is the most significant
            index = 2 * index + bits[..., bit]
        symbols = self._points[index].reshape(len(bits), -1, self._num_layers)
        x = np.tile(self._pilots, (len(bits), 1, 1, 1))
        flat = x.reshape(len(bits), self._num_layers, -1)
        flat[:, :, self._data_ind] = symbols.swapaxes(1, 2)
        return x


class PuschReceiver:
    """Received grid and channel estimate to LLRs of the coded bits.

    LMMSE equaliser, exact demapper, layers back to one codeword, descrambling.

    Parameters
    ----------
    config : PuschConfig
        The PUSCH.
    resource_grid : ResourceGrid
        Its grid.
    jit_compile
        Compile the demapper with XLA.
    """

    def __init__(self, config: Any, resource_grid: Any, *, jit_compile: bool = True):
        self.num_bits_per_symbol = config.num_bits_per_symbol
        self._num_layers = config.num_layers
        self._num_symbols = config.num_layers * config.num_data_symbols
        scrambling = pusch_scrambling(
            config.num_coded_bits, rnti=config.rnti, n_id=config.cell_id
        )
        self._sign = 1 - 2 * scrambling.astype(np.float32)
        self._equalize = tf.function(
            FewStreamsLMMSEEqualizer(resource_grid), autograph=False
        )
        self._demap = tf.function(
            self._demap_layers, autograph=False, jit_compile=jit_compile
        )

    def __call__(self, y, h_hat, err_var, no) -> np.ndarray:
        """Return LLRs, ln p(1) / p(0).

        Parameters
        ----------
        y : [batch, 1, num_rx_ant, num_ofdm_symbols, num_subcarriers], complex
            Received grid.
        h_hat, err_var
            What an estimator made of it.
        no : scalar, float
            Noise variance; every layer has unit energy.

        Returns
        -------
        llr : [batch, num_coded_bits], float32
        """
        x_hat, no_eff = self._equalize(y, h_hat, err_var, no)
        return self._demap(x_hat, no_eff).numpy() * self._sign

    def layer_llr(self, llr: np.ndarray) -> np.ndarray:
        """Scramble LLRs of the coded bits, and line them up with each layer's symbols.

        Parameters
        ----------
        llr : [batch, num_coded_bits], float32
            As of :meth:`__call__`.

        Returns
        -------
        [batch, num_layers, num_data_symbols * num_bits_per_symbol], float32
        """
        parts = (llr * self._sign).reshape(
            len(llr), -1, self._num_layers, self.num_bits_per_symbol
        )
        return parts.swapaxes(1, 2).reshape(len(llr), self._num_layers, -1)

    def _demap_layers(self, x_hat, no_eff):
        flat = [tf.shape(x_hat)[0], self._num_symbols]
        x_hat, no_eff = (
            tf.reshape(tf.transpose(v[:, 0], [0, 2, 1]), flat) for v in (x_hat, no_eff)
        )
        return demap(x_hat, no_eff, self.num_bits_per_symbol)
