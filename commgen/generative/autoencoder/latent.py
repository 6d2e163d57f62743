"""Distributions of a latent vector: one Gaussian, or a mixture that is learned."""

from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.generative._untyped import keras, layers, ops, tf
from commgen.generative.networks.subnets import ResidualMLP

_LOG_2PI = float(np.log(2 * np.pi))
# Features of the network that a condition goes through.
_WIDTH = 64
# Spread of the first means of a mixture's components.
_INITIAL_SPREAD = 1.0


@keras.saving.register_keras_serializable("commgen")
class LatentPrior(layers.Layer):
    r"""Distribution of the latent vector of an autoencoder.

    One component is the standard normal distribution. More are a mixture
    :math:`p(z) = \sum_k \pi_k \mathcal{N}(z; m_k, \mathrm{diag}(s_k^2))` whose
    parameters are learned with the networks (Jiang et al., *Variational Deep
    Embedding*, IJCAI 2017; Tomczak & Welling, AISTATS 2018, for the loss).

    A condition changes the weights, and moves and stretches that distribution,
    :math:`z = a(c) + b(c) z_0` with learned a and b (a conditional prior, Sohn et al.,
    NeurIPS 2015). No other part of an autoencoder sees it.

    Parameters
    ----------
    size
        Length of the latent vector.
    num_components
        Number of Gaussians.
    num_conditions
        Numbers in a condition, standardised; 0 for none.
    """

    def __init__(self, size, num_components=1, num_conditions=0, **kwargs):
        super().__init__(**kwargs)
        self.size = check_int("size", size, low=1)
        self.num_conditions = check_int("num_conditions", num_conditions, low=0)
        self.network: Any = None
        if num_conditions:
            outputs = 2 * size + num_components
            self.network = ResidualMLP(_WIDTH, 1, outputs, zero=True)
            self.network.build((None, num_conditions))
        self.num_components = check_int("num_components", num_components, low=1)
        K, learned = self.num_components, num_components > 1
        weight = {"trainable": learned}
        start = keras.initializers.RandomNormal(
            stddev=_INITIAL_SPREAD if learned else 0
        )
        self._logits = self.add_weight(
            shape=(K,), initializer="zeros", name="logits", **weight
        )
        self._means = self.add_weight(
            shape=(K, size), initializer=start, name="means", **weight
        )
        self._log_scales = self.add_weight(
            shape=(K, size), initializer="zeros", name="log_scales", **weight
        )
        self.built = True

    def log_prob(self, z, given=None):
        """Return log p(z | c), [batch], in nats.

        Parameters
        ----------
        z : [batch, size], float
            Latent vectors.
        given : [batch, num_conditions], float, or None
            Standardised conditions.
        """
        logits = tf.convert_to_tensor(self._logits)[None]
        stretch = 0.0
        if self.network is not None:
            move, log_b, more = self._changes(given)
            z, stretch = (z - move) * ops.exp(-log_b), ops.sum(log_b, axis=1)
            logits = logits + more
        means, log_scales = (
            tf.convert_to_tensor(w)[None] for w in (self._means, self._log_scales)
        )
        distance = ((z[:, None] - means) * ops.exp(-log_scales)) ** 2
        log_k = -0.5 * ops.sum(distance + 2 * log_scales + _LOG_2PI, axis=-1)
        return ops.logsumexp(log_k + ops.log_softmax(logits), axis=1) - stretch

    def _changes(self, given):
        sizes = [self.size, 2 * self.size]
        return ops.split(self.network(given), sizes, axis=1)

    def place(self, z, given=None):
        """Move z : [batch, size], of one standard normal, to where c puts it."""
        if self.network is None:
            return z
        move, log_b, _ = self._changes(given)
        return move + ops.exp(log_b) * z

    def draw(self, n, rng, given=None) -> np.ndarray:
        """Draw z given conditions, [n, size], float32, with a NumPy generator."""
        logits = np.broadcast_to(np.asarray(self._logits), (n, self.num_components))
        if self.network is not None:
            logits = logits + np.asarray(self._changes(given)[2])
        # The greatest of logits with Gumbel noise is a draw of their softmax.
        k = np.argmax(logits + rng.gumbel(size=logits.shape), axis=1)
        z = rng.standard_normal((n, self.size), dtype=np.float32)
        means, scales = np.asarray(self._means), np.exp(np.asarray(self._log_scales))
        return np.asarray(self.place((means[k] + scales[k] * z), given), np.float32)

    def get_config(self):
        """Return the arguments of the constructor."""
        return {
            **super().get_config(),
            "size": self.size,
            "num_components": self.num_components,
            "num_conditions": self.num_conditions,
        }


def log_normal(z, mean, log_var):
    """Return the log-density of a diagonal Gaussian at z : [batch, size], [batch]."""
    return -0.5 * ops.sum(
        (z - mean) ** 2 * ops.exp(-log_var) + log_var + _LOG_2PI, axis=-1
    )
