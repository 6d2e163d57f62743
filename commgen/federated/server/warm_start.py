"""What the server can teach a network before it asks any node to."""

from typing import Any

import numpy as np

from commgen.federated.nodes.rounds import adapt
from commgen.generative.training import TrainingConfig

_LEAST = 20  # channels that a training is chosen by


def warm_start(
    model: Any,
    mixture: Any,
    num_draws: int,
    config: TrainingConfig,
    *,
    seeds: tuple[int, int, int],
) -> dict[str, np.ndarray]:
    """Train a network on draws of the federated mixture.

    The mixture came of sums, so that this sends nothing more. Where nodes begin with
    weights that know as much as it does, their rounds are about what it misses, and
    none of them has to break the network's symmetries in a way of its own, which the
    mean of weights undoes.

    Parameters
    ----------
    model
        :class:`~commgen.generative.network.NetworkModel`, adapted to the sums of all
        nodes. One that corrects this very mixture has nothing to learn here.
    mixture
        :class:`~commgen.generative.GaussianMixture` of all nodes.
    num_draws
        Channels to learn; a tenth more chooses the best epoch.
    config
        Of the training.
    seeds
        Of the draws to learn, of those to choose by, and of the training.

    Returns
    -------
    dict
        All weights by name, which the model has too.
    """
    train = mixture.sample(num_draws, seed=seeds[0])
    check = mixture.sample(max(num_draws // 10, _LEAST), seed=seeds[1])
    training = model.training(train, seed=seeds[2], validation=check, training=config)
    return adapt(training, training.state(), patience=config.num_epochs).weights
