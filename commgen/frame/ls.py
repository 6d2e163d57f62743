"""Least squares at the pilots, interpolated linearly."""

import numpy as np

from commgen.frame.estimator import FrameEstimator
from commgen.frame.frame import Frame
from commgen.frame.interpolation import linear_weights


class LeastSquares(FrameEstimator):
    r"""Received over sent pilots, interpolated linearly and held outside of them.

    The numbers of :class:`~commgen.phy.LSEstimator`, error variance included, which is
    that of a weighted sum of independent errors.

    Parameters
    ----------
    frame
        The grid; its ``time_interpolation`` tells what becomes of the pilot symbols.

    Input, Output
    -------------
    As in :class:`~commgen.frame.estimator.FrameEstimator`.
    """

    name = "ls"

    def __init__(self, frame: Frame):
        super().__init__(frame)
        slot = np.arange(frame.num_ofdm_symbols)
        if frame.time_interpolation == "average":
            num = len(frame.pilot_rows)
            time = np.full((num, len(slot)), 1 / num, np.float32)
        else:
            time = linear_weights(frame.pilot_rows, slot)
        places = frame.subcarriers
        frequency = linear_weights(places[frame.pilot_subcarriers], places)
        self._time = np.ascontiguousarray(time.T)
        self._frequency = None if frame.pilot_subcarrier_step == 1 else frequency
        self._share = np.einsum("pt,qf->tf", time**2, frequency**2)

    def _estimate(self, y, no):
        h = self.matched_pilots(y)
        if self._frequency is not None:
            h = h @ self._frequency
        # Real weights on real and imaginary parts, which lie side by side.
        pairs = np.ascontiguousarray(h).view(np.float32)
        h_hat = (self._time @ pairs).view(np.complex64)
        return h_hat, no[:, None, None] * self._share
