"""What others send into the band: bursts, a tone, and the receiver's own DC offset."""

import numpy as np

from commgen.frame.bursts import Bursts
from commgen.frame.frame import Frame

_BURSTS = 3  # of the seeds
#: Bursts drawn together.
_BATCH = 16


class BurstStream:
    """Bursts on subcarriers of a frame's grid, one after the other in time.

    Each length of a frame has at most one, at a random place that no symbol of a frame
    need begin with.

    Parameters
    ----------
    bursts
        Their sizes and powers, over a signal of unit mean power.
    frame
        Its subcarriers and symbols are those of the bursts.
    seed
        The bursts of batch b follow from (seed, b).
    """

    def __init__(self, bursts: Bursts, frame: Frame, *, seed: int) -> None:
        self._bursts = bursts
        self._frame = frame
        self._seed = seed
        self._shape = frame.num_ofdm_symbols + 1, frame.num_effective_subcarriers
        self._length = self._shape[0] * frame.symbol_length
        #: Samples from one to the next: a frame, and a symbol without prefix.
        self.period = self._length + frame.fft_size
        self._count = 0
        self._number, self._last = -1, np.empty(0, np.complex64)

    def push(self, num: int) -> np.ndarray:
        """Return the next ``num`` samples of interference, complex64."""
        begin, end = self._count, self._count + num
        self._count = end
        size = _BATCH * self.period
        first, last = begin // size, -(-end // size)
        parts = [self._batch(b) for b in range(first, last)]
        stream = np.concatenate([np.empty(0, np.complex64), *parts])
        return stream[begin - first * size : end - first * size]

    def _batch(self, number: int) -> np.ndarray:
        if number != self._number:
            self._number, self._last = number, self._draw(number)
        return self._last

    def _draw(self, number: int) -> np.ndarray:
        rng = np.random.default_rng([self._seed, _BURSTS, number])
        starts = rng.integers(self.period - self._length + 1, size=_BATCH)
        grids = self._bursts.draw(_BATCH, self._shape, seed=rng)
        out = np.zeros((_BATCH, self.period), np.complex64)
        for row, start, samples in zip(
            out, starts, _modulated(grids, self._frame), strict=True
        ):
            row[start : start + self._length] = samples
        return out.ravel()


def _modulated(grids: np.ndarray, frame: Frame) -> np.ndarray:
    """OFDM symbols with prefix, [n, num], of unit power where all elements have it."""
    bins = np.zeros((*grids.shape[:2], frame.fft_size), np.complex64)
    bins[..., frame.subcarrier_index] = grids
    scale = frame.fft_size / np.sqrt(frame.num_effective_subcarriers)
    with_prefix = np.arange(-frame.cyclic_prefix_length, frame.fft_size)
    samples = scale * np.fft.ifft(bins)[..., with_prefix]
    return samples.reshape(len(grids), -1).astype(np.complex64)


def tone(begin: int, num: int, cycles: float, amplitude: float) -> np.ndarray:
    """Return samples of a wave of so many cycles a sample, [num], complex64."""
    phase = (cycles * np.arange(begin, begin + num)) % 1
    return (amplitude * np.exp(2j * np.pi * phase)).astype(np.complex64)
