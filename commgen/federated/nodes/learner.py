"""A node's part in what a network of all nodes learns."""

from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.nodes.accuracy import WATCHED_DB, Accuracy, told
from commgen.federated.nodes.alone import train_alone
from commgen.federated.nodes.data import NodeData
from commgen.federated.nodes.memory import Memory
from commgen.federated.nodes.rounds import LocalRounds, RoundSettings, adapt
from commgen.federated.nodes.shelf import Shelf
from commgen.federated.privacy.privacy import Privacy, noise_seed
from commgen.federated.tasks import Answer, Task
from commgen.federated.uplink.uplink import Uplink
from commgen.generative.training import TrainingConfig
from commgen.generative.weights import assign, weight_names

#: What the names of arrays begin with: weights that come back, and those that do not.
WEIGHTS, FIXED, SUMS = "weights/", "fixed/", "sums/"
_ROUNDS, _RESIDUAL = "rounds/", "residual/"
# Channels that a round is watched on.
_WATCHED = 256


class Learner:
    """Answers what is asked about a network.

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
    memory
        What the node keeps between rounds.
    """

    def __init__(
        self,
        config: FederationConfig,
        index: int,
        data: NodeData,
        shelf: Shelf,
        memory: Memory,
    ):
        self._config, self._index, self._data = config, index, data
        self._shelf, self._memory = shelf, memory
        self._seed = int(
            np.random.SeedSequence([config.seed, index, 1]).generate_state(1)[0]
        )
        if config.privacy is not None:
            # Who knows which channels are in a step knows more than is accounted for.
            self._seed = noise_seed(config.privacy, self._seed, memory.folder)
        self._uplink = None
        if config.uplink is not None:
            self._uplink = Uplink(config.uplink, seed=(config.seed, index))
        self._trainings: dict[tuple[float, TrainingConfig], Any] = {}

    @property
    def model(self) -> Any:
        """The model, which the nodes of a process share."""
        model, privacy = self._shelf.model(self._data.event_shape), self._config.privacy
        if privacy is not None and model.step_rule is None:
            Privacy.prepare(model, privacy)
        return model

    @cached_property
    def _privacy(self) -> Privacy | None:
        """What keeps its channels private; None where nothing does."""
        if self._config.privacy is None:
            return None
        rounds, n = self._config.training, len(self._data.train)
        batch_size = min(rounds.batch_size, n)
        num_steps = rounds.num_epochs * (n // batch_size)
        return Privacy(self._config.privacy, n, batch_size, num_steps, seed=self._seed)

    def sums(self, task: Task) -> Answer:
        """Return the means of what :meth:`NetworkModel.sums` sums."""
        self._load(task)
        h = self._data.channels("train", self._power(task))
        if self._privacy is not None:
            return _means(self._privacy.sums(self.model, h), len(h))
        total = self.model.sums(h, self._data.conditions("train"))
        return _means(total, len(h))

    def train(self, task: Task) -> Answer:
        """Train the epochs of a round, ``step`` of all rounds, from 1."""
        held = self._memory.before(task.round)
        training = self._training(task, training_config(self._config))
        rounds = LocalRounds(training, round_settings(self._config))
        rounds.load(_under(_ROUNDS, held))
        inner = Task(
            "train", int(task.settings["step"]), merged(task.arrays), task.settings
        )
        training.load(rounds.weights(inner.arrays))
        metrics = self._watched("nmse_all_db", task)
        answer = rounds.run(inner)
        metrics |= self._watched("nmse_own_db", task)
        metrics = {**answer.metrics, **metrics}
        if self._privacy is not None:
            # Of the training channels themselves, without any noise.
            del metrics["loss"]
            metrics |= self._privacy.report
        answer = replace(answer, metrics=metrics)
        state = {_ROUNDS + name: value for name, value in rounds.state().items()}
        if self._uplink is not None:
            answer, left = self._uplink.pack(task, answer, _under(_RESIDUAL, held))
            state |= {_RESIDUAL + name: value for name, value in left.items()}
        if state:
            self._memory.keep(task.round, state)
        return answer

    def calibrate(self, task: Task) -> Answer:
        """Return the means of what is summed to calibrate."""
        self._load(task)
        h = self._data.channels("validation", self._power(task))
        condition = self._data.conditions("validation")
        total = self.model.calibration_sums(h, condition, self._seed)
        return _means(total, len(h))

    def evaluate(self, task: Task) -> Answer:
        """Measure the model that was sent, and what the node makes of it."""
        n = len(self._data.train)
        weights = self._load(task)
        training = self._training(task, training_config(self._config))
        metrics = {"val_loss": float(training.loss())}
        if task.settings.get("loss_only"):
            return Answer({}, n, metrics)
        metrics |= told("global", self._accuracy(task))
        epochs = self._config.personal.adapt_epochs
        if epochs:
            own = training_config(self._config).model_copy(
                update={"num_epochs": epochs}
            )
            adapted = adapt(self._training(task, own), weights)
            metrics |= told("adapted", self._accuracy(task))
            metrics["adapted_epochs"] = float(adapted.num_epochs)
        if self._config.local_only:
            start = self._shelf.start(self._data.event_shape)
            em = self._config.em
            train_alone(self.model, start, training, em, seed=self._seed)
            metrics |= told("local", self._accuracy(task))
        return Answer({}, n, metrics)

    def _accuracy(self, task: Task) -> dict[float, float]:
        h = self._data.channels("test", self._power(task))
        return self._shelf.accuracy(self.model).nmse_db(h, seed=self._seed)

    def _watched(self, name: str, task: Task) -> dict[str, float]:
        """Return the NMSE of the present weights on some validation channels."""
        h = self._data.channels("validation", self._power(task))[:_WATCHED]
        accuracy: Accuracy = self._shelf.accuracy(self.model)
        found = accuracy.nmse_db(h, seed=self._seed, snr_db=WATCHED_DB)
        return dict.fromkeys([name], *found.values()) if found else {}

    def _load(self, task: Task) -> dict[str, np.ndarray]:
        """Give the model the weights of a task, and of the node's own; return them."""
        weights = _under(WEIGHTS, merged(task.arrays))
        held = _under(_ROUNDS + WEIGHTS, self._memory.before(task.round))
        weights |= held
        assign(weight_names(self.model), weights, "weight")
        return weights

    def _training(self, task: Task, config: TrainingConfig) -> Any:
        power = self._power(task)
        if self._privacy is not None:
            self._privacy.begin(self.model, task.round)
        if (power, config) not in self._trainings:
            data, rounds = self._data, self._config.training
            validation: Any = data.channels("validation", power)
            if data.condition:
                validation = (validation, data.conditions("validation"))
            self._trainings[power, config] = self.model.training(
                data.channels("train", power),
                data.conditions("train"),
                seed=self._seed,
                validation=validation,
                training=config,
                symmetries=rounds.symmetries,
            )
        return self._trainings[power, config]

    def _power(self, task: Task) -> float:
        """Return what channels are divided by: the power of all nodes, or its own."""
        return float(task.settings.get("power", self._data.power))


def training_config(config: FederationConfig) -> TrainingConfig:
    """Return the schedule over all rounds."""
    rounds = config.training
    return TrainingConfig(
        num_epochs=rounds.num_epochs,
        batch_size=rounds.batch_size,
        learning_rate=rounds.learning_rate,
        warmup_fraction=rounds.warmup_fraction,
        weight_decay=rounds.weight_decay,
        beta_1=rounds.beta_1,
    )


def round_settings(config: FederationConfig) -> RoundSettings:
    """Return how a node trains in a round."""
    prox = config.proximal_mu if config.correction == "prox" else 0.0
    return RoundSettings(
        num_epochs=config.training.epochs_per_round,
        correction=config.correction,
        prox=prox,
        stretch=config.stretch,
        personal=config.personal.parts,
    )


def merged(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return arrays with those that are fixed under the names of weights."""
    return {
        WEIGHTS + name.removeprefix(FIXED) if name.startswith(FIXED) else name: value
        for name, value in arrays.items()
    }


def _means(total: Mapping[str, np.ndarray], n: int) -> Answer:
    """Return sums as means, which Flower's strategies add."""
    return Answer({SUMS + name: np.asarray(v / n) for name, v in total.items()}, n)


def _under(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    return {
        name.removeprefix(prefix): value
        for name, value in arrays.items()
        if name.startswith(prefix)
    }
