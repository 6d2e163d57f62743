"""Tones that carry no data, only what cancels peaks."""

from typing import Any

import numpy as np

from commgen.waveform.amplifier import Limiter
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.peaks import cancel_peaks, check_reducer
from commgen.waveform.tones import ToneWaveform


class ToneReservation(ToneWaveform):
    """Tone reservation, as Tellado has it.

    *Peak to average power reduction for multicarrier modulation*, PhD thesis, Stanford,
    1999, ch. 4. The data tones hold the data bit for bit; the receiver drops the
    others. Their power comes on top of that of the data, (K - R) / K for R reserved of
    K tones.

    Parameters
    ----------
    ofdm
        All tones.
    reserved : [num_reserved], int
        Which of them are reserved, 0 being the lowest frequency; spread irregularly
        they make the sharpest pulses.
    clip_db
        Power that peaks shall not exceed, over the mean power 1.
    num_iterations
        Steps of :func:`~commgen.waveform.peaks.cancel_peaks`.

    Raises
    ------
    TypeError, ValueError
        If the tones are none of ``ofdm``'s, coincide, or leave none for data, or as
        :class:`~commgen.waveform.clipping.ClippedWaveform`.
    """

    def __init__(
        self, ofdm: CpOfdm, reserved: Any, clip_db: float, num_iterations: int = 30
    ):
        self.reserved = check_places("reserved", reserved, ofdm.num_subcarriers)
        self._is_data = np.ones(ofdm.num_subcarriers, bool)
        self._is_data[self.reserved] = False
        super().__init__(ofdm, int(self._is_data.sum()))
        self.num_iterations = check_reducer(ofdm, num_iterations)
        self._clip = Limiter(clip_db)

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`."""
        grid = self._check_grid(grid)
        tones = np.zeros((*grid.shape[:-1], len(self._is_data)), complex)
        tones[..., self._is_data] = grid
        mask = ~self._is_data
        added = cancel_peaks(
            self.ofdm, tones, lambda x: x * mask, self._clip, self.num_iterations
        )
        tones[..., mask] = added[..., mask]
        return tones

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`; the exact inverse."""
        return tones[..., self._is_data]


def check_places(name: str, places: Any, num: int) -> np.ndarray:
    """Return distinct places below ``num``, at least one and not all, or raise."""
    places = np.asarray(places)
    if places.dtype.kind not in "iu" or places.ndim != 1:
        raise TypeError(f"{name} must be whole numbers [n], got {places!r:.60}.")
    inside = len(places) and places.min() >= 0 and places.max() < num
    if not inside or len(np.unique(places)) < len(places) or len(places) >= num:
        raise ValueError(
            f"{name} must be distinct places among 0..{num - 1}, at least one and not "
            f"all, got {places.tolist()!r:.60}."
        )
    return places.astype(np.int64)
