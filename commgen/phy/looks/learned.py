"""Looks that were learned, and the folder that holds them."""

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from commgen.generative.files import save_network
from commgen.generative.load import load_network
from commgen.phy.looks.angle_filter import AngleBelief
from commgen.phy.looks.angle_looks import AngleLooks
from commgen.phy.looks.network import LookNetwork
from commgen.phy.looks.training import LookTraining, train_looks

_FORMAT = "commgen-looks"


class LearnedLooks(AngleLooks):
    """Looks of a network that learned which ones end in a small error.

    Parameters
    ----------
    network : LookNetwork
        From a belief to weights.
    card
        What is told of it, as JSON.
    """

    def __init__(self, network: Any, *, card: dict[str, Any] | None = None):
        self.network = network
        if not network.built:
            network.build()
        self.card = dict(card or {})
        self._graph = tf.function(network, autograph=False)

    @classmethod
    def of_seed(cls, seed: int, **sizes: Any) -> "LearnedLooks":
        """Return looks before training, with the first weights of a seed.

        Parameters
        ----------
        seed
            Of the first weights.
        sizes
            As of the network.
        """
        keras.utils.set_random_seed(seed)
        return cls(LookNetwork(**sizes))

    def fit(
        self, *, seed: int, training: LookTraining | None = None, progress: bool = False
    ) -> "LearnedLooks":
        """Learn; see :func:`~commgen.phy.looks.training.train_looks`."""
        train_looks(self.network, seed=seed, training=training, progress=progress)
        return self

    def __call__(self, belief: AngleBelief, step: int, no: Any) -> Any:
        """Return the weights of one pass."""
        return self._graph(belief, tf.constant(step), no)

    def save(self, path: str | Path) -> None:
        """Write a folder of model and card; an older one is replaced at the end."""
        save_network(self.network, path, _FORMAT, self.card)

    @classmethod
    def load(cls, path: str | Path) -> "LearnedLooks":
        """Load a folder of :meth:`save`, without running code of it.

        Raises
        ------
        FileNotFoundError
            If there is no model at ``path``.
        ValueError
            If the file is damaged, or holds something else than looks.
        """
        network, card = load_network(path, LookNetwork, _FORMAT, "looks")
        return cls(network, card=card)
