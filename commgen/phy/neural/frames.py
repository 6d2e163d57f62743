"""Received frames for a neural receiver to learn from, without a link."""

import numpy as np

from commgen.frame.frame import Frame
from commgen.frame.received import FrameConditions, at_unit_level, receive_grids
from commgen.frame.repaired import RepairedLMMSE, repaired_features


class FrameExamples:
    """Features of received frames, and the bits that were sent.

    A radio host scales each frame to about unit power, and so do these: the SNR is that
    of the frame, whatever the fading.

    Parameters
    ----------
    h, frame, conditions
        As in :func:`~commgen.frame.received.receive_grids`.

    Input
    -----
    rng : numpy.random.Generator
    rows : [batch], int
        Which channels.

    Output
    ------
    z : [batch, *grid_shape, num_features], float32
        Of :func:`~commgen.frame.repaired.repaired_features`, by
        :class:`~commgen.frame.repaired.RepairedLMMSE`.
    bits : [batch, *grid_shape, num_bits_per_symbol], float32
        Zero where pilots are.
    """

    def __init__(self, h: np.ndarray, frame: Frame, conditions: FrameConditions):
        power = np.mean(np.abs(h) ** 2, axis=(1, 2), keepdims=True)
        self._h = (h / np.sqrt(power)).astype(np.complex64)
        self._frame, self._conditions = frame, conditions
        self._estimate = RepairedLMMSE(frame)

    def __call__(self, rng, rows) -> tuple[np.ndarray, np.ndarray]:
        """Return features and bits."""
        frame = self._frame
        seen = receive_grids(self._h[rows], frame, self._conditions, rng)
        seen = at_unit_level(seen, frame)
        h_hat, err_var = self._estimate(seen.y, seen.no)
        z = repaired_features(frame, seen.y, h_hat, err_var, seen.no)
        q = frame.num_bits_per_symbol
        bits = np.zeros((len(rows), frame.pilot_mask.size, q), np.float32)
        bits[:, frame.data_ind] = seen.bits.reshape(len(rows), -1, q)
        return z, bits.reshape(-1, *frame.grid_shape, q)
