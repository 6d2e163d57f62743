"""Received frames for a neural receiver to learn from, without a link."""

import numpy as np

from commgen.frame.frame import Frame
from commgen.frame.received import FrameConditions, receive_grids
from commgen.frame.repaired import RepairedLMMSE, repaired_features


class FrameExamples:
    """Features of received frames, and the bits that were sent.

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
        self._h, self._frame, self._conditions = h, frame, conditions
        self._estimate = RepairedLMMSE(frame)

    def __call__(self, rng, rows) -> tuple[np.ndarray, np.ndarray]:
        """Return features and bits."""
        frame = self._frame
        seen = receive_grids(self._h[rows], frame, self._conditions, rng)
        h_hat, err_var = self._estimate(seen.y, seen.no)
        z = repaired_features(frame, seen.y, h_hat, err_var, seen.no)
        q = frame.num_bits_per_symbol
        bits = np.zeros((len(rows), frame.pilot_mask.size, q), np.float32)
        bits[:, frame.data_ind] = seen.bits.reshape(len(rows), -1, q)
        return z, bits.reshape(-1, *frame.grid_shape, q)
