"""Phases of an oscillator that wander, or jitter."""

from abc import abstractmethod

import numpy as np

from commgen._checks import check_positive
from commgen.waveform.impairment import Impairment, check_rng


class _RandomPhase(Impairment):
    """Turns each sample by a random phase.

    Parameters
    ----------
    common
        Whether the axis before the last one is antennas that share the oscillator.
    """

    def __init__(self, *, common: bool = False):
        self.common = common

    def __call__(self, samples, rng=None) -> np.ndarray:
        """As of :class:`Impairment`."""
        samples = np.asarray(samples, np.complex128)
        shape = list(samples.shape)
        if self.common and len(shape) > 1:
            shape[-2] = 1
        return samples * np.exp(1j * self._phases(check_rng(rng), tuple(shape)))

    @abstractmethod
    def _phases(self, rng, shape) -> np.ndarray:
        """Draw phases [rad]."""


class PhaseNoise(_RandomPhase):
    r"""Free-running oscillator: its phase is a Wiener process that starts at 0.

    From a sample to the next it moves by a Gaussian step of variance
    :math:`2 \pi \Delta / f_s`, which gives a Lorentzian line of 3-dB width
    :math:`\Delta` (Demir et al., *Phase noise in oscillators*, IEEE Trans. Circuits
    Syst. I 47, 2000, sec. VII).

    Parameters
    ----------
    linewidth_hz
        Full width at half of the power.
    sampling_rate_hz
        Of the samples.
    common
        Whether the axis before the last one is antennas that share the oscillator.
    """

    def __init__(
        self, linewidth_hz: float, sampling_rate_hz: float, *, common: bool = False
    ):
        super().__init__(common=common)
        self.linewidth_hz = check_positive("linewidth_hz", linewidth_hz)
        self.sampling_rate_hz = check_positive("sampling_rate_hz", sampling_rate_hz)

    @property
    def step_variance(self) -> float:
        """Variance of the phase from a sample to the next [rad^2]."""
        return 2 * np.pi * self.linewidth_hz / self.sampling_rate_hz

    def _phases(self, rng, shape) -> np.ndarray:
        steps = rng.normal(scale=np.sqrt(self.step_variance), size=shape)
        steps[..., 0] = 0
        return np.cumsum(steps, axis=-1)


class PhaseJitter(_RandomPhase):
    """Independent Gaussian phase of each sample, as sampling jitter has it.

    Parameters
    ----------
    std_deg
        Standard deviation [degrees].
    common
        Whether the axis before the last one is antennas that share the oscillator.
    """

    def __init__(self, std_deg: float, *, common: bool = False):
        super().__init__(common=common)
        self.std_deg = check_positive("std_deg", std_deg)

    def _phases(self, rng, shape) -> np.ndarray:
        return rng.normal(scale=np.radians(self.std_deg), size=shape)
