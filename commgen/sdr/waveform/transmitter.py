"""From bits to the samples of frames."""

import numpy as np

from commgen.frame.frame import Frame
from commgen.sdr.waveform.code import transport_block
from commgen.sdr.waveform.ofdm import modulate
from commgen.sdr.waveform.preamble import preamble_symbol

#: Zeros behind each frame, a symbol without prefix: what a receiver may take to tune.
GAP = 128


class FrameTransmitter:
    """Encode, map, put pilots in place, modulate; preamble in front, gap behind.

    Parameters
    ----------
    frame
        What is sent.

    Attributes
    ----------
    k : int
        Information bits of a frame.
    num_samples : int
        Samples of a frame, preamble and gap included.

    Examples
    --------
    >>> transmit = FrameTransmitter(Frame())
    >>> transmit.samples(np.zeros((3, transmit.k), np.uint8)).shape
    (3, 2183)
    """

    def __init__(self, frame: Frame):
        self.frame = frame
        self._block = transport_block(frame)
        self.k = self._block.tbs
        self._points = frame.points
        bits = np.arange(frame.num_bits_per_symbol)[::-1]
        self._place_values = (1 << bits).astype(np.uint8)
        self._preamble = preamble_symbol(frame)[frame.subcarrier_index]
        self._on_air = (frame.num_ofdm_symbols + 1) * frame.symbol_length
        self.num_samples = self._on_air + GAP

    def samples(self, bits: np.ndarray) -> np.ndarray:
        """Return the samples of ``bits``.

        Parameters
        ----------
        bits : [n, k], uint8
            Zeros and ones.

        Returns
        -------
        [n, num_samples], complex64
            Of unit mean power where the frame is, and zero in the gap.
        """
        grid = self.grid(bits)
        out = np.zeros((len(grid), self.num_samples), np.complex64)
        with_preamble = np.empty((len(grid), grid.shape[1] + 1, grid.shape[2]), "c8")
        with_preamble[:, 0], with_preamble[:, 1:] = self._preamble, grid
        symbols = modulate(self.frame, with_preamble)
        out[:, : self._on_air] = symbols.reshape(len(grid), -1)
        return out

    def grid(self, bits: np.ndarray) -> np.ndarray:
        """Return the grids of ``bits``, [n, num_ofdm_symbols, num_subcarriers]."""
        coded = self._block.encode(bits)
        return self.grid_of(coded)

    def grid_of(self, coded_bits: np.ndarray) -> np.ndarray:
        """Return the grids of coded bits, [n, num_coded_bits], pilots in place."""
        frame = self.frame
        labels = coded_bits.reshape(len(coded_bits), -1, frame.num_bits_per_symbol)
        grid = np.empty((len(labels), frame.pilot_mask.size), np.complex64)
        grid[:, frame.data_ind] = self._points[labels @ self._place_values]
        grid[:, frame.pilot_mask.ravel()] = frame.pilots.ravel()
        return grid.reshape(len(grid), *frame.grid_shape)
