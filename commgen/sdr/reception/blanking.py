"""LMMSE with blanking: the plain answer to bursts of interference."""

import numpy as np

from commgen.frame.frame import Frame
from commgen.frame.llr import data_llr, demap, equalize
from commgen.frame.repaired import RepairedLMMSE, mean_of_three
from commgen.sdr.reception.slots import Measured, SlotReception

#: Residual power from which on a symbol counts as hit, over what noise and estimate
#: explain; chosen on frames of other seeds than those that benchmarks draw.
LIMIT = 2.0


class Blanking:
    """Repaired LMMSE that tells nothing of symbols which a burst has hit.

    Data symbols whose residual from the nearest point of the constellation is too
    large, on average over three symbols and three carriers, get LLRs of zero (Zhidkov,
    "Analysis and comparison of several simple impulsive noise mitigation schemes for
    OFDM receivers", IEEE Trans. Commun. 56(1), 2008).

    Parameters
    ----------
    frame
        The grid.
    limit
        Residual power, relative to what noise and estimate explain.
    """

    name = "blanking"

    def __init__(self, frame: Frame, *, limit: float = LIMIT):
        self.frame, self._estimate = frame, RepairedLMMSE(frame)
        self._limit = limit
        self._points = frame.points

    def receive(
        self, y: np.ndarray, no: np.ndarray, measured: Measured | None = None
    ) -> SlotReception:
        """Receive slots, as a :class:`~.slots.SlotReceiver`."""
        frame = self.frame
        h_hat, err_var = self._estimate(y, no)
        x_hat, no_eff = equalize(y, h_hat, no[:, None, None] + err_var)
        error = np.abs(x_hat[..., None] - self._points).min(-1) ** 2 / no_eff
        near = mean_of_three(error * ~frame.pilot_mask, axis=1)
        llr = demap(x_hat, no_eff, frame.symbols)
        llr[mean_of_three(near, axis=2) > self._limit] = 0
        return SlotReception(h_hat, data_llr(frame, llr), (self.name,) * len(y))
