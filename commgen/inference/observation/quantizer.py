"""Converters of few bits, and the step that suits a Gaussian signal."""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.stats import norm

from commgen._checks import check_finite, check_int, check_positive

_MOST_BITS = 12


@dataclass(frozen=True)
class Quantizer:
    r"""Uniform mid-rise quantiser of real and imaginary part, :math:`2^b` levels each.

    The levels are :math:`\Delta (i - (2^b - 1) / 2)`, the thresholds lie midway
    between them, and what lies beyond the last threshold goes to the last level.

    Parameters
    ----------
    num_bits
        Bits b of each part, 1 to 12.
    step
        Distance Δ of levels, in the unit of the signal.

    Examples
    --------
    >>> Quantizer(2, 1.0)([0.2 - 3j])
    array([0.5-1.5j])
    """

    num_bits: int
    step: float

    def __post_init__(self):
        check_int("num_bits", self.num_bits, low=1, high=_MOST_BITS)
        check_positive("step", self.step)

    @classmethod
    def matched(cls, num_bits, power) -> "Quantizer":
        """Return the quantiser of least distortion, as an ideal AGC sets it.

        Parameters
        ----------
        num_bits
            Bits of each part.
        power
            Expected power E|y|^2 of the complex Gaussian signal at the converter.
        """
        power = check_positive("power", power)
        return cls(num_bits, optimal_step(num_bits) * float(np.sqrt(power / 2)))

    @property
    def thresholds(self) -> np.ndarray:
        """Thresholds, [2**num_bits - 1], ascending."""
        half = 2 ** (self.num_bits - 1)
        return self.step * np.arange(1 - half, half)

    def __call__(self, y) -> np.ndarray:
        """Return the levels of ``y``, complex128 of its shape.

        Raises
        ------
        ValueError
            If an entry is NaN or infinite.
        """
        y = np.asarray(y)
        check_finite("y", y)
        return self._level(y.real) + 1j * self._level(y.imag)

    def bounds(self, q) -> tuple[np.ndarray, np.ndarray]:
        """Return the intervals that levels stand for.

        Parameters
        ----------
        q : [...], float
            Levels of real or of imaginary parts.

        Returns
        -------
        low, high : [...], float
            Ends; those of the outermost levels are infinite.

        Raises
        ------
        ValueError
            If ``q`` holds a number that is no level of this quantiser.
        """
        q = np.asarray(q, np.float64)
        check_finite("q", q)
        last = 2**self.num_bits - 1
        place = q / self.step + last / 2
        index = np.rint(place)
        if (
            np.any(np.abs(place - index) > 1e-3)
            or index.min() < 0
            or index.max() > last
        ):
            raise ValueError(
                f"q must hold levels of {self.num_bits} bits in steps of "
                f"{self.step:.4g}, got values from {q.min():.4g} to {q.max():.4g}."
            )
        low = self.step * (index - (last + 1) / 2)
        high = low + self.step
        return np.where(index == 0, -np.inf, low), np.where(index == last, np.inf, high)

    def _level(self, x):
        last = 2**self.num_bits - 1
        index = np.clip(np.floor(x / self.step) + (last + 1) / 2, 0, last)
        return self.step * (index - last / 2)


def distortion(num_bits: int, step: float) -> float:
    """Return E|x - Q(x)|^2 of a uniform quantiser for x ~ N(0, 1).

    Parameters
    ----------
    num_bits, step
        As :class:`Quantizer`; the step in standard deviations.
    """
    quantizer = Quantizer(num_bits, step)
    last = 2**num_bits - 1
    levels = step * (np.arange(last + 1) - last / 2)
    edges = np.concatenate([[-np.inf], quantizer.thresholds, [np.inf]])
    mass, bell = np.diff(norm.cdf(edges)), norm.pdf(edges)
    # E x^2 - 2 E x Q + E Q^2; the density gives E[x; a < x < b] = pdf(a) - pdf(b).
    return float(1 - 2 * levels @ -np.diff(bell) + levels**2 @ mass)


def optimal_step(num_bits: int) -> float:
    """Return the step of least distortion for x ~ N(0, 1), in standard deviations.

    Those that Max tabulated: *Quantizing for Minimum Distortion*, IRE Trans. Inf.
    Theory 6 (1960), table II.

    Examples
    --------
    >>> round(optimal_step(2), 4)
    0.9957
    """
    check_int("num_bits", num_bits, low=1, high=_MOST_BITS)
    high = 8.0 / 2 ** (num_bits - 1)
    found = minimize_scalar(
        lambda step: distortion(num_bits, step),
        bounds=(0.2 * high * num_bits / 8, high),
        method="bounded",
        options={"xatol": 1e-9 * high},
    )
    return float(found.x)
