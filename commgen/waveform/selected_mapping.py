"""The best of several versions of each OFDM symbol."""

import numpy as np

from commgen._checks import check_int
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tones import ToneWaveform


class SelectedMapping(ToneWaveform):
    """Selected mapping, as Baeuml, Fischer and Huber have it.

    *Reducing the peak-to-average power ratio of multicarrier modulation by selected
    mapping*, Electron. Lett. 32, 1996. Each OFDM symbol is turned tone by tone by one
    of several sequences of phases, the one with the least peak. Which it is, the
    receiver is told by tones of their own: they hold one of as many orthogonal
    sequences, and the likeliest is believed. A receiver that is wrong there loses the
    symbol.

    Parameters
    ----------
    ofdm
        All tones.
    num_candidates
        Versions of each symbol; the first one is the symbol as it is.
    num_side_tones
        Tones that tell which; at least ``num_candidates``, spread over the band.
    seed
        Of the phases, multiples of 90 degrees.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.
    """

    def __init__(
        self, ofdm: CpOfdm, num_candidates: int, num_side_tones: int, *, seed: int
    ):
        num = ofdm.num_subcarriers
        low = check_int("num_candidates", num_candidates, low=2)
        side = check_int("num_side_tones", num_side_tones, low=low, high=num - 1)
        super().__init__(ofdm, num - side)
        self.num_candidates = num_candidates
        self._is_data = np.ones(num, bool)
        self._is_data[((np.arange(side) + 0.5) * num / side).astype(int)] = False
        rng = np.random.default_rng(check_int("seed", seed, low=0))
        turns = rng.integers(4, size=(num_candidates, self.num_subcarriers))
        turns[0] = 0
        self._phases = 1j**turns
        told = np.outer(np.arange(num_candidates), np.arange(side)) / side
        # A chirp, since without it the first sequence would be one pulse in time.
        chirp = np.arange(side) ** 2 / side / 2
        self._told = np.exp(2j * np.pi * (told + chirp))

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`."""
        grid = self._check_grid(grid)
        best = np.zeros((*grid.shape[:-1], len(self._is_data)), complex)
        least = np.full(grid.shape[:-1], np.inf)
        for phases, told in zip(self._phases, self._told, strict=True):
            tones = np.empty_like(best)
            tones[..., self._is_data], tones[..., ~self._is_data] = grid * phases, told
            peak = np.abs(self.ofdm.useful(tones)).max(axis=-1)
            better = peak < least
            best[better], least[better] = tones[better], peak[better]
        return best

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`; the inverse where the index is found."""
        chosen = self.told_index(tones)
        return tones[..., self._is_data] * self._phases[chosen].conj()

    def told_index(self, tones: np.ndarray) -> np.ndarray:
        """Return which version each OFDM symbol says it is, [...], int."""
        likeness = np.real(tones[..., ~self._is_data] @ self._told.conj().T)
        return likeness.argmax(axis=-1)
