"""Steps of a network's training, traced once for all trainings of one model."""

from typing import Any

import numpy as np

from commgen.generative._untyped import keras, tf
from commgen.generative.scheduled import ScheduledAdamW
from commgen.generative.training import Batches, TrainingConfig
from commgen.generative.weights import weight_names


class Stepper:
    """A model, compiled, with what trains it.

    Several trainings take turns: :attr:`owner` is the one whose moments the optimizer
    holds.

    Parameters
    ----------
    model
        :class:`~commgen.generative.network.NetworkModel`.
    config
        For weight decay and momentum.
    """

    def __init__(self, model: Any, config: TrainingConfig):
        self.owner: Any = None
        self.weights = weight_names(model)
        trained = {id(v) for v in model.trainable_variables}
        self.trained = {k: v for k, v in self.weights.items() if id(v) in trained}
        self.optimizer = ScheduledAdamW(config, self.trained)
        self._model, self._key = model, _key(model, config)
        self._graphs: dict[Any, Any] = {}
        keras.Model.compile(model, self.optimizer, jit_compile=False)
        self._tracker = model._loss_tracker

    @classmethod
    def of(cls, model: Any, config: TrainingConfig) -> "Stepper":
        """Return the one that a model has, or make it, where another is of no use."""
        found = model.__dict__.get("_stepper")
        if found is None or not found.serves(config):
            # Past Keras, which would track the optimizer's state.
            found = model.__dict__["_stepper"] = cls(model, config)
        return found

    def serves(self, config: TrainingConfig) -> bool:
        """Whether the model is still compiled so, for such a configuration."""
        same = self._key == _key(self._model, config)
        return same and self._model.optimizer is self.optimizer

    def epoch(self, batches: Batches, *, corrects: bool) -> float:
        """Take the steps of an epoch; return the mean loss."""
        return self._mean_loss("train", batches, corrects)

    def loss(self, checks: Batches) -> float:
        """Return the validation loss."""
        return self._mean_loss("test", checks, False)

    def _mean_loss(self, kind: str, batches: Batches, corrects: bool) -> float:
        self._tracker.reset_state()
        step, loss = None, np.nan
        for i in range(len(batches)):
            batch = batches[i]
            step = step or self._step(kind, batch, corrects)
            loss = step(batch)
        return float(loss)

    def _step(self, kind: str, batch: Any, corrects: bool) -> Any:
        """Return the graph of a step, for any batch size."""
        if corrects:
            self.optimizer.make_corrections()
        signature = tf.nest.map_structure(
            lambda x: tf.TensorSpec((None, *x.shape[1:]), x.dtype), batch
        )
        key = (kind, corrects, repr(signature))
        if key not in self._graphs:
            self._graphs[key] = tf.function(
                self._traced(kind, corrects), (signature,), autograph=False
            )
        return self._graphs[key]

    def _traced(self, kind, corrects):
        def step(batch):
            self.optimizer.corrects = corrects
            rule = self._model.step_rule
            if kind == "test":
                return self._model.test_step(batch)["loss"]
            if rule is None:
                return self._model.train_step(batch)["loss"]
            return rule(self._model, batch)["loss"]

        return step


def _key(model, config):
    return config.weight_decay, config.beta_1, id(model.step_rule)
