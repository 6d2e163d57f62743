"""Learning from one answer of each node: from what their models draw."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig, OneShotConfig
from commgen.federated.nodes.learner import training_config
from commgen.federated.nodes.one_shot import CONDITION, DRAWS, WEIGHTS, own_model
from commgen.federated.server.questions import Questions
from commgen.federated.tasks import Answer, Value
from commgen.generative.weights import assign, weight_names

Channels = tuple[np.ndarray, np.ndarray | None]
# Every tenth of the draws chooses the best epoch: the server has nothing else.
_HELD_OUT = 10


class OneShotServer:
    """Asks each node once, and trains the model of the federation on draws.

    Parameters
    ----------
    config
        The federation.
    questions
        Asks the nodes.
    settings
        That go with every task.
    """

    def __init__(
        self,
        config: FederationConfig,
        questions: Questions,
        settings: Mapping[str, Value],
    ):
        self._config, self._questions = config, questions
        self._settings = dict(settings)
        self._one_shot = config.one_shot or OneShotConfig()

    def learn(self, model: Any) -> None:
        """Fit the model of the federation to draws of all nodes' models."""
        h, condition = self.draws(model.event_shape)
        seed = self._config.seed
        if not self._config.model.is_network:
            model.fit(h, condition, seed=seed)
            return
        if self._config.model.has_mixture:
            model.prior.fit(h, seed=seed)
        held_out = np.arange(len(h)) % _HELD_OUT == 0
        validation: Any = h[held_out]
        if condition is not None:
            validation = (validation, condition[held_out])
        model.fit(
            h[~held_out],
            None if condition is None else condition[~held_out],
            seed=seed,
            validation=validation,
            training=training_config(self._config),
            symmetries=self._config.training.symmetries,
        )

    def draws(self, event_shape: tuple[int, ...]) -> Channels:
        """Return channels of all nodes' models, as many of each as it has channels.

        The node with the most channels has ``num_draws`` of them.
        """
        num = self._one_shot.num_draws
        if self._one_shot.ask_nodes:
            settings = {**self._settings, "num_draws": num}
            answers = self._questions.ask("generate", {}, settings).exchange.answers
            parts = {i: _drawn(answer) for i, answer in answers.items()}
        else:
            totals = self._questions.ask("fit", {}, self._settings)
            answers = totals.exchange.answers
            parts = self._sampled(answers, event_shape)
        most = max(answer.num_examples for answer in answers.values())
        kept = {
            i: max(1, round(num * answer.num_examples / most))
            for i, answer in answers.items()
        }
        h = np.concatenate([parts[i][0][: kept[i]] for i in sorted(parts)])
        rows = [c[: kept[i]] for i, (_, c) in sorted(parts.items()) if c is not None]
        order = np.random.default_rng([self._config.seed, 3]).permutation(len(h))
        return h[order], np.concatenate(rows)[order] if rows else None

    def _sampled(self, answers: Mapping[int, Answer], event_shape) -> dict:
        """Draw from the models that nodes sent."""
        model, parts = own_model(self._config, event_shape), {}
        for i, answer in answers.items():
            sent = {
                name.removeprefix(WEIGHTS): value
                for name, value in answer.arrays.items()
            }
            assign(weight_names(model), sent, f"weight of {self._config.names[i]}")
            num, seed = self._one_shot.num_draws, self._config.seed + 1 + i
            condition = None
            if model.num_conditions:
                rng = np.random.default_rng([seed, 1])
                condition = model.conditioning.draw(num, rng)
            parts[i] = (model.sample(num, condition, seed=seed), condition)
        return parts


def _drawn(answer: Answer) -> Channels:
    pairs = answer.arrays[DRAWS]
    return pairs[..., 0] + 1j * pairs[..., 1], answer.arrays.get(CONDITION)
