"""The server's part in a mixture that all nodes learn."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.mixture.fit import fit_mixture
from commgen.federated.server.questions import Questions
from commgen.federated.tasks import Value, What


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
