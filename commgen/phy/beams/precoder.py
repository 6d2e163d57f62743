"""The contract of precoders: from a belief to the weights of all antennas."""

from abc import ABC, abstractmethod
from typing import Any

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.phy.beams.belief import Belief


class Precoder(ABC):
    """Weights of a downlink to several users, from what is known of their channels.

    A member says in :meth:`weights` where the antennas point, at any scale; the base
    class checks and brings them to the power. Works on tensors and in a TF graph, and
    gradients flow.

    Parameters
    ----------
    num_streams
        Of each user; at most its antennas.

    Input
    -----
    belief : Belief, or [batch, num_users, (num_rx_ant,) num_tx_ant], complex
        What is known; an array is a channel that is known.
    no : float
        Noise variance at a receive antenna, linear.
    power : float
        Sum over all antennas, linear.

    Output
    ------
    w : [batch, num_users, num_tx_ant, num_streams], complex
        What is sent is the sum of W_k x_k with E[x_k x_k^H] = I; of power ``power``.
        Zero where all that is believed is zero.

    Raises
    ------
    ValueError
        If there are more streams than antennas, or power or noise is not above 0.
    """

    def __init__(self, num_streams: int = 1):
        self.num_streams = check_int("num_streams", num_streams, low=1)

    def __call__(self, belief: Any, no: Any, power: Any = 1.0) -> tf.Tensor:
        """Return the weights."""
        if not isinstance(belief, Belief):
            belief = Belief.of(belief)
        check_streams(self.num_streams, belief)
        no, power = _above_zero("no", no), _above_zero("power", power)
        return scaled(self.weights(belief, no, power), power)

    @abstractmethod
    def weights(self, belief: Belief, no: Any, power: Any) -> tf.Tensor:
        """Return weights of any scale, as of the class."""


def scaled(w: tf.Tensor, power: Any) -> tf.Tensor:
    """Return weights [batch, num_users, num_tx_ant, num_streams] of a given power."""
    # Without tf.abs, whose hypot takes longer than all the rest.
    squares = tf.math.real(w) ** 2 + tf.math.imag(w) ** 2
    present = tf.reduce_sum(squares, axis=[1, 2, 3], keepdims=True)
    factor = tf.math.divide_no_nan(tf.cast(power, present.dtype), present)
    return w * tf.cast(tf.sqrt(factor), w.dtype)


def check_streams(num_streams: int, belief: Belief) -> None:
    """Refuse more streams than users or the base station have antennas.

    Raises
    ------
    ValueError
        If so.
    """
    if num_streams > belief.num_rx_ant:
        raise ValueError(
            f"num_streams must be at most the {belief.num_rx_ant} antennas of a user, "
            f"got {num_streams}."
        )
    total = num_streams * belief.num_users
    if total > belief.num_tx_ant:
        raise ValueError(
            "num_streams times num_users must be at most the "
            f"{belief.num_tx_ant} antennas, got {num_streams} x {belief.num_users}."
        )


def _above_zero(name: str, value: Any) -> Any:
    if tf.is_symbolic_tensor(value):
        return value
    found = float(np.asarray(value))
    if not (np.isfinite(found) and found > 0):
        raise ValueError(f"{name} must be above 0, got {found:g}.")
    # A Python number would become one of single precision.
    return value if tf.is_tensor(value) else np.float64(found)
