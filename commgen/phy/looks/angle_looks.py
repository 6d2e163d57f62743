"""Which look next at a path of unknown angle: what rules look at, one after another."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.phy.looks.angle_filter import AngleBelief, AngleFilter


class AngleLooks(ABC):
    """A rule that says, from what is believed, where the one chain looks next.

    Input
    -----
    belief : AngleBelief
        After the looks so far.
    step
        How many there were.
    no : [batch], float
        Noise variance.

    Output
    ------
    w : [batch, num_ant], complex64
        Weights of unit norm.
    """

    @abstractmethod
    def __call__(self, belief: AngleBelief, step: int, no: Any) -> Any:
        """Return the weights of the next look."""


class RandomLooks(AngleLooks):
    """Looks of random phases, others for each path, whatever is believed.

    Parameters
    ----------
    num_ant
        Of the line.
    seed
        Of the phases.
    """

    def __init__(self, num_ant: int, *, seed: int):
        self._num_ant = check_int("num_ant", num_ant, low=2)
        self._seed = check_int("seed", seed, low=0)

    def __call__(self, belief: AngleBelief, step: int, no: Any) -> np.ndarray:
        """Return weights of one modulus."""
        rng = np.random.default_rng([self._seed, step])
        turns = rng.random((len(belief.mean), self._num_ant))
        w = np.exp(2j * np.pi * turns) / np.sqrt(self._num_ant)
        return w.astype(np.complex64)


class BisectionLooks(AngleLooks):
    """Down a tree of sectors, to the one that holds about half of the probability.

    As in the hierarchical posterior matching of Chiu, Ronquillo and Javidi (IEEE J.
    Sel. Areas Commun. 37(8), 2019, Algorithm 1): from all angles down to the likelier
    half as long as it holds more than half; then the last sector or its likelier half,
    whichever holds nearer to half. Weights of a sector are those whose pattern is
    nearest to one inside it and zero elsewhere, by least squares.

    Parameters
    ----------
    angles : AngleFilter
        Whose grid is halved.
    num_levels
        Halvings, at most as often as the grid has pairs.
    """

    def __init__(self, angles: AngleFilter, num_levels: int = 6):
        high = int(np.log2(angles.num_angles))
        self.num_levels = check_int("num_levels", num_levels, low=1, high=high)
        inverse = np.linalg.pinv(angles.steering, rcond=1e-3)
        # A pattern without phase would be that of a line centred at its first antenna.
        middle = (angles.num_ant - 1) / 2
        target = np.exp(1j * np.pi * middle * np.sin(angles.angles))
        x, self._sectors, weights = np.arange(angles.num_angles), [], []
        for level in range(self.num_levels + 1):
            number = x * 2**level // angles.num_angles
            inside = number == np.arange(2**level)[:, None]
            w = ((inside * target) @ inverse.T).conj()
            self._sectors.append(inside.astype(np.float32))
            weights.append(w / np.linalg.norm(w, axis=1, keepdims=True))
        self._weights = np.concatenate(weights).astype(np.complex64)

    def __call__(self, belief: AngleBelief, step: int, no: Any) -> np.ndarray:
        """Return weights of a sector each."""
        p = np.exp(np.asarray(belief.log_p))
        mass = [p @ inside.T for inside in self._sectors]
        rows = np.arange(len(p))
        chosen, here = np.zeros(len(p), int), np.zeros(len(p), int)
        held, going = np.ones(len(p)), np.ones(len(p), bool)
        for level in range(1, self.num_levels + 1):
            pair = np.stack([2 * here, 2 * here + 1])
            likelier = pair[mass[level][rows, pair].argmax(axis=0), rows]
            now = mass[level][rows, likelier]
            better = going & (np.abs(now - 0.5) < np.abs(held - 0.5))
            chosen = np.where(better, 2**level - 1 + likelier, chosen)
            going &= now > 0.5
            held, here = np.where(going, now, held), np.where(going, likelier, here)
        return self._weights[chosen]


class CoherentLooks(AngleLooks):
    r"""Look at all that is believed, with opposite signs below and above the median.

    Bisection by sectors asks whether a path is in a half, and hears nothing where it
    is not. Here both halves are heard, and the sign tells: with the mean gain
    :math:`\hat{g}(\theta)` that earlier looks imply for each angle, the pattern is

    .. math:: b(\theta) = p(\theta)^{0.6}\,
        \frac{\hat{g}(\theta)^*}{|\hat{g}(\theta)|}\,\tanh(6 F(\theta) - 3)

    with the posterior's density p and distribution F, so that what is heard is real, of
    one sign for each half, and stronger the more is known. The first look, which has
    nothing to compare with, hears all angles alike.

    Parameters
    ----------
    angles : AngleFilter
        Whose grid the belief is on.
    phases_only
        Antennas turn phases, all with one amplitude.
    """

    def __init__(self, angles: AngleFilter, *, phases_only: bool = False):
        self._steering = angles.steering
        self._cells = np.exp(angles.log_prior)
        middle = (angles.num_ant - 1) / 2
        self._first = np.exp(-1j * np.pi * middle * np.sin(angles.angles))
        self._phases_only = phases_only

    def __call__(self, belief: AngleBelief, step: int, no: Any) -> np.ndarray:
        """Return weights of unit norm."""
        p, gain = np.exp(np.asarray(belief.log_p)), np.asarray(belief.gain)
        size = np.abs(gain)
        turn = np.where(size > _NO_GAIN, gain / np.maximum(size, _NO_GAIN), self._first)
        below = np.cumsum(p, axis=1) - p / 2
        # Where one cell holds everything its own sign is that of its middle, zero.
        sign = np.tanh(SHARP * (below - 0.5)) + LEAST_SIGN if step else 1.0
        w = ((p / self._cells) ** POWER * turn * sign) @ self._steering
        if self._phases_only:
            w = w / np.maximum(np.abs(w), _NO_GAIN)
        return (w / np.linalg.norm(w, axis=1, keepdims=True)).astype(np.complex64)


#: Slope of the sign over the distribution, power of the density, least amplitude.
SHARP, POWER, LEAST_SIGN = 6.0, 0.6, 1e-3
_NO_GAIN = 1e-9
