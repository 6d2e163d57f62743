"""How far a receiver's clock and carrier are off."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import fft

from commgen.sdr.recordings.lte.sequences import FFT_SIZE, primary_in_time

SAMPLE_RATE_HZ = 1.92e6
HALF_FRAME = 9600
# Cheap oscillators are within 60 ppm: at 2.6 GHz 150 kHz.
# A step of a third of a subcarrier costs 0.4 dB at worst.
_STEP_HZ = 5000.0
_PPM = 60.0
_PPM_STEP = 0.25
_GROUP = 8
_NUM_GROUPS = 6


@dataclass(frozen=True)
class Clock:
    """Errors of a receiver.

    Parameters
    ----------
    cfo_hz
        Carrier frequency offset.
    clock_ppm
        By how much its samples come too fast.
    """

    cfo_hz: float
    clock_ppm: float


class Correlator:
    """Correlation of a recording with the primary signals, by one long FFT.

    Parameters
    ----------
    x : [n], complex64
        Samples.
    """

    def __init__(self, x) -> None:
        size: Any = fft.next_fast_len(len(x) + FFT_SIZE)  # its stub knows no result
        self._size: int = size
        self._spectrum = _spectrum(np.asarray(x, np.complex64), self._size)
        power = np.abs(x).astype(np.float32) ** 2
        total = np.cumsum(np.concatenate([[0], power]), dtype=np.float64)
        # Where nothing was received, what the FFT rounds must not count as a signal.
        least = 1e-6 * FFT_SIZE * total[-1] / len(x) + 1e-30
        self._power = np.maximum(total[FFT_SIZE:] - total[:-FFT_SIZE], least)
        self._count = len(x) - FFT_SIZE + 1
        self._signals = [
            np.conj(_spectrum(primary_in_time(sector), self._size))
            for sector in range(3)
        ]

    def share(self, sector: int, cfo_hz: float) -> np.ndarray:
        """Return which share of the power in each 128 samples is the signal's.

        Parameters
        ----------
        sector
            Of the signal, 0 to 2.
        cfo_hz
            At which the signal is looked for, to one bin of the long FFT.

        Returns
        -------
        [n - 127], float32
            Between 0 and 1.
        """
        bins = round(cfo_hz / SAMPLE_RATE_HZ * self._size)
        product = self._spectrum * np.roll(self._signals[sector], bins)
        matched = np.asarray(fft.ifft(product))[: self._count]
        power = np.abs(matched) ** 2
        return (power / self._power).astype(np.float32)


def _spectrum(x, size: int) -> np.ndarray:
    """Return the FFT in single precision, which NumPy before 2.0 does not have."""
    return np.asarray(fft.fft(x, size))


def find_clock(x, *, most_hz: float = 75e3) -> Clock:
    """Return carrier and clock errors by the strongest primary signal there is.

    Parameters
    ----------
    x : [n], complex64
        At least 300 ms at 1.92 Msample/s.
    most_hz
        Largest carrier error that is looked for.
    """
    sector, cfo_hz, at = _coarse(
        x[: _GROUP * _NUM_GROUPS * HALF_FRAME + FFT_SIZE], most_hz
    )
    share = Correlator(x).share(sector, cfo_hz)
    ppm = _clock_ppm(share, at)
    return Clock(cfo_hz + _fine_hz(x, sector, cfo_hz, share, at, ppm), ppm)


def _coarse(x, most_hz: float) -> tuple[int, float, int]:
    """Return sector, CFO within half a step, and place of the strongest signal."""
    correlator, best = Correlator(x), (-1.0, 0, 0.0, 0)
    for cfo_hz in np.arange(-most_hz, most_hz + 1, _STEP_HZ):
        for sector in range(3):
            folded = _folded(correlator.share(sector, cfo_hz))
            score = float(folded.max(axis=1).mean())
            if score > best[0]:
                best = score, sector, float(cfo_hz), int(folded[0].argmax())
    return best[1:]


def _folded(share) -> np.ndarray:
    """Return means over groups of half frames: [num_groups, 9600]."""
    num = len(share) // HALF_FRAME // _GROUP
    size = num * _GROUP * HALF_FRAME
    return share[:size].reshape(num, _GROUP, HALF_FRAME).mean(axis=1)


def _clock_ppm(share, at: int) -> float:
    """Return the clock error that lines up all half frames best."""
    k = np.arange((len(share) - HALF_FRAME) // HALF_FRAME)
    near = at + np.arange(-24, 25)
    near = near[near >= 0]
    tried = np.arange(-_PPM, _PPM + _PPM_STEP / 2, _PPM_STEP)
    scores = []
    for ppm in tried:
        places = np.rint(near[:, None] + k * HALF_FRAME * (1 + ppm * 1e-6)).astype(int)
        scores.append(share[np.minimum(places, len(share) - 1)].mean(axis=1).max())
    # The best ones differ by rounding alone; their middle is taken.
    scores = np.array(scores)
    weight = np.maximum(scores - 0.5 * (scores.max() + np.median(scores)), 0)
    near_best = np.abs(tried - tried[scores.argmax()]) < 2
    weight = weight * near_best
    return float(np.sum(weight * tried) / max(np.sum(weight), 1e-20))


def _fine_hz(x, sector: int, cfo_hz: float, share, at: int, ppm: float) -> float:
    """Return what is left of the CFO, by the two halves of each primary signal."""
    k = np.arange((len(share) - HALF_FRAME) // HALF_FRAME)
    starts = np.rint(at + k * HALF_FRAME * (1 + ppm * 1e-6)).astype(int)
    starts = starts[(starts >= 0) & (starts + FFT_SIZE <= len(x))]
    n = np.arange(FFT_SIZE)
    turn = np.exp(-2j * np.pi * cfo_hz / SAMPLE_RATE_HZ * n)
    flat = x[starts[:, None] + n] * turn * np.conj(primary_in_time(sector))
    halves = flat.reshape(len(starts), 2, -1).sum(axis=2)
    # The middles of the halves are 64 samples apart.
    angle = np.angle(np.vdot(halves[:, 0], halves[:, 1]))
    return float(angle / (2 * np.pi * FFT_SIZE / 2) * SAMPLE_RATE_HZ)
