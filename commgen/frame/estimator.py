"""Channel estimators of a radio host: received grids in, channel and doubt out."""

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import ArrayLike

from commgen._checks import check_noise_variance
from commgen.frame.frame import Frame


class FrameEstimator(ABC):
    """Estimate the channel of the whole slot from its pilots.

    Parameters
    ----------
    frame
        The grid.

    Attributes
    ----------
    name : str
        What reports call it.

    Input
    -----
    y : [batch, num_ofdm_symbols, num_effective_subcarriers], complex64
        Received grids.
    no : scalar or [batch], float
        Noise variance.

    Output
    ------
    h_hat : [batch, num_ofdm_symbols, num_effective_subcarriers], complex64
        Channel estimate.
    err_var : [batch or 1, num_ofdm_symbols, num_effective_subcarriers], float32
        Its error variance.

    Raises
    ------
    ValueError
        If ``y`` or ``no`` do not have these shapes, or ``no`` is negative.
    """

    name: str

    def __init__(self, frame: Frame):
        self.frame = frame
        pilots = frame.pilots
        self._matched = (pilots.conj() / np.abs(pilots) ** 2).astype(np.complex64)

    def __call__(self, y: np.ndarray, no: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Return ``h_hat`` and ``err_var``."""
        y, no = self._checked(y, no)
        return self._estimate(y, no)

    @abstractmethod
    def _estimate(self, y, no) -> tuple[np.ndarray, np.ndarray]:
        """Return ``h_hat`` and ``err_var``; ``no`` is float32 [batch or 1]."""

    def matched_pilots(self, y: np.ndarray) -> np.ndarray:
        """Return received over sent pilots, [batch, num_pilot_symbols, num_pilots]."""
        frame = self.frame
        y = y[:, frame.pilot_rows, :: frame.pilot_subcarrier_step]
        return y * self._matched

    def _checked(self, y, no) -> tuple[np.ndarray, np.ndarray]:
        y = np.asarray(y)
        if y.ndim != 3 or y.shape[1:] != self.frame.grid_shape or y.dtype.kind != "c":
            raise ValueError(
                "y must be complex [batch, num_ofdm_symbols, num_effective_subcarriers]"
                f" and end in {self.frame.grid_shape}, as the frame, got {y.dtype} "
                f"{y.shape}."
            )
        no = check_noise_variance("no", no, zero=True).astype(np.float32)
        if no.shape not in ((), (1,), (len(y),)):
            raise ValueError(f"no must be a scalar or [{len(y)}], got {no.shape}.")
        return np.asarray(y, np.complex64), no.reshape(-1)
