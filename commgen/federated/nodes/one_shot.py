"""A node's own model, which it sends once, or lets draw where no model may travel."""

from functools import cached_property
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.federated.config import FederationConfig, OneShotConfig
from commgen.federated.nodes.data import NodeData
from commgen.federated.tasks import Answer, Task
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.model import check_condition
from commgen.generative.recipes import build_network, learn
from commgen.generative.weights import values, weight_names

#: What the names of arrays begin with.
WEIGHTS, DRAWS, CONDITION = "weights/", "draws/h", "draws/condition"
# Most channels that a node draws for one question.
_MOST_DRAWS = 100_000


class OneShotNode:
    """Fits a model of the node's own, and answers by it.

    Parameters
    ----------
    config
        The federation, with ``one_shot``.
    index
        Place of the node.
    data
        Its channels.
    """

    def __init__(self, config: FederationConfig, index: int, data: NodeData):
        self._config, self._data, self._power = config, data, 0.0
        self._seed = int(
            np.random.SeedSequence([config.seed, index, 2]).generate_state(1)[0]
        )

    def fit(self, task: Task) -> Answer:
        """Return the weights of its own model."""
        model = self._model_at(task)
        arrays = {WEIGHTS + k: v for k, v in values(weight_names(model)).items()}
        return Answer(arrays, len(self._data.train))

    def generate(self, task: Task) -> Answer:
        """Return channels that its own model draws.

        Parameters
        ----------
        task
            Of its settings ``num_draws`` says how many; of its arrays ``condition`` :
            [num_draws, num_conditions] or [num_conditions] under which circumstances,
            those of the node's own channels where it is missing.
        """
        n = task.settings.get("num_draws")
        n = check_int("num_draws", n, low=1, high=_MOST_DRAWS)
        model = self._model_at(task)
        condition = check_condition(
            task.arrays.get("condition"), n, model.num_conditions
        )
        seed = int(
            np.random.SeedSequence([self._seed, task.round]).generate_state(1)[0]
        )
        if condition is None and model.num_conditions:
            condition = model.conditioning.draw(n, np.random.default_rng([seed, 1]))
        h = model.sample(n, condition, seed=seed)
        arrays = {DRAWS: np.stack([h.real, h.imag], axis=-1)}
        if condition is not None:
            arrays[CONDITION] = np.asarray(condition, np.float32)
        return Answer(arrays, len(self._data.train))

    def _model_at(self, task: Task) -> Any:
        self._power = float(task.settings.get("power", self._data.power))
        return self._model

    @cached_property
    def _model(self) -> Any:
        """Fitted when it is first needed; the power is that of all nodes, always."""
        data, one_shot = self._data, self._config.one_shot or OneShotConfig()
        condition = data.conditions("train")
        model = learn(
            data.channels("train", self._power),
            one_shot.family,
            seed=self._seed,
            validation=data.channels("validation", self._power),
            condition=condition,
            validation_condition=data.conditions("validation"),
            num_components=one_shot.num_components,
            covariance=one_shot.covariance,
            num_epochs=one_shot.num_epochs,
        )
        if condition is not None:
            # Rows that are remembered are training rows: none may leave.
            model.conditioning.adapt_sums(model.conditioning.sums(condition))
        return model


def own_model(config: FederationConfig, event_shape: tuple[int, ...]) -> Any:
    """Build the model that a node fits, for the weights that it sends."""
    one_shot = config.one_shot or OneShotConfig()
    num_conditions = len(config.condition)
    if one_shot.family != "gmm":
        return build_network(one_shot.family, event_shape, num_conditions)
    size = one_shot.num_components, one_shot.covariance
    return GaussianMixture(event_shape, *size, num_conditions=num_conditions)
