"""LMMSE that replaces pilots which a burst has hit, and what a network is shown."""

import numpy as np
from numpy.typing import ArrayLike

from commgen.frame.features import receiver_features
from commgen.frame.frame import Frame
from commgen.frame.lmmse import LMMSE

#: Residual at a pilot over the noise, mean of three carriers, from which on it counts
#: as hit; chosen on frames of other seeds than those that benchmarks draw.
LIMIT = 3.0
_ROUNDS = 3
#: Greatest part of a received symbol that a network is shown.
_MAX_Y = 4.0


class RepairedLMMSE(LMMSE):
    """Robust LMMSE from the pilots that no burst has hit.

    Where the residual of the pilots is more than noise explains, on average over three
    neighbouring carriers of a symbol, these are replaced by what the estimate says, and
    it is made again, three times: the estimate so comes to rest on the others. Frames
    without such pilots are estimated once, as by :class:`~commgen.frame.lmmse.LMMSE`.

    Parameters
    ----------
    frame, time, frequency
        As in :class:`~commgen.frame.lmmse.LMMSE`.
    limit
        Residual power over the noise variance.
    """

    name = "repaired"

    def __init__(
        self,
        frame: Frame,
        time: np.ndarray | None = None,
        frequency: np.ndarray | None = None,
        *,
        limit: float = LIMIT,
    ):
        super().__init__(frame, time, frequency)
        self._limit = limit

    def _estimate(self, y, no):
        h_hat, err_var = super()._estimate(y, no)
        no = np.broadcast_to(no, len(y))
        rows = self._suspects(y, h_hat, no)
        if len(rows):
            h_hat[rows] = self._repaired(y[rows], h_hat[rows], no[rows])
        return h_hat, err_var

    def _suspects(self, y, h_hat, no):
        return np.flatnonzero(self._hit(y, h_hat, no).any((1, 2)))

    def _repaired(self, y, h_hat, no):
        frame, seen = self.frame, y.copy()
        places = np.ix_(np.arange(len(y)), frame.pilot_rows, frame.pilot_subcarriers)
        for _ in range(_ROUNDS):
            hit = self._hit(y, h_hat, no)
            expected = h_hat[places] * frame.pilots
            seen[places] = np.where(hit, expected, y[places])
            h_hat, _ = super()._estimate(seen, no)
        return h_hat

    def _hit(self, y, h_hat, no):
        """Return which pilots a burst has hit, as :meth:`matched_pilots`."""
        rows, step = self.frame.pilot_rows, self.frame.pilot_subcarrier_step
        error = y[:, rows, ::step] - h_hat[:, rows, ::step] * self.frame.pilots
        power = (error.real**2 + error.imag**2) / no[:, None, None]
        return mean_of_three(power, axis=2) > self._limit


def repaired_features(
    frame: Frame,
    y: np.ndarray,
    h_hat: np.ndarray,
    err_var: np.ndarray,
    no: ArrayLike,
) -> np.ndarray:
    """Return the input of a receiver network that bursts must not blind.

    As :func:`~commgen.frame.features.receiver_features`, but what was received is held
    within 4, and pilots are shown over what was sent, so that their error is seen; they
    have no LLRs.

    Parameters
    ----------
    frame, y, h_hat, err_var, no
        As there, the estimate of :class:`RepairedLMMSE`.
    """
    z = receiver_features(frame, y, h_hat, err_var, no)
    places = np.ix_(np.arange(len(z)), frame.pilot_rows, frame.pilot_subcarriers)
    shown = z[places]
    for first in (2, 6):  # received, equalised
        pair = shown[..., first : first + 2].view(np.complex64)
        pair *= frame.pilots.conj()[..., None]
    shown[..., 8:] = 0
    z[places] = shown
    np.clip(z[..., 2:4], -_MAX_Y, _MAX_Y, out=z[..., 2:4])
    return z


def mean_of_three(x: np.ndarray, *, axis: int) -> np.ndarray:
    """Return the mean of each entry and its neighbours; the ends count twice.

    Examples
    --------
    >>> mean_of_three(np.array([3.0, 0, 0, 6]), axis=0).tolist()
    [2.0, 1.0, 2.0, 4.0]
    """
    pad = [(0, 0)] * x.ndim
    pad[axis] = (1, 1)
    wide = np.pad(x, pad, mode="edge")
    places = np.arange(x.shape[axis])
    first, middle, last = (np.take(wide, places + k, axis) for k in range(3))
    return (first + middle + last) / 3
