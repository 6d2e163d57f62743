"""What users receive with given weights: rates, SINRs, and the receivers behind."""

from typing import Any

import numpy as np
import tensorflow as tf


def user_rates(h: Any, w: Any, no: Any) -> tf.Tensor:
    r"""Rate of each user, who decodes its own streams and takes the rest as noise.

    .. math:: R_k = \log_2 \det\left(I + W_k^H H_k^H J_k^{-1} H_k W_k\right), \quad
        J_k = N_0 I + \sum_{j \ne k} H_k W_j W_j^H H_k^H

    (Shi et al., IEEE Trans. Signal Process. 59, 2011, eq. 3).

    Parameters
    ----------
    h : [..., num_users, num_rx_ant, num_tx_ant], complex
        Channels.
    w : [..., num_users, num_tx_ant, num_streams], complex
        Weights; leading axes are broadcast against those of ``h``.
    no : float or [...]
        Noise variance at a receive antenna, linear.

    Returns
    -------
    [..., num_users], float
        Bits per channel use.
    """
    h, w = tf.convert_to_tensor(h), tf.convert_to_tensor(w)
    own, every = received(h, w)
    # A Python number would become one of single precision.
    no = no if tf.is_tensor(no) else np.asarray(no, np.float64)
    noise = tf.cast(no, own.dtype)[..., None, None, None]
    noise *= identity(h)
    J = every - tf.matmul(own, own, adjoint_b=True) + noise
    if h.shape[-2] == 1:  # one antenna: all is a number
        signal = tf.reduce_sum(tf.abs(own) ** 2, axis=[-1, -2])
        return _log2(1 + signal / tf.math.real(J[..., 0, 0]))
    streams = identity(own, -1)
    gain = tf.matmul(own, tf.linalg.solve(J, own), adjoint_a=True)
    return _log2(tf.math.real(tf.linalg.det(streams + gain)))


def sum_rate(h: Any, w: Any, no: Any) -> tf.Tensor:
    """Sum over users of :func:`user_rates`, [...]."""
    return tf.reduce_sum(user_rates(h, w, no), axis=-1)


def received(h: tf.Tensor, w: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return what arrives at each user.

    Parameters
    ----------
    h, w
        As of :func:`user_rates`.

    Returns
    -------
    own : [..., num_users, num_rx_ant, num_streams], complex
        H_k W_k.
    every : [..., num_users, num_rx_ant, num_rx_ant], complex
        Covariance of all that arrives, without noise.
    """
    own = tf.matmul(h, w)
    # All users' streams side by side, at each user.
    stacked = tf.concat(tf.unstack(w, axis=-3), axis=-1)[..., None, :, :]
    seen = tf.matmul(h, stacked)
    return own, tf.matmul(seen, seen, adjoint_b=True)


def power(w: Any) -> tf.Tensor:
    """Power of weights [..., num_users, num_tx_ant, num_streams], [...]."""
    return tf.reduce_sum(tf.abs(w) ** 2, axis=[-1, -2, -3])


def identity(x: Any, axis: int = -2) -> Any:
    """Return the identity matrix of an axis, that of receive antennas for channels."""
    return tf.eye(int(x.shape[axis]), dtype=x.dtype)


def _log2(x):
    return tf.math.log(x) / tf.math.log(tf.constant(2, x.dtype))
