"""Precoder that has learned to reach in one pass what WMMSE reaches in many steps."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from commgen.generative.files import save_network
from commgen.generative.load import load_network
from commgen.phy.beams.belief import Belief
from commgen.phy.beams.learning import (
    Examples,
    PrecoderTraining,
    RayleighBeliefs,
    in_noise,
    train_precoder,
)
from commgen.phy.beams.linear import strongest
from commgen.phy.beams.precoder import Precoder
from commgen.phy.beams.unfolded import UnfoldedPrecoder

_FORMAT = "commgen-precoder"


class LearnedPrecoder(Precoder):
    """One pass of an :class:`~commgen.phy.beams.unfolded.UnfoldedPrecoder`.

    One model serves all numbers of users and antennas, and all SNRs near those that it
    learned with. Where the belief has an ``err_cov`` it counts; samples do not. One
    stream goes to each user, along the strongest direction of its antennas.

    Parameters
    ----------
    network : UnfoldedPrecoder, or None
        What was learned; None is one before training, which is as many steps of WMMSE
        as it has rounds.
    card
        What is told of it, as JSON.
    """

    def __init__(self, network: Any = None, *, card: dict[str, Any] | None = None):
        super().__init__(1)
        self.network = UnfoldedPrecoder() if network is None else network
        if not self.network.built:
            self.network.build()
        self.card = dict(card or {})
        self._graph = tf.function(self._pass, autograph=False)

    @classmethod
    def of_seed(cls, seed: int, **sizes: int) -> "LearnedPrecoder":
        """Return one before training, with the first weights of a seed.

        Parameters
        ----------
        seed
            Of the first weights.
        sizes
            As of the network.
        """
        keras.utils.set_random_seed(seed)
        return cls(UnfoldedPrecoder(**sizes))

    def fit(
        self,
        examples: Examples | None = None,
        *,
        seed: int,
        training: PrecoderTraining | None = None,
        progress: bool = False,
    ) -> "LearnedPrecoder":
        """Learn, by climbing the sum rate.

        Parameters
        ----------
        examples
            Draws what to learn with; :class:`RayleighBeliefs` where None.
        seed, training, progress
            As of :func:`~commgen.phy.beams.learning.train_precoder`.

        Returns
        -------
        LearnedPrecoder
            Itself.
        """
        examples = RayleighBeliefs() if examples is None else examples
        train_precoder(
            self.network, examples, seed=seed, training=training, progress=progress
        )
        return self

    def weights(self, belief: Belief, no, power) -> tf.Tensor:
        """Return the weights of one pass."""
        # A tensor: a number would be traced anew for each value.
        no = tf.cast(no / power, tf.float32)
        return self._graph(belief.mean, belief.err_cov, no)

    def _pass(self, mean, err_cov, no):
        h, cov, _ = in_noise(Belief(strongest(mean, 1), err_cov), no)
        return tf.cast(self._weights_in_noise(h, cov), mean.dtype)

    def _weights_in_noise(self, h, cov):
        if cov is not None or h.shape[2] <= h.shape[1]:
            return self.network(h, cov)[..., None]
        # All that weights have besides the users' channels is lost: leave it out.
        basis, R = tf.linalg.qr(tf.linalg.adjoint(h))
        w = self.network(tf.linalg.adjoint(R))
        return tf.matmul(basis[:, None], w[..., None])

    def save(self, path: str | Path) -> None:
        """Write a folder of model and card; an older one is replaced at the end."""
        save_network(self.network, path, _FORMAT, self.card)

    @classmethod
    def load(cls, path: str | Path) -> "LearnedPrecoder":
        """Load a folder of :meth:`save`, without running code of it.

        Raises
        ------
        FileNotFoundError
            If there is no model at ``path``.
        ValueError
            If the file is damaged, or holds something else than a precoder.
        """
        network, card = load_network(path, UnfoldedPrecoder, _FORMAT, "a precoder")
        return cls(network, card=card)
