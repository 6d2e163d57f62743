"""Precoder of phases: all antennas send a stream with the same power."""

from typing import Any, Literal

import tensorflow as tf

from commgen.phy.beams.precoder import Precoder
from commgen.phy.beams.wmmse import WMMSE


class ConstantModulus(WMMSE):
    r"""WMMSE over weights of which only phases are free, and a power for each stream.

    The mean squared error of a turn of WMMSE is a quadratic form in the weights
    :math:`w` of a stream, :math:`w^H A w - 2 \mathrm{Re}(w^H b)`. With all phases but
    one fixed its least value has that phase at the argument of
    :math:`b_m - \sum_{n \ne m} A_{mn} w_n`; a turn goes through the antennas once, and
    then to the best amplitude. Each step lowers the error, so that the rate never falls
    (the cyclic updates of Sohrabi and Yu, IEEE J. Sel. Topics Signal Process. 10, 2016,
    sec. IV, on the error in place of the rate).

    Parameters
    ----------
    num_streams, num_steps, of, user_weights
        As of :class:`WMMSE`.
    start
        Precoder whose phases it starts from; as of :class:`WMMSE`.
    """

    def __init__(
        self,
        num_streams: int = 1,
        *,
        num_steps: int = 100,
        of: Literal["mean", "samples"] = "mean",
        user_weights: Any = None,
        start: Precoder | None = None,
    ):
        super().__init__(
            num_streams,
            num_steps=num_steps,
            of=of,
            user_weights=user_weights,
            start=start,
        )

    def _admitted(self, w, power):
        """Return weights of the same phases, as strong at each antenna."""
        norm = tf.sqrt(tf.reduce_sum(tf.abs(w) ** 2, axis=2, keepdims=True))
        amplitude = norm / float(w.shape[2]) ** 0.5
        return phases(w) * tf.cast(amplitude, w.dtype)

    def _improved(self, A, B, W):
        # The antenna first, so that a row is one entry.
        amplitude = tf.abs(W[:, 0])  # [batch, streams]
        wanted, u = (tf.transpose(x, [1, 0, 2]) for x in (B, phases(W)))
        pairs = tf.transpose(A, [1, 0, 2])
        strong = tf.cast(amplitude, W.dtype)
        # A stream that sends nothing has phases yet, as for a small amplitude.
        strong = tf.where(amplitude > 0, strong, tf.ones_like(strong))

        def improve(m, u):
            at = pairs[m]  # [batch, num_tx_ant]
            own = tf.gather(at, m, axis=1)[:, None]
            others = tf.einsum("bn,nbs->bs", at, u) - own * u[m]
            new = phases(wanted[m] - others * strong)
            return m + 1, tf.tensor_scatter_nd_update(u, [[m]], new[None])

        n = int(A.shape[-1])
        u = tf.while_loop(lambda m, u: m < n, improve, (tf.constant(0), u))[1]
        u = tf.transpose(u, [1, 0, 2])
        top = tf.reduce_sum(tf.math.real(tf.math.conj(u) * B), axis=1, keepdims=True)
        bottom = tf.math.conj(u) * tf.matmul(A, u)
        bottom = tf.reduce_sum(tf.math.real(bottom), axis=1, keepdims=True)
        best = tf.math.divide_no_nan(tf.maximum(top, 0), bottom)
        return u * tf.cast(best, u.dtype)


def phases(w: tf.Tensor) -> tf.Tensor:
    """Return numbers of modulus one in the direction of ``w``; one where it is zero."""
    squares = tf.math.real(w) ** 2 + tf.math.imag(w) ** 2
    none = squares == 0
    safe = tf.where(none, tf.ones_like(w), w)
    squares = tf.where(none, tf.ones_like(squares), squares)
    return safe * tf.cast(tf.math.rsqrt(squares), w.dtype)
