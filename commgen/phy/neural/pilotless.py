"""Points and receiver of a slot without pilots, as one model that learns end to end."""

from typing import Any

import keras as _keras
import numpy as np
import tensorflow as tf

from commgen.frame.constellation import Constellation
from commgen.frame.features import MAX_LLR, MAX_SYMBOL
from commgen.phy.estimation.covariance import GridCovariance
from commgen.phy.neural.network import ReceiverNetwork
from commgen.phy.receiver.slot_posterior import reduced_root
from commgen.phy.signal.demapper import point_llr

keras: Any = _keras
#: Share of the channel's power that the estimate inside may leave out.
TOLERANCE = 1e-4
_TINY = 1e-12


class PilotlessSystem(keras.Model):
    r"""Transmitter, channel and receiver of a slot whose only pilot is a mean.

    Points :math:`c` of a mean that is not zero are sent on all elements. With what a
    decoder has told of the bits, which at first is nothing, a symbol has the mean
    :math:`\bar{x}_i` and the variance :math:`v_i`, and the channel its LMMSE estimate
    under a covariance, as in :class:`~commgen.phy.receiver.SlotPosterior`; equaliser,
    exact demapper, and a :class:`~commgen.phy.neural.network.ReceiverNetwork` follow.
    Gradients go through all of it, the channel :math:`y = h x + n` included.

    What a decoder would tell is drawn: LLRs of the consistent Gaussian law (ten Brink,
    "Convergence behavior of iteratively decoded parallel concatenated codes", IEEE
    Trans. Commun. 49(10), 2001, eq. 9), so that points and network serve all rounds
    between decoder and estimator.

    Parameters
    ----------
    start
        Points to begin with, of a mean that is not zero.
    covariance
        Of the channel over the grid.
    width
        Channels of the network's hidden layers; 0: no network.

    Input
    -----
    h : [batch, num_ofdm_symbols, num_subcarriers, 2], float
        Channels of unit mean power; real and imaginary part.
    noise : as ``h``
        Noise of unit variance.
    no : [batch, 1, 1], float
        Its variance.
    bits : [batch, num_ofdm_symbols, num_subcarriers, num_bits_per_symbol], float
        What is sent.
    told : as ``bits``
        LLRs that a decoder has told.

    Output
    ------
    llr : as ``bits``
    """

    def __init__(
        self, start: Constellation, covariance: GridCovariance, *, width: int = 16
    ):
        super().__init__()
        self.num_bits_per_symbol = q = start.num_bits_per_symbol
        roots = covariance.time, covariance.frequency
        kept = [reduced_root(root, TOLERANCE) for root in roots]
        G = np.kron(*kept)
        full = np.outer(*((np.abs(root) ** 2).sum(1) for root in roots)).ravel()
        left_out = np.maximum(full - (np.abs(G) ** 2).sum(1), 0)
        pairs = (np.conj(G)[:, :, None] * G[:, None]).reshape(len(G), -1)
        self._root = tf.constant(G, tf.complex64)
        self._pairs = tf.constant(pairs, tf.complex64)
        self._left_out = tf.constant(left_out, tf.float32)
        self._bits = tf.constant(start.bits, tf.float32)
        parts = np.stack([start.points.real, start.points.imag])
        self._z = self.add_weight(
            shape=parts.shape,
            initializer=lambda shape, dtype=None: tf.constant(parts, dtype),
            name="points",
        )
        self.network = ReceiverNetwork(q, width) if width else None

    def build(self, input_shape=None):
        """Make the weights of the network."""
        if self.network is not None:
            q = self.num_bits_per_symbol
            self.network.build((None, None, None, 8 + q))
        self.built = True

    def points(self):
        """Return the points in the order of their labels, [2**bits], complex64."""
        z = self._z / tf.sqrt(2 * tf.reduce_mean(self._z**2))
        return tf.complex(z[0], z[1])

    def constellation(self, card=None) -> Constellation:
        """Return the points as they are now."""
        return Constellation.of(self.points().numpy(), card=card)

    def call(self, inputs):
        """Send, receive, and return LLRs."""
        h, noise, no, bits, told = inputs
        h, points = tf.complex(h[..., 0], h[..., 1]), self.points()
        weights = 2.0 ** np.arange(self.num_bits_per_symbol)[::-1]
        labels = tf.cast(tf.tensordot(bits, weights.astype(np.float32), 1), tf.int32)
        x = tf.gather(points, labels)
        n = tf.complex(noise[..., 0], noise[..., 1])
        y = h * x + tf.cast(tf.sqrt(no), tf.complex64) * n
        h_hat, err_var = self._estimate(y, no, *self._soft(told, points), h, told)
        s = no + err_var
        gain = tf.maximum(tf.abs(h_hat) ** 2 / s, _TINY)
        x_hat = tf.math.conj(h_hat) * y / tf.cast(s * gain, tf.complex64)
        llr = point_llr(x_hat, 1 / gain, points, tf.zeros(()))
        if self.network is None:
            return llr
        return self.network(features(y, h_hat, x_hat, no, llr))

    def _soft(self, told, points):
        """Return mean and variance of the symbols."""
        p = tf.nn.softmax(tf.einsum("btfi,ci->btfc", told, self._bits))
        mean = tf.einsum("btfc,c->btf", tf.cast(p, tf.complex64), points)
        power = tf.einsum("btfc,c->btf", p, tf.abs(points) ** 2)
        return mean, tf.maximum(power - tf.abs(mean) ** 2, 0.0)

    def _estimate(self, y, no, x_mean, x_var, h, told):
        """Return the LMMSE estimate and its error variance."""
        shape = tf.shape(y)
        # Of an earlier estimate, which has found the channel's power; or of the prior.
        known = tf.reduce_any(told != 0, axis=[1, 2, 3])[:, None, None]
        power = tf.where(known, tf.abs(h) ** 2, 1.0)
        weight = 1 / (no + x_var * power)
        seen = tf.cast(weight, tf.complex64) * tf.math.conj(x_mean) * y
        seen = tf.reshape(seen, [shape[0], -1]) @ tf.math.conj(self._root)
        heard = tf.reshape(weight * tf.abs(x_mean) ** 2, [shape[0], -1])
        rank: Any = self._root.shape[1]
        precision = tf.cast(heard, tf.complex64) @ self._pairs
        precision = tf.reshape(precision, [-1, rank, rank]) + tf.eye(
            rank, dtype=tf.complex64
        )
        cov = tf.linalg.inv(precision)
        c = tf.linalg.matvec(cov, seen)
        h_hat = tf.reshape(c @ tf.transpose(self._root), shape)
        flat = tf.reshape(cov, [shape[0], -1])
        variance = tf.math.real(flat @ tf.math.conj(tf.transpose(self._pairs)))
        variance = tf.maximum(variance, 0.0) + self._left_out
        return h_hat, tf.reshape(variance, shape)

    def compute_loss(
        self,
        x=None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight=None,
        training=True,
    ):
        """Return the cross-entropy of the bits, in nats a bit."""
        return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(y, y_pred))


def features(y, h_hat, x_hat, no, llr):
    """Return what a network is shown, as :mod:`commgen.frame.features` has it.

    Parameters
    ----------
    y, h_hat, x_hat : [batch, T, F], complex64
        Received, estimated and equalised.
    no : broadcastable to them, float
        Noise variance.
    llr : [batch, T, F, num_bits_per_symbol], float
        Of the equalised symbols.

    Returns
    -------
    z : [batch, T, F, 8 + num_bits_per_symbol], float
    """
    level = tf.broadcast_to(tf.math.log(no) / np.log(10.0), tf.shape(y))
    parts = [tf.ones_like(level), level]
    for value, most in ((y, np.inf), (h_hat, np.inf), (x_hat, MAX_SYMBOL)):
        for part in (tf.math.real(value), tf.math.imag(value)):
            parts.append(tf.clip_by_value(part, -most, most))
    llr = tf.clip_by_value(llr, -MAX_LLR, MAX_LLR)
    return tf.concat([tf.stack(parts, axis=-1), llr], axis=-1)
