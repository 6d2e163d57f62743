"""What all waveforms are: grid to samples and back."""

from abc import ABC, abstractmethod

import numpy as np

from commgen._checks import check_positive


class Waveform(ABC):
    """From symbols on a grid to samples in time, and back.

    Grids are [..., num_ofdm_symbols, num_subcarriers], complex: in each OFDM symbol as
    many symbols as the waveform carries. Samples are [..., num_samples], complex128, of
    unit mean power where the symbols have it.

    Parameters
    ----------
    num_subcarriers
        Symbols that an OFDM symbol carries: the last axis of a grid.
    sampling_rate_hz
        Samples a second.
    bandwidth_hz
        Occupied bandwidth.
    centre_hz
        Its centre. An even number of tones with one at DC has it half a tone below.

    Raises
    ------
    ValueError
        If the sampling rate is below the bandwidth.
    """

    def __init__(
        self,
        num_subcarriers: int,
        *,
        sampling_rate_hz: float,
        bandwidth_hz: float,
        centre_hz: float = 0.0,
    ):
        self.num_subcarriers = num_subcarriers
        self.sampling_rate_hz = check_positive("sampling_rate_hz", sampling_rate_hz)
        self.bandwidth_hz = check_positive("bandwidth_hz", bandwidth_hz)
        self.centre_hz = float(centre_hz)
        if self.sampling_rate_hz < self.bandwidth_hz:
            raise ValueError(
                f"sampling_rate_hz must be at least the bandwidth, {bandwidth_hz:g} "
                f"Hz, got {sampling_rate_hz:g}."
            )

    @property
    @abstractmethod
    def noise_gain(self) -> float:
        """Mean variance in the grid of white noise of unit variance in the samples."""

    @abstractmethod
    def modulate(self, grid: np.ndarray) -> np.ndarray:
        """Return the samples of a grid."""

    @abstractmethod
    def demodulate(self, samples: np.ndarray) -> np.ndarray:
        """Return the grid of samples.

        Where :meth:`modulate` is linear this is its exact inverse; a waveform that
        bends its signal on purpose says what it leaves of that.
        """

    def sample_noise_variance(self, no):
        """Return the variance in the samples that is ``no`` in the grid."""
        return no / self.noise_gain

    def _check_grid(self, grid) -> np.ndarray:
        """Return ``grid`` as complex128, or raise ValueError for another shape."""
        grid = np.asarray(grid, np.complex128)
        if grid.ndim < 2 or grid.shape[-1] != self.num_subcarriers:
            raise ValueError(
                "grid must be [..., num_ofdm_symbols, num_subcarriers] with "
                f"{self.num_subcarriers} subcarriers, got {grid.shape}."
            )
        return grid
