"""A node's part in a mixture that all nodes learn."""

from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.mixture.answers import Channels, answer
from commgen.federated.nodes.accuracy import Accuracy, told
from commgen.federated.nodes.alone import fit_alone
from commgen.federated.nodes.data import NodeData
from commgen.federated.nodes.shelf import Shelf
from commgen.federated.tasks import Answer, Task
from commgen.generative.weights import assign, weight_names

_WEIGHTS = "weights/"


class MixtureLearner:
    """Answers what is asked about a mixture.

    Parameters
    ----------
    config
        The federation.
    index
        Place of the node.
    data
        Its channels.
    shelf
        Of the model.
    """

    def __init__(
        self, config: FederationConfig, index: int, data: NodeData, shelf: Shelf
    ):
        self._config, self._data, self._shelf = config, data, shelf
        words = np.random.SeedSequence([config.seed, index, 2])
        self._seed = int(words.generate_state(1)[0])
        self._channels: dict[float, Channels] = {}

    def answer(self, task: Task) -> Answer:
        """Return sums of k-means or EM."""
        return answer(task, self._channels_of(task))

    def evaluate(self, task: Task) -> Answer:
        """Measure the mixture that was sent, and the one that the node adapts."""
        n, power = len(self._data.train), self._power(task)
        model: Any = self._shelf.model(self._data.event_shape)
        weights = {
            name.removeprefix(_WEIGHTS): value for name, value in task.arrays.items()
        }
        assign(weight_names(model), weights, "weight")
        check = self._data.channels("validation", power)
        metrics = {"val_loss": -float(np.mean(model.log_prob(check)))}
        metrics |= told("global", self._accuracy(model, power))
        if self._config.personal.adapt_epochs:
            own = model.adapt(self._data.channels("train", power), seed=self._seed)
            metrics |= told("adapted", self._accuracy(own, power))
        if self._config.local_only:
            channels = self._channels_of(task)
            h, condition = channels.h, channels.condition
            alone = fit_alone(self._config, h, condition, seed=self._seed)
            metrics |= told("local", self._accuracy(alone, power))
        return Answer({}, n, metrics)

    def _accuracy(self, model: Any, power: float) -> dict[float, float]:
        h = self._data.channels("test", power)
        return Accuracy(model, graph="none").nmse_db(h, seed=self._seed)

    def _channels_of(self, task: Task) -> Channels:
        power = self._power(task)
        if power not in self._channels:
            data = self._data
            self._channels[power] = Channels(
                data.channels("train", power),
                data.conditions("train"),
                data.channels("validation", power),
            )
        return self._channels[power]

    def _power(self, task: Task) -> float:
        return float(task.settings.get("power", self._data.power))
