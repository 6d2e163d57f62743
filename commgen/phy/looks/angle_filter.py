"""What looks through one chain tell of the angle of a path, exactly, on a grid."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.inference.parameters.axis import angle_axis


class LookSums(NamedTuple):
    """All that looks tell of angle and gain, for each angle of a grid.

    Parameters
    ----------
    energy : [batch, num_angles], float
        Sum over the looks of the power with which each hears an angle.
    matched : [batch, num_angles], complex
        Sum of what was heard times the conjugate of how each look hears an angle.
    """

    energy: Any
    matched: Any


class AngleBelief(NamedTuple):
    """Posterior of the angle, and of the gain given the angle.

    Parameters
    ----------
    log_p : [batch, num_angles], float
        Logarithm of the probability of each cell of the grid.
    mean, variance : [batch], float
        Of the angle, in rad and rad^2.
    gain : [batch, num_angles], complex
        Mean of the gain if the path comes from there.
    """

    log_p: Any
    mean: Any
    variance: Any
    gain: Any


class AngleFilter:
    r"""Exact posterior of the angle of one path, whose gain is not known.

    A look with weights w of unit norm hears :math:`y = g\,w^H a(\theta) + n` with
    :math:`g \sim CN(0, 1)`, the same in all looks, and :math:`n \sim CN(0, N_0)`. With
    :math:`b_t = w_t^H a(\theta)`, :math:`E = \sum_t |b_t|^2` and
    :math:`z = \sum_t b_t^* y_t` the gain is integrated out in closed form,

    .. math:: \log p(y|\theta) = \frac{|z|^2}{N_0 (N_0 + E)} - \log(1 + E/N_0)
        + \mathrm{const},

    so that E and z are all that needs to be kept. The prior is uniform in the angle;
    cells are uniform in its sine, as beams are.

    Parameters
    ----------
    num_ant
        Of a line at half a wavelength; a path has unit power at each.
    num_angles
        Cells of the grid; two for each antenna or more.
    low_deg, high_deg
        Ends of the prior.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range.
    """

    def __init__(
        self, num_ant=64, num_angles=192, *, low_deg: float = -60, high_deg: float = 60
    ):
        self.axis = angle_axis(num_ant, low_deg=low_deg, high_deg=high_deg)
        self.num_ant = num_ant
        self.num_angles = check_int("num_angles", num_angles, low=2)
        low, high = self.axis.to_x(low_deg), self.axis.to_x(high_deg)
        edges = np.linspace(low, high, num_angles + 1)
        width = np.diff(np.arcsin(edges))
        self.angles = np.float32(np.arcsin(edges[:-1]) + width / 2)
        self.log_prior = np.float32(np.log(width / width.sum()))
        self.steering = self.responses(self.angles)

    def responses(self, angles) -> np.ndarray:
        """Return a(theta) : [..., num_ant], complex64, of angles [rad]."""
        return self.axis.exponentials(np.sin(angles)).astype(np.complex64)

    def start(self, batch: int) -> LookSums:
        """Return what is known before the first look."""
        energy = tf.zeros([batch, self.num_angles])
        return LookSums(energy, tf.zeros_like(energy, tf.complex64))

    def tell(self, sums: LookSums, w, y) -> LookSums:
        """Add a look with weights w : [batch, num_ant] that heard y : [batch]."""
        b = tf.math.conj(w) @ self.steering.T
        power = tf.math.real(b) ** 2 + tf.math.imag(b) ** 2
        return LookSums(
            sums.energy + power, sums.matched + tf.math.conj(b) * y[:, None]
        )

    def belief(self, sums: LookSums, no, gain=None) -> AngleBelief:
        """Return what follows from the looks.

        Parameters
        ----------
        sums
            Of the looks.
        no : [batch], float
            Noise variance.
        gain : [batch], complex, or None
            Where it is known, as no receiver knows it; a bound.
        """
        energy, z, level = sums.energy, sums.matched, no[:, None]
        if gain is None:
            size = tf.math.real(z) ** 2 + tf.math.imag(z) ** 2
            found = size / (level * (level + energy)) - tf.math.log1p(energy / level)
            told = z / tf.complex(level + energy, 0.0)
        else:
            told = gain[:, None] + tf.zeros_like(z)
            along = 2 * tf.math.real(tf.math.conj(told) * z)
            found = (along - tf.abs(told) ** 2 * energy) / level
        log_p = tf.nn.log_softmax(found + self.log_prior)
        p = tf.exp(log_p)
        mean = tf.linalg.matvec(p, self.angles)
        variance = tf.reduce_sum(p * (self.angles - mean[:, None]) ** 2, axis=1)
        return AngleBelief(log_p, mean, variance, told)

    def most_aligned(self, sums: LookSums):
        """Return the angle whose looks fit best at any gain, [batch], in rad.

        This is the one step of orthogonal matching pursuit that a single path needs.
        """
        fit = tf.abs(sums.matched) ** 2 / tf.maximum(sums.energy, 1e-20)
        return tf.gather(self.angles, tf.argmax(fit, axis=1))
