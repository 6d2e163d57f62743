"""Outer points of a constellation that move outwards to cancel peaks."""

import numpy as np

from commgen.frame.constellation import Constellation
from commgen.waveform.amplifier import Limiter
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.peaks import cancel_peaks, check_reducer
from commgen.waveform.tones import ToneWaveform

_TOLERANCE = 1e-6


class ActiveExtension(ToneWaveform):
    """Active constellation extension, as Krongold and Jones have it.

    *PAR reduction in OFDM via active constellation extension*, IEEE Trans. Broadcast.
    49, 2003. Real and imaginary parts that are the outermost of their axis may get
    larger, which brings no two points nearer to each other. The receiver does nothing
    about it: the grid comes back extended. What is added to the power is the price.

    Parameters
    ----------
    ofdm
        The tones.
    constellation
        What the grid holds: QAM, any points of which real and imaginary parts are free
        of each other.
    clip_db
        Power that peaks shall not exceed, over the mean power 1.
    num_iterations
        Steps of :func:`~commgen.waveform.peaks.cancel_peaks`.

    Raises
    ------
    ValueError
        If the points are on no grid, or as
        :class:`~commgen.waveform.clipping.ClippedWaveform`.
    """

    def __init__(
        self,
        ofdm: CpOfdm,
        constellation: Constellation,
        clip_db: float,
        num_iterations: int = 30,
    ):
        super().__init__(ofdm, ofdm.num_subcarriers)
        self._edges = _edges(constellation.points)
        self.num_iterations = check_reducer(ofdm, num_iterations)
        self._clip = Limiter(clip_db)

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`."""
        tones = self._check_grid(grid)
        signs = self._outward(tones)

        def outwards(x):
            parts = np.stack([x.real, x.imag])
            parts = np.maximum(parts * signs, 0) * signs
            return parts[0] + 1j * parts[1]

        return tones + cancel_peaks(
            self.ofdm, tones, outwards, self._clip, self.num_iterations
        )

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """Return the tones: sent symbols where none was extended."""
        return tones

    def _outward(self, tones) -> np.ndarray:
        """Return 1, -1 or 0, [2, ...]: to where real and imaginary parts may go."""
        parts = np.stack([tones.real, tones.imag])
        low, high = self._edges.reshape(2, 2, *(1,) * tones.ndim)
        above, below = parts >= high - _TOLERANCE, parts <= low + _TOLERANCE
        return above.astype(float) - below


def _edges(points) -> np.ndarray:
    """Return the least and greatest real and imaginary part, [2, 2]."""
    parts = np.stack([points.real, points.imag])
    sizes = [len(np.unique(part.round(6))) for part in parts]
    if np.prod(sizes) != len(points) or min(sizes) < 2:
        raise ValueError(
            "constellation must have points on a grid, whose outer ones can move "
            f"outwards, got {sizes[0]} x {sizes[1]} parts of {len(points)} points."
        )
    return np.stack([parts.min(axis=1), parts.max(axis=1)])
