"""Clipping and filtering."""

import numpy as np

from commgen.waveform.amplifier import Limiter
from commgen.waveform.peaks import check_reducer
from commgen.waveform.tones import HasTones, ToneWaveform


class ClippedWaveform(ToneWaveform):
    """Peaks are cut, what that adds beside the band is taken away, again and again.

    Repeated clipping and frequency-domain filtering (Armstrong, *Peak-to-average power
    reduction for OFDM by repeated clipping and frequency domain filtering*, Electron.
    Lett. 38, 2002). What comes back of the peaks gets less with each round. The price
    is noise inside the band, and a part of the power: the grid comes back as g x + d, g
    a little below 1.

    Parameters
    ----------
    waveform
        What is clipped: OFDM, or symbols spread over its tones.
    clip_db
        Power at which it is cut, over the mean power 1.
    num_iterations
        Rounds.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, or the signal is not oversampled.
    """

    def __init__(self, waveform: HasTones, clip_db: float, num_iterations: int = 4):
        super().__init__(waveform.ofdm, waveform.num_subcarriers)
        self.waveform = waveform
        self.num_iterations = check_reducer(self.ofdm, num_iterations)
        self._clip = Limiter(clip_db)

    @property
    def noise_gain(self) -> float:
        """That of what is clipped."""
        return self.waveform.noise_gain

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`."""
        tones = self.waveform.to_tones(grid)
        for _ in range(self.num_iterations):
            tones = self.ofdm.tones(self._clip(self.ofdm.useful(tones)))
        return tones

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """As of what is clipped; the noise of clipping stays."""
        return self.waveform.from_tones(tones)
