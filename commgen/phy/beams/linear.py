"""Precoders in closed form: MRT, ZF, RZF, and RZF that knows its error."""

import tensorflow as tf

from commgen.phy.beams.belief import Belief
from commgen.phy.beams.precoder import Precoder
from commgen.phy.beams.solving import solve


class MRT(Precoder):
    """Maximum-ratio transmission: each stream along its channel, alone."""

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return conjugate channels, all streams of the same power."""
        return _normed(tf.linalg.adjoint(strongest(belief.mean, self.num_streams)))


class ZF(Precoder):
    r"""Zero forcing: no stream is heard where another one goes.

    .. math:: W = H^H (H H^H)^+

    With channels that are no linearly independent rows the pseudo-inverse gives what
    interferes least; streams that nothing can separate stay together.
    """

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return the columns of the pseudo-inverse, each of the same power."""
        H = _rows(strongest(belief.mean, self.num_streams))
        return _normed(_by_user(_pseudo_inverse(H), belief, self.num_streams))


class RZF(Precoder):
    r"""Regularised zero forcing, for all streams alike.

    .. math:: W = H^H \left(H H^H + \frac{K N_0}{P} I\right)^{-1}

    for K streams (Peel, Hochwald and Swindlehurst, IEEE Trans. Commun. 53, 2005,
    eq. 23), scaled as a whole.
    """

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return the regularised inverse."""
        H = _rows(strongest(belief.mean, self.num_streams))
        G = tf.matmul(H, H, adjoint_b=True)
        load = H.shape[-2] * tf.cast(no / power, H.dtype)
        G += load * tf.eye(H.shape[-2], dtype=H.dtype)
        W = tf.linalg.adjoint(solve(G, H))
        return _by_user(W, belief, self.num_streams)


class RobustRZF(Precoder):
    r"""RZF that counts the error of what it believes as interference.

    .. math:: W = \left(\hat{H}^H \hat{H} + \sum_k C_k
        + \frac{K N_0}{P} I\right)^{-1} \hat{H}^H

    the minimiser of the mean squared error over channels :math:`\hat{H} + E` with
    :math:`\mathrm{E}[e_k^H e_k] = C_k` (Dabbagh and Love, IEEE Trans. Commun. 56, 2008,
    sec. III). Without ``err_cov`` it is :class:`RZF`.
    """

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return the regularised inverse."""
        if belief.err_cov is None:
            return RZF(self.num_streams).weights(belief, no, power)
        H = _rows(strongest(belief.mean, self.num_streams))
        A = tf.matmul(H, H, adjoint_a=True)
        # Rows: E[e^H e] is the conjugate of E[e^T e^*].
        errors = tf.reduce_sum(tf.math.conj(belief.err_cov), axis=1)
        A += self.num_streams * errors
        load = H.shape[-2] * tf.cast(no / power, H.dtype)
        A += load * tf.eye(A.shape[-1], dtype=H.dtype)
        W = solve(A, tf.linalg.adjoint(H))
        return _by_user(W, belief, self.num_streams)


def strongest(h, num_streams):
    """Channel as its strongest receive directions see it.

    [batch, num_users, num_rx_ant, num_tx_ant] to [batch, num_users, num_streams,
    num_tx_ant].
    """
    if h.shape[-2] == 1:
        return h
    _, u, _ = tf.linalg.svd(h)
    return tf.matmul(u[..., :num_streams], h, adjoint_a=True)


def _rows(h):
    return tf.concat(tf.unstack(h, axis=1), axis=1)


def _by_user(W, belief, num_streams):
    """[batch, num_tx_ant, streams of all] to weights, user by user."""
    return tf.stack(tf.split(W, [num_streams] * belief.num_users, axis=2), axis=1)


def _normed(w):
    norm = tf.sqrt(tf.reduce_sum(tf.abs(w) ** 2, axis=-2, keepdims=True))
    return tf.math.divide_no_nan(w, tf.cast(norm, w.dtype))


def _pseudo_inverse(H):
    s, u, v = tf.linalg.svd(H)
    tiny = tf.cast(1e-5, s.dtype) * s[..., :1]
    inverse = tf.where(s > tiny, 1 / tf.maximum(s, tf.cast(1e-30, s.dtype)), 0)
    scales = tf.linalg.diag(tf.cast(inverse, v.dtype))
    return tf.matmul(v, tf.matmul(scales, u, adjoint_b=True))
