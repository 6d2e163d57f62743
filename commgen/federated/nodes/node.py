"""A node: it answers what a server asks, from channels that it keeps."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import Any

from commgen._checks import check_int
from commgen.federated.config import FederationConfig
from commgen.federated.nodes.data import NodeData, load_node_data
from commgen.federated.nodes.description import describe
from commgen.federated.nodes.memory import Memory
from commgen.federated.tasks import Answer, Task


class Node:
    """A node of a federation.

    The same task gives the same answer, however often and wherever it is asked.

    Parameters
    ----------
    config
        The federation.
    index
        Place of the node in it, its partition.
    folder
        Where it keeps what it must not forget between rounds; None: in memory.
    shelf
        Of the model that the nodes of this process share; one of its own where None.
    """

    def __init__(
        self,
        config: FederationConfig,
        index: int,
        folder: Path | None = None,
        shelf: Any = None,
    ):
        last = len(config.nodes) - 1
        self.config = config
        self.index = check_int("index", index, low=0, high=last)
        self.name = config.names[index]
        self._memory = Memory(folder)
        self._shelf = shelf
        self._answers: dict[str, Callable[[Task], Answer]] = {
            "describe": self._describe,
            "sums": lambda task: self._learner.sums(task),
            "train": lambda task: self._learner.train(task),
            "calibrate": lambda task: self._learner.calibrate(task),
            "cluster": lambda task: self._mixture.answer(task),
            "expect": lambda task: self._mixture.answer(task),
            "evaluate": self._evaluate,
            "fit": lambda task: self._one_shot.fit(task),
            "generate": lambda task: self._one_shot.generate(task),
        }

    @cached_property
    def data(self) -> NodeData:
        """Its channels, drawn or read when they are first needed."""
        return load_node_data(self.config, self.index)

    @cached_property
    def _learner(self) -> Any:
        """Its part in the training of the model."""
        # TensorFlow is loaded once there is something to train.
        from commgen.federated.nodes.learner import Learner

        shelf = self._models
        return Learner(self.config, self.index, self.data, shelf, self._memory)

    @cached_property
    def _mixture(self) -> Any:
        """Its part in a mixture."""
        from commgen.federated.nodes.mixture_learner import MixtureLearner

        return MixtureLearner(self.config, self.index, self.data, self._models)

    @cached_property
    def _models(self) -> Any:
        from commgen.federated.nodes.shelf import Shelf

        return self._shelf or Shelf(self.config)

    def _evaluate(self, task: Task) -> Answer:
        part = self._learner if self.config.model.is_network else self._mixture
        return part.evaluate(task)

    @cached_property
    def _one_shot(self) -> Any:
        """Its own model, for what learns from draws of it."""
        from commgen.federated.nodes.one_shot import OneShotNode  # loads TensorFlow

        if self.config.one_shot is None:
            raise ValueError("one_shot must be configured, got null.")
        return OneShotNode(self.config, self.index, self.data)

    def answer(self, task: Task) -> Answer:
        """Answer a task.

        Raises
        ------
        ValueError
            If the task is unknown, or its arrays or settings are not as it needs them.
        """
        if task.what not in self._answers:
            raise ValueError(
                f"what must be one of {[*self._answers]}, got {task.what!r}."
            )
        return self._answers[task.what](task)

    def _describe(self, task: Task) -> Answer:
        config = self.config
        return describe(
            self.data,
            self.index,
            len(config.present),
            seed=config.seed,
            covariances=config.privacy is None,
        )
