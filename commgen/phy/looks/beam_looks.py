"""Which look next at a channel whose best beam is wanted."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from commgen._checks import check_int


@dataclass(frozen=True)
class BeamChances:
    """What is believed of the beams of a codebook.

    Parameters
    ----------
    p_best : [n, num_beams], float
        Probability that a beam is the best one.
    share : [n, num_beams], float
        Expected power of a beam as a share of that of the best one.
    power : [n, num_beams], float
        Expected power.
    variance : [n, num_beams], float
        Of the coefficient of a beam; near the noise where it was looked at.
    """

    p_best: np.ndarray
    share: np.ndarray
    power: np.ndarray
    variance: np.ndarray

    @classmethod
    def of_draws(cls, g: np.ndarray) -> "BeamChances":
        """Count draws of all coefficients, [n, num_draws, num_beams]."""
        q = np.abs(g) ** 2
        best = np.argmax(q, axis=2)
        n, num, beams = g.shape
        at = best + beams * np.arange(n)[:, None]
        counts = np.bincount(at.ravel(), minlength=n * beams).reshape(n, beams)
        top = np.maximum(q.max(axis=2, keepdims=True), 1e-30)
        variance = q.mean(axis=1) - np.abs(g.mean(axis=1)) ** 2
        return cls(counts / num, (q / top).mean(axis=1), q.mean(axis=1), variance)


class BeamLooks(ABC):
    """A rule that says where to look next.

    Parameters
    ----------
    beams : [num_ant, num_beams], complex
        The codebook, columns of unit norm.
    """

    #: Whether the rule asks what is believed.
    adaptive = True

    def __init__(self, beams: np.ndarray):
        self.beams = np.asarray(beams, np.complex64)

    @abstractmethod
    def __call__(
        self,
        chances: BeamChances | None,
        num_channels: int,
        step: int,
        rng: np.random.Generator,
    ) -> np.ndarray:
        """Return weights of unit norm, [num_channels, num_ant].

        Parameters
        ----------
        chances
            What is believed; None for a rule that is not adaptive.
        num_channels
            That are looked at.
        step
            Looks so far.
        rng
            Draws what the rule leaves to chance.
        """


class RandomPhaseLooks(BeamLooks):
    """The same random phases for all channels."""

    adaptive = False

    def __call__(self, chances, num_channels, step, rng) -> np.ndarray:
        """Return weights of one modulus."""
        w = np.exp(2j * np.pi * rng.random(len(self.beams))) / np.sqrt(len(self.beams))
        return np.tile(w.astype(np.complex64), (num_channels, 1))


class EvenLooks(BeamLooks):
    """Beams of the codebook at even distances.

    Parameters
    ----------
    beams
        As of the class above.
    num_looks
        In all.
    """

    adaptive = False

    def __init__(self, beams: np.ndarray, num_looks: int):
        super().__init__(beams)
        high = self.beams.shape[1]
        self.num_looks = check_int("num_looks", num_looks, low=1, high=high)

    def index(self, step: int) -> int:
        """Return which beam a look is."""
        return step * self.beams.shape[1] // self.num_looks

    def __call__(self, chances, num_channels, step, rng) -> np.ndarray:
        """Return a beam."""
        return np.tile(self.beams[:, self.index(step)], (num_channels, 1))


class NarrowingLooks(BeamLooks):
    r"""Some looks at all beams that may be best, then at the likeliest one by one.

    The first :math:`T` looks are sums of all beams with random phases and amplitudes
    :math:`\sqrt{P_b}`, where :math:`P_b` is the probability that beam b is best; then
    comes, each time, the beam of the largest :math:`P_b` of those not yet known.

    Parameters
    ----------
    beams
        As of the class above.
    num_wide
        Looks at many beams.
    no
        Noise variance of a look: beams are known to about that.
    """

    def __init__(self, beams: np.ndarray, num_wide: int, *, no: float):
        super().__init__(beams)
        self.num_wide = check_int("num_wide", num_wide, low=0)
        self._known = 3 * float(no)

    def __call__(self, chances, num_channels, step, rng) -> np.ndarray:
        """Return a sum of beams, or a beam for each channel."""
        if chances is None:
            raise ValueError("chances must be given to an adaptive rule, got None.")
        if step < self.num_wide:
            turns = np.exp(2j * np.pi * rng.random(chances.p_best.shape))
            w = (np.sqrt(chances.p_best + 1e-9) * turns) @ self.beams.T
            return w / np.linalg.norm(w, axis=1, keepdims=True)
        # The expected share decides where no beam that is open was best in any draw.
        wanted = chances.p_best + 1e-6 * chances.share
        best = np.where(chances.variance > self._known, wanted, 0).argmax(axis=1)
        return self.beams.T[best]
