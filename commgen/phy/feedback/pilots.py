"""Pilots of a line of antennas that tell the paths of a sector apart."""

from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int, check_positive
from commgen._random import complex_normal
from commgen.inference.parameters.axis import Axis

_ANGLES, _LEARNING_RATE = 97, 0.05


def sector_pilots(
    axis: Axis, num_pilots: int, no: float, *, seed: int, num_steps: int = 400
) -> np.ndarray:
    r"""Return few pilots that tell most of two paths, wherever in the sector they are.

    With directions :math:`d_i = X^T a(x_i)` the gains of two paths of half the power
    are told as

    .. math:: \log\det\left(I + \frac{1}{2 N_0} [d_1\, d_2]^H [d_1\, d_2]\right)

    nats by :math:`y = X^T h + n` (Cover and Thomas, *Elements of Information Theory*,
    2nd ed. 2006, sec. 9.4); its mean over pairs of values of the axis is climbed by
    Adam from random pilots, so that power stays in the sector and no two directions of
    it look alike.

    Parameters
    ----------
    axis
        Antennas, and the sector between its ends.
    num_pilots
        At least 1.
    no
        Noise variance at a pilot of unit power, linear.
    seed
        Of the first pilots.
    num_steps
        Of Adam; 0 leaves random pilots, of the same power in all directions.

    Returns
    -------
    [num_positions, num_pilots], complex64
        Columns of unit norm.

    Raises
    ------
    ValueError
        If a number is out of its range.
    """
    num_pilots = check_int("num_pilots", num_pilots, low=1)
    no = check_positive("no", no)
    steps = check_int("num_steps", num_steps, low=0)
    rng = np.random.default_rng(check_int("seed", seed, low=0))
    start = complex_normal(rng, (axis.num_positions, num_pilots))
    start: Any = np.stack([np.real(start), np.imag(start)])
    parts = tf.Variable(start)
    value = np.linspace(axis.low, axis.high, _ANGLES)
    a = tf.constant(axis.exponentials(axis.to_x(value)), tf.complex64)
    optimizer = tf.keras.optimizers.Adam(_LEARNING_RATE)

    @tf.function(autograph=False)
    def climb():
        with tf.GradientTape() as tape:
            loss = -tf.reduce_mean(_told(tf.matmul(a, _pilots(parts)), no))
        optimizer.apply_gradients([(tape.gradient(loss, parts), parts)])

    for _ in range(steps):
        climb()
    return _pilots(parts).numpy()


def _pilots(parts):
    X = tf.complex(parts[0], parts[1])
    return X / tf.cast(tf.norm(X, axis=0), X.dtype)


def _told(d, no):
    """Return what is told of each pair of directions [num, num_pilots], in nats."""
    gram = tf.matmul(d, d, adjoint_b=True)
    power = tf.math.real(tf.linalg.diag_part(gram)) / (2 * no)
    cross = tf.math.real(gram * tf.math.conj(gram)) / (2 * no) ** 2
    return tf.math.log((1 + power[:, None]) * (1 + power) - cross)
