"""The server's part in a mixture that all nodes learn."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.mixture.fit import fit_mixture
from commgen.federated.server.questions import Questions
from commgen.federated.server.warm_start import warm_start
from commgen.federated.tasks import Value, What
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.training import TrainingConfig


def fit_over_nodes(
    config: FederationConfig,
    model: Any,
    questions: Questions,
    settings: Mapping[str, Value],
) -> None:
    """Fit a mixture by expectation-maximisation over the nodes.

    What they answer is kept until the mixture is: a run that is cut off asks nothing
    twice.

    Parameters
    ----------
    config
        The federation.
    model
        The mixture.
    questions
        Asks the nodes.
    settings
        That go with every task.
    """

    def ask(
        what: What, arrays: Mapping[str, np.ndarray], more: Mapping[str, Value]
    ) -> dict[str, np.ndarray]:
        totals = questions.ask(what, arrays, {**settings, **more})
        questions.keep(what, totals)
        return totals.sums()

    em = config.em
    fit_mixture(
        ask,
        model,
        seed=config.seed,
        max_iterations=em.max_iterations,
        tolerance=em.tolerance,
        strength=em.strength,
        choose=em.choose_strength,
        num_starts=em.starts,
        cluster_steps=em.cluster_steps,
    )


def start_over_nodes(
    config: FederationConfig,
    model: Any,
    questions: Questions,
    settings: Mapping[str, Value],
) -> None:
    """Train a network on draws of a mixture of all nodes, which is fitted for that.

    Parameters
    ----------
    config, questions, settings
        As of :func:`fit_over_nodes`.
    model
        The network, adapted to the sums of all nodes.
    """
    asked = config.warm_start
    if asked is None:
        return
    mixture = GaussianMixture(model.event_shape, asked.num_components)
    fit_over_nodes(config, mixture, questions, settings)
    training = TrainingConfig(
        num_epochs=asked.epochs,
        batch_size=asked.batch_size,
        learning_rate=asked.learning_rate,
    )
    draw, check, order = np.random.SeedSequence([config.seed, 7]).generate_state(3)
    seeds = int(draw), int(check), int(order)
    warm_start(model, mixture, asked.num_draws, training, seeds=seeds)
