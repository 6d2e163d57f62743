"""A path of unknown angle, looked at through one chain as a rule says."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_finite, check_int, check_noise_variance
from commgen._random import complex_normal
from commgen.phy.looks.angle_filter import AngleBelief, AngleFilter, LookSums
from commgen.phy.looks.angle_looks import AngleLooks


@dataclass(frozen=True)
class PathDraws:
    """Paths, and the noise of all looks at them.

    Parameters
    ----------
    angle : [n], float
        In rad, uniform between the ends.
    gain : [n], complex
        Of unit variance.
    noise : [n, num_looks], complex
        Of unit variance.
    """

    angle: np.ndarray
    gain: np.ndarray
    noise: np.ndarray

    @classmethod
    def of(
        cls, rng: np.random.Generator, n: int, num_looks: int, angles: AngleFilter
    ) -> "PathDraws":
        """Draw ``n`` from the prior of a filter."""
        low, high = np.deg2rad(angles.axis.low), np.deg2rad(angles.axis.high)
        angle = rng.uniform(low, high, n).astype(np.float32)
        return cls(
            angle, complex_normal(rng, (n,)), complex_normal(rng, (n, num_looks))
        )


@dataclass(frozen=True)
class Aligned:
    """What was believed after each number of looks, and what all looks told.

    Parameters
    ----------
    mean, variance : [num_looks + 1, n], float
        Of the angle, in rad and rad^2; first before any look.
    belief : AngleBelief
        At last.
    sums : LookSums
        Of all looks.
    """

    mean: np.ndarray
    variance: np.ndarray
    belief: AngleBelief
    sums: LookSums


def align(
    looks: AngleLooks,
    angles: AngleFilter,
    draws: PathDraws,
    no: Any,
    *,
    gain_known: bool = False,
) -> Aligned:
    """Look at paths as a rule says, and keep what is believed of their angles.

    Parameters
    ----------
    looks
        The rule.
    angles
        The grid.
    draws
        Paths and noise.
    no : scalar or [n], float
        Noise variance in a look of unit norm; 0.1 is 10 dB at one antenna.
    gain_known
        A bound: the filter is told the gain.

    Raises
    ------
    ValueError
        If the noise variance is not positive, or draws are not finite.
    """
    n, num_looks = draws.noise.shape
    check_int("n", n, low=1)
    no = np.broadcast_to(check_noise_variance("no", no), n).astype(np.float32)
    for name in ("angle", "gain", "noise"):
        check_finite(name, getattr(draws, name))
    h = draws.gain[:, None] * angles.responses(draws.angle)
    noise = draws.noise * np.sqrt(no)[:, None]
    gain = tf.constant(draws.gain) if gain_known else None
    sums, found = angles.start(n), []
    belief = angles.belief(sums, no, gain)
    for step in range(num_looks):
        found.append(belief)
        w = tf.convert_to_tensor(looks(belief, step, no))
        y = tf.reduce_sum(tf.math.conj(w) * h, axis=1) + noise[:, step]
        sums = angles.tell(sums, w, y)
        belief = angles.belief(sums, no, gain)
    found.append(belief)
    mean, variance = (
        np.stack([getattr(b, name).numpy() for b in found])
        for name in ("mean", "variance")
    )
    return Aligned(mean, variance, belief, sums)


def every_antenna(angles: AngleFilter, draws: PathDraws, no: Any) -> AngleBelief:
    """Return what one would believe with a chain at every antenna, a bound.

    Each look then hears all antennas in noise of that variance, from which every look
    through one chain could be computed: no rule can know more.
    """
    n, num_looks = draws.noise.shape
    no = np.broadcast_to(check_noise_variance("no", no), n).astype(np.float32)
    a = angles.responses(draws.angle)
    energy = tf.fill([n, angles.num_angles], float(num_looks * angles.num_ant))
    # The sum over looks has the noise of all of them; one draw an antenna is enough.
    rng = np.random.default_rng(np.abs(draws.noise[:, 0]).view(np.uint32))
    noise = complex_normal(rng, a.shape) * np.sqrt(num_looks * no)[:, None]
    y = num_looks * draws.gain[:, None] * a + noise
    matched = tf.convert_to_tensor(y @ angles.steering.conj().T)
    return angles.belief(LookSums(energy, matched), no)
