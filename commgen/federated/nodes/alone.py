"""What a node learns by itself, to say what the others are worth to it."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen.federated.config import EmConfig, FederationConfig
from commgen.federated.nodes.rounds import Adapted, adapt
from commgen.federated.nodes.shelf import build_mixture
from commgen.generative.weights import assign, weight_names


def train_alone(
    model: Any,
    start: Mapping[str, np.ndarray],
    training: Any,
    em: EmConfig,
    *,
    seed: int,
) -> Adapted:
    """Train a network from its first weights on a node's channels, and no others.

    As many epochs as all rounds together, the best by the node's validation loss; a
    mixture that the network corrects is the node's own too.

    Parameters
    ----------
    model
        Which the nodes share.
    start
        Its first weights, the same as those that rounds begin with.
    training
        The node's, of this model.
    em
        How the mixture is fitted.
    seed
        Of its clustering.
    """
    names = weight_names(model)
    assign(names, start, "weight")
    h, condition = training.learn
    if (prior := getattr(model, "prior", None)) is not None and hasattr(prior, "fit"):
        prior.fit(h, seed=seed, max_iterations=em.max_iterations, strength=em.strength)
    model.adapt_sums(model.sums(h, condition))
    own = {name: np.array(weight) for name, weight in names.items()}
    return adapt(training, own, patience=training.config.num_epochs)


def fit_alone(
    config: FederationConfig, h: np.ndarray, condition: np.ndarray | None, *, seed: int
) -> Any:
    """Fit the mixture of a federation to a node's channels, and no others."""
    model, em = build_mixture(config, h.shape[1:]), config.em
    return model.fit(
        h,
        condition,
        seed=seed,
        max_iterations=em.max_iterations,
        tolerance=em.tolerance,
        strength=em.strength,
    )
