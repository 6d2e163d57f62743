"""A constellation as a vector of free numbers, for a search by derivatives."""

from typing import NamedTuple

import numpy as np

from commgen.design.amplifier import before, rapp
from commgen.design.goal import ConstellationGoal
from commgen.frame.constellation import Constellation

# Most amplitude at an amplifier, over the saturated one: 6 dB.
_MOST_DRIVE = 2.0
# Of that, where the outermost of given points comes to lie.
_WITHIN = 0.95


class Signal(NamedTuple):
    """What a vector stands for.

    Parameters
    ----------
    points : [M], complex128
        Of unit mean power.
    log_p : [M], float64
        Logarithms of their probabilities.
    sent : [M], complex128
        What goes into the channel: the points, or what an amplifier makes of them.
    scale
        What the points were divided by. At an amplifier it is the root of their mean
        power over its saturated amplitude.
    """

    points: np.ndarray
    log_p: np.ndarray
    sent: np.ndarray
    scale: float

    @property
    def constellation(self) -> Constellation:
        """Points and probabilities."""
        return Constellation.of(self.points, None, np.exp(self.log_p))


class Variables:
    """Points and probabilities as one vector.

    Points that only have to have unit mean power are of any scale. In front of an
    amplifier that takes each symbol alone every output below saturation can be had, so
    it is the outputs that are free, within a disc, and the inputs follow.

    Parameters
    ----------
    goal
        Which of them are free.
    shaped
        Whether probabilities are.
    """

    def __init__(self, goal: ConstellationGoal, *, shaped: bool):
        self.goal, self.size = goal, 2**goal.num_bits_per_symbol
        self.fixed = None
        if goal.shaping == "probabilistic":
            self.fixed = Constellation.qam(goal.num_bits_per_symbol).points
        self.shaped = shaped or self.fixed is not None
        self._smoothness, self._edge = goal.saturation, 1.0
        if goal.saturation is not None:
            most = np.array([_MOST_DRIVE], complex)
            self._edge = float(rapp(most, goal.saturation).points[0].real)

    def start(self, rng: np.random.Generator) -> np.ndarray:
        """Return random points, all equally likely."""
        if self.fixed is not None:
            return np.zeros(self.size)
        return self._joined(rng.standard_normal(2 * self.size))

    def of(self, points: np.ndarray) -> np.ndarray:
        """Return the vector of points as they are sent [M], complex.

        Behind an amplifier they are scaled to its disc; probabilities are equal.
        """
        if self._smoothness is not None:
            points = before(_WITHIN * points / np.abs(points).max(), 1.0)
        return self._joined(np.concatenate([points.real, points.imag]))

    def _joined(self, z):
        return np.concatenate([z, np.zeros(self.size)]) if self.shaped else z

    def read(self, z: np.ndarray) -> Signal:
        """Return what ``z`` stands for."""
        raw, theta = self.fixed, z
        if raw is None:
            raw = z[: self.size] + 1j * z[self.size : 2 * self.size]
            theta = z[2 * self.size :] if self.shaped else np.zeros(self.size)
        log_p = theta - np.logaddexp.reduce(theta)
        sent = None
        if self._smoothness is not None:
            sent = self._edge * rapp(raw, 1.0).points
            raw = before(sent, self._smoothness)
        scale = float(np.sqrt(np.exp(log_p) @ np.abs(raw) ** 2))
        points = raw / scale
        return Signal(points, log_p, points if sent is None else sent, scale)

    def slopes(self, z: np.ndarray, signal: Signal, by_sent, by_log_p) -> np.ndarray:
        """Chain derivatives back to the vector: unit power, probabilities of sum 1.

        Parameters
        ----------
        z, signal
            Where they are taken, and what it stands for.
        by_sent, by_log_p : [M]
            Derivatives by what is sent, and by log-probabilities.
        """
        x, p = signal.points, np.exp(signal.log_p)
        radial, parts = 0.0, []
        if self._smoothness is None:
            radial = float(np.sum(by_sent.real * x.real + by_sent.imag * x.imag))
            by_raw = (by_sent - radial * p * x) / signal.scale
        else:
            raw = z[: self.size] + 1j * z[self.size : 2 * self.size]
            by_raw = self._edge * rapp(raw, 1.0).chain(by_sent)
        if self.fixed is None:
            parts += [by_raw.real, by_raw.imag]
        if self.shaped:
            by_log_p = by_log_p - 0.5 * radial * p * np.abs(x) ** 2
            parts.append(by_log_p - p * by_log_p.sum())
        return np.concatenate(parts)

    def free_probabilities(self, z: np.ndarray) -> tuple["Variables", np.ndarray]:
        """Return variables whose probabilities are free too, and z for them."""
        # The steps of L-BFGS suit a vector of about unit size.
        if self._smoothness is None:
            z = z / np.sqrt(np.mean(z**2))
        other = Variables(self.goal, shaped=True)
        return other, np.concatenate([z, np.zeros(self.size)])
