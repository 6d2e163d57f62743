"""Waveforms that only choose what the tones of OFDM hold."""

from abc import abstractmethod

import numpy as np

from commgen.waveform.base import Waveform
from commgen.waveform.ofdm import CpOfdm


class ToneWaveform(Waveform):
    """OFDM whose tones hold a function of the grid.

    Parameters
    ----------
    ofdm
        The tones, and all about sampling.
    num_subcarriers
        Symbols of the grid in each OFDM symbol.
    """

    def __init__(self, ofdm: CpOfdm, num_subcarriers: int):
        if not isinstance(ofdm, CpOfdm):
            raise TypeError(f"ofdm must be of CpOfdm, got {type(ofdm)}.")
        super().__init__(
            num_subcarriers,
            sampling_rate_hz=ofdm.sampling_rate_hz,
            bandwidth_hz=ofdm.bandwidth_hz,
            centre_hz=ofdm.centre_hz,
        )
        self.ofdm = ofdm

    @property
    def noise_gain(self) -> float:
        """As of :class:`Waveform`; that of the tones."""
        return self.ofdm.noise_gain

    @abstractmethod
    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """Return what the tones hold.

        Parameters
        ----------
        grid : [..., num_ofdm_symbols, num_subcarriers], complex

        Returns
        -------
        [..., num_ofdm_symbols, num_tones], complex128
        """

    @abstractmethod
    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """Return the grid of tones."""

    def modulate(self, grid: np.ndarray) -> np.ndarray:
        """As of :meth:`CpOfdm.modulate`, and as long."""
        return self.ofdm.modulate(self.to_tones(grid))

    def demodulate(self, samples: np.ndarray) -> np.ndarray:
        """As of :class:`Waveform`."""
        return self.from_tones(self.ofdm.demodulate(samples))


#: What has tones: OFDM itself, and what is made of it.
HasTones = CpOfdm | ToneWaveform
