"""WMMSE: weights that no small change improves, for one channel or for many."""

from typing import Any, Literal

import numpy as np
import tensorflow as tf

from commgen._checks import check_int
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.linear import RZF
from commgen.phy.beams.precoder import Precoder, scaled
from commgen.phy.beams.rate import identity, received
from commgen.phy.beams.solving import places, solve


class WMMSE(Precoder):
    r"""Weighted minimum mean squared error, for the sum rate or a weighted one.

    Receivers, weights of their errors and precoder take turns (Shi et al., IEEE Trans.
    Signal Process. 59, 2011, table I), each the best for the others, so that the rate
    never falls. With a total power the noise is told in units of what is sent, which
    leaves no multiplier to search for (Zhao, Lu, Shi and Luo, IEEE Trans. Signal
    Process. 71, 2023, sec. III); with a power for each antenna the rows of the weights
    are improved one after the other, each within its power.

    Parameters
    ----------
    num_streams
        Of each user.
    num_steps
        Turns; 0 leaves the start.
    of
        What is counted: the rate of the believed ``mean``, or its mean over the
        ``samples``, the sample average (SAA) of the expected rate: each sample has
        receivers of its own, all share the weights.
    per_antenna
        Whether ``power`` is shared evenly, no antenna sending more than its part.
    user_weights : [num_users], float, or None
        How much each user's rate counts.
    start
        Precoder to start from; :class:`~commgen.phy.beams.RZF` where None.
    """

    def __init__(
        self,
        num_streams: int = 1,
        *,
        num_steps: int = 100,
        of: Literal["mean", "samples"] = "mean",
        per_antenna: bool = False,
        user_weights: Any = None,
        start: Precoder | None = None,
    ):
        super().__init__(num_streams)
        if of not in ("mean", "samples"):
            raise ValueError(f"of must be 'mean' or 'samples', got {of!r}.")
        self.num_steps = check_int("num_steps", num_steps, low=0)
        self.of, self.per_antenna = of, per_antenna
        self.user_weights = _user_weights(user_weights)
        self.start = RZF(num_streams) if start is None else start
        self._turns = tf.function(self._take_turns, autograph=False)

    def __call__(self, belief: Any, no: Any, power: Any = 1.0) -> tf.Tensor:
        """Return the weights."""
        w = super().__call__(belief, no, power)
        return self._admitted(w, power)

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return the weights after all turns."""
        h = self._channels(belief)
        w = scaled(self.start.weights(belief, no, power), power)
        w = self._admitted(w, power)
        counts = tf.constant(_of_users(self.user_weights, belief))
        no, power = (tf.cast(x, counts.dtype) for x in (no, power))
        return self._turns(h, w, no, power, counts, self.num_steps)

    def _take_turns(self, h, w, no, power, counts, num_steps):
        return tf.while_loop(
            lambda i, w: i < num_steps,
            lambda i, w: (i + 1, self.turn(h, w, no, power, counts)),
            (tf.constant(0), w),
        )[1]

    def _channels(self, belief: Belief) -> tf.Tensor:
        if self.of == "mean":
            return belief.mean[None]
        if belief.samples is None:
            raise ValueError("samples must be given to average over, got None.")
        return belief.samples

    def turn(self, h, w, no, power, counts) -> tf.Tensor:
        """Return the weights one turn later.

        Parameters
        ----------
        h : [num_samples, batch, num_users, num_rx_ant, num_tx_ant], complex
            Channels.
        w : [batch, num_users, num_tx_ant, num_streams], complex
            Weights; those of a total power may have any scale.
        no, power
            As of the class.
        counts : [num_users], float
            How much each user counts.
        """
        own, every = received(h, w[None])
        noise = tf.cast(no, w.dtype)
        if not self.per_antenna:
            sent = tf.reduce_sum(tf.abs(w) ** 2, axis=[1, 2, 3])
            noise *= tf.cast(sent / tf.cast(power, sent.dtype), w.dtype)
        J = every + _at_last(noise) * identity(h)
        receiver = _solve(J, own)
        error = identity(own, -1)
        error -= tf.matmul(own, receiver, adjoint_a=True)
        # At signals that leave no error to single precision, its last places.
        error += places(error) * identity(own, -1)
        weight = _inverse(error) * tf.cast(counts, w.dtype)[:, None, None]
        seen = tf.matmul(h, receiver, adjoint_a=True)  # [..., num_tx_ant, num_streams]
        pulled = tf.matmul(seen, weight)
        B = tf.reduce_mean(pulled, axis=0)
        A = tf.einsum("sbkml,sbknl->bmn", pulled, tf.math.conj(seen))
        A /= tf.cast(tf.shape(h)[0], w.dtype)
        if self.per_antenna:
            return _row_by_row(A, B, w, tf.cast(power, B.dtype.real_dtype))
        load = tf.einsum(
            "sbkil,sbklm,sbkim->b", receiver, weight, tf.math.conj(receiver)
        )
        load *= tf.cast(no / power, w.dtype) / tf.cast(tf.shape(h)[0], w.dtype)
        A += load[:, None, None] * tf.eye(A.shape[-1], dtype=w.dtype)
        return by_user(self._improved(A, side_by_side(B), side_by_side(w)), w)

    def _improved(self, A, B, W):
        """Return weights W, side by side, of less tr(W^H A W) - 2 Re tr(W^H B)."""
        return solve(A, B)

    def _admitted(self, w, power):
        """Return weights of which no antenna sends more than it may."""
        if not self.per_antenna:
            return w
        sent = tf.reduce_sum(tf.abs(w) ** 2, axis=[1, 3], keepdims=True)
        most = tf.cast(power, sent.dtype) / w.shape[2]
        factor = tf.sqrt(tf.math.divide_no_nan(most, tf.maximum(sent, most)))
        return w * tf.cast(factor, w.dtype)


def _row_by_row(A, B, w, power):
    """Improve the weights of one antenna after the other, each within its power.

    With the rest fixed a row of W minimises A_mm |w_m|^2 - 2 Re(c_m w_m^*), whose best
    point within a ball is that of the whole space drawn back to the ball.
    """
    # The antenna first, so that a row is one entry.
    rows, wanted = (tf.transpose(side_by_side(x), [1, 0, 2]) for x in (w, B))
    pairs = tf.transpose(A, [1, 0, 2])
    n = int(w.shape[2])
    most = tf.sqrt(power / n)

    def improve(m, rows):
        at = pairs[m]  # [batch, num_tx_ant]
        own = tf.gather(at, m, axis=1)[:, None]
        rest = wanted[m] - tf.einsum("bn,nbs->bs", at, rows) + own * rows[m]
        row = tf.math.divide_no_nan(rest, own)
        norm = tf.sqrt(tf.reduce_sum(tf.abs(row) ** 2, axis=1, keepdims=True))
        row *= tf.cast(most / tf.maximum(norm, most), row.dtype)
        return m + 1, tf.tensor_scatter_nd_update(rows, [[m]], row[None])

    rows = tf.while_loop(lambda m, rows: m < n, improve, (tf.constant(0), rows))[1]
    return by_user(tf.transpose(rows, [1, 0, 2]), w)


def side_by_side(w):
    """[batch, num_users, num_tx_ant, num_streams] to all streams in one row."""
    return tf.concat(tf.unstack(w, axis=1), axis=2)


def by_user(W, w):
    """Undo :func:`side_by_side`, for as many users as ``w`` has."""
    return tf.stack(tf.split(W, w.shape[1], axis=2), axis=1)


def _at_last(x):
    """[batch] or a number, with axes for users and two more."""
    return x[..., None, None, None] if x.shape.rank else x


def _solve(J, own):
    return tf.math.divide_no_nan(own, J) if J.shape[-1] == 1 else solve(J, own)


def _inverse(E):
    return 1 / E if E.shape[-1] == 1 else tf.linalg.inv(E)


def _user_weights(value):
    if value is None:
        return None
    w = np.asarray(value, np.float64)
    if w.ndim != 1 or not np.isfinite(w).all() or w.min() < 0 or w.max() == 0:
        raise ValueError(
            "user_weights must be [num_users] numbers >= 0, not all 0, got "
            f"{w.tolist()}."
        )
    return w


def _of_users(weights, belief: Belief):
    if weights is None:
        return np.ones(belief.num_users)
    if len(weights) != belief.num_users:
        raise ValueError(
            f"user_weights must be {belief.num_users} numbers, one for each user, got "
            f"{len(weights)}."
        )
    return weights
