"""Amplifiers that saturate: Rapp's model and its limit."""

from abc import abstractmethod
from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen.measures.decibel import from_db
from commgen.waveform.impairment import Impairment

# An input so many times the saturation amplitude counts as driven hard.
_HARD = 1e6
#: Back-offs and power levels in dB lie between minus this and this.
DB_LIMIT = 100.0


class Amplifier(Impairment):
    r"""Memoryless amplifier of unit gain for small signals, without phase conversion.

    Parameters
    ----------
    back_off_db
        Input back-off: the power at which it saturates over the mean power 1 of the
        samples that it is given.

    Attributes
    ----------
    saturation : float
        Amplitude A that its output never exceeds.
    """

    def __init__(self, back_off_db: float):
        self.back_off_db = check_decibels("back_off_db", back_off_db)
        self.saturation = float(from_db(self.back_off_db / 2))

    @abstractmethod
    def amplitude(self, r: np.ndarray) -> np.ndarray:
        """Return the amplitude at the output of one at the input, over saturation."""

    @abstractmethod
    def drive(self, r: np.ndarray) -> np.ndarray:
        """Return the amplitude at the input of one at the output, over saturation.

        Up to ``r`` = 1; from there on as much as drives it into saturation.
        """

    def __call__(self, samples, rng=None) -> np.ndarray:
        """As of :class:`Impairment`; nothing is random."""
        samples = np.asarray(samples, np.complex128)
        r = np.abs(samples) / self.saturation
        gain = np.divide(self.amplitude(r), r, out=np.ones_like(r), where=r > 0)
        return samples * gain


class Rapp(Amplifier):
    r"""Solid-state amplifier of Rapp.

    *Effects of HPA-nonlinearity on a 4-DPSK/OFDM signal for a digital sound
    broadcasting system*, ECSC-2, 1991:

    .. math:: |y| = |x| \left(1 + (|x|/A)^{2p}\right)^{-1/(2p)}

    Parameters
    ----------
    smoothness
        p; 2 to 3 for solid-state amplifiers, the limit is :class:`Limiter`.
    back_off_db
        As of :class:`Amplifier`.

    Examples
    --------
    >>> amplifier = Rapp(2, back_off_db=0)
    >>> round(abs(complex(amplifier(np.array(1.0)))), 4)  # 2 ** -0.25
    0.8409
    """

    def __init__(self, smoothness: float, back_off_db: float):
        super().__init__(back_off_db)
        self.smoothness = check_positive("smoothness", smoothness)
        if not 0.1 <= self.smoothness <= 100:
            raise ValueError(
                f"smoothness must be between 0.1 and 100, got {smoothness}."
            )

    def amplitude(self, r: np.ndarray) -> np.ndarray:
        """As of :class:`Amplifier`."""
        # Of a large r the reciprocal is raised, which cannot overflow.
        two_p = 2 * self.smoothness
        small = np.minimum(r, 1)
        large = np.maximum(r, 1)
        below = small * (1 + small**two_p) ** (-1 / two_p)
        above = (1 + large**-two_p) ** (-1 / two_p)
        return np.where(r <= 1, below, above)

    def drive(self, r: np.ndarray) -> np.ndarray:
        """As of :class:`Amplifier`."""
        two_p = 2 * self.smoothness
        r = np.asarray(r, np.float64)
        most = (1 + _HARD**-two_p) ** (-1 / two_p)  # what it gives when driven hard
        inside = np.minimum(r, most)
        with np.errstate(divide="ignore"):
            needed = inside * (1 - inside**two_p) ** (-1 / two_p)
        return np.where(r < most, np.minimum(needed, _HARD), _HARD)


class Limiter(Amplifier):
    """Linear up to saturation: the ideal amplifier, or a clipper of amplitudes.

    Examples
    --------
    >>> Limiter(back_off_db=0)(np.array([0.5, 2j])).tolist()
    [(0.5+0j), 1j]
    """

    def amplitude(self, r: np.ndarray) -> np.ndarray:
        """As of :class:`Amplifier`."""
        return np.minimum(r, 1)

    def drive(self, r: np.ndarray) -> np.ndarray:
        """As of :class:`Amplifier`."""
        return np.minimum(r, 1)


def check_decibels(name: str, value: Any) -> float:
    """Return ``value`` as float, or raise unless it lies within 100 dB of 0."""
    number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if not number or not abs(value) <= DB_LIMIT:
        raise ValueError(
            f"{name} must be a number between -{DB_LIMIT:g} and {DB_LIMIT:g} dB, got "
            f"{value!r}."
        )
    return float(value)
