"""The server's part in what a network of all nodes learns."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.nodes.learner import FIXED, WEIGHTS
from commgen.federated.server.checkpoint import RunState
from commgen.federated.server.questions import Questions, Totals
from commgen.federated.server.strategies import (
    build_strategy,
    load_strategy_state,
    strategy_state,
)
from commgen.generative.network import NetworkModel
from commgen.generative.recipes import network_family
from commgen.generative.weights import assign, values, weight_names

_AIDS = ("moments", "control")


class NetworkServer:
    """Leads the rounds of a network; its state is that of the run.

    Parameters
    ----------
    config
        The federation.
    model
        The model, built as the nodes build it; its weights are those of the best round
        in the end.
    questions
        Asks the nodes.
    settings
        That go with every task.
    """

    def __init__(
        self,
        config: FederationConfig,
        model: Any,
        questions: Questions,
        settings: Mapping[str, float],
    ):
        self._config, self._model, self._questions = config, model, questions
        self._settings = dict(settings)
        self._state: RunState = questions.state
        self._travel = travelling(model, config.personal.parts)

    def adapt(self) -> None:
        """Have the model take from sums what it need not learn."""
        weights = values(weight_names(self._model))
        asked = {FIXED + name: value for name, value in weights.items()}
        total = self._questions.ask("sums", fixed=asked, settings=self._settings)
        self._model.adapt_sums(total.sums())
        self._state.set_group("weights", values(weight_names(self._model)))

    def rounds(self, save: Any) -> None:
        """Train all rounds that are left; ``save()`` is called after each."""
        strategy = build_strategy(self._config.strategy)
        load_strategy_state(strategy, self._state.group("strategy"))
        numbers = self._state.numbers
        while (done := numbers.get("rounds_done", 0)) < self._config.training.rounds:
            totals = self._train(done + 1, strategy)
            self._consider(done, totals.metrics["val_loss"])
            self._take(totals)
            self._state.set_group("strategy", strategy_state(strategy))
            numbers["rounds_done"] = done + 1
            save()
        weights = self._sent()
        last = self._questions.ask(
            "evaluate", weights, {**self._settings, "loss_only": True}
        )
        self._consider(self._config.training.rounds, last.metrics["val_loss"])
        self._finish()

    def straighten(self, folder: Path | None) -> None:
        """Do what follows on a training without channels, such as straight paths."""
        self.load()
        finish = network_family(self._config.model.family).finish
        if finish is None:
            return
        rounds = self._config.training
        finish(
            self._model,
            self._state.numbers["num_channels"],
            rounds.num_epochs,
            seed=self._config.seed,
            symmetries=rounds.symmetries,
            folder=folder,
            progress=False,
        )
        self._state.set_group("weights", values(weight_names(self._model)))

    def calibrate(self) -> None:
        """Have the model's promises measured on the nodes' validation channels."""
        self.load()
        if type(self._model).calibration_sums is NetworkModel.calibration_sums:
            return  # a family without a calibration
        totals = self._questions.ask("calibrate", self._all(), self._settings)
        self._model.calibrate_sums(totals.sums())
        self._state.set_group("weights", values(weight_names(self._model)))

    def load(self) -> None:
        """Give the model the weights of the state."""
        assign(weight_names(self._model), self._state.group("weights"), "weight")

    def _train(self, step: int, strategy: Any) -> Totals:
        asked = self._config.nodes_per_round
        share = (asked or len(self._config.present)) / len(self._config.present)
        arrays = {k: v for k, v in self._sent().items() if k.startswith(WEIGHTS)}
        for aid in _AIDS:
            arrays |= {f"{aid}/{k}": v for k, v in self._state.group(aid).items()}
        return self._questions.ask(
            "train",
            arrays,
            {**self._settings, "step": step, "share": share},
            strategy=strategy,
            fixed=self._fixed(),
            num_nodes=asked,
        )

    def _sent(self) -> dict[str, np.ndarray]:
        """Return the weights that travel, and those that stand."""
        return {**self._moving(), **self._fixed()}

    def _moving(self) -> dict[str, np.ndarray]:
        weights = self._state.group("weights")
        return {WEIGHTS + name: weights[name] for name in sorted(self._travel)}

    def _fixed(self) -> dict[str, np.ndarray]:
        weights = self._state.group("weights")
        return {FIXED + k: v for k, v in weights.items() if k not in self._travel}

    def _all(self) -> dict[str, np.ndarray]:
        return {WEIGHTS + k: v for k, v in self._state.group("weights").items()}

    def _take(self, totals: Totals) -> None:
        """Take what the strategy made of the answers for the next round."""
        for group in ("weights", *_AIDS):
            new = {
                name.removeprefix(group + "/"): value
                for name, value in totals.arrays.items()
                if name.startswith(group + "/")
            }
            if new:
                self._state.set_group(group, {**self._state.group(group), **new})

    def _consider(self, done: int, val_loss: float) -> None:
        """Keep the weights after so many rounds where they are the best so far.

        Where nodes are drawn anew each round their losses say nothing of rounds: then
        the last weights are kept.
        """
        numbers = self._state.numbers
        drawn = self._config.nodes_per_round is not None
        if done == 0:
            return
        if drawn or val_loss < numbers.get("best_loss", np.inf):
            numbers["best_loss"], numbers["best_round"] = float(val_loss), done
            self._state.set_group("best", self._state.group("weights"))

    def _finish(self) -> None:
        """Go on with the weights of the best round alone."""
        self._state.set_group("weights", self._state.group("best"))
        for group in ("best", "strategy", *_AIDS):
            self._state.set_group(group, {})


def travelling(model: Any, personal: tuple[str, ...]) -> frozenset[str]:
    """Return the names of the weights that training changes, and that are no node's."""
    changed = {id(w) for w in (*model.trainable_weights, *model.averaged_weights)}
    names = weight_names(model)
    known = [part for part in personal if not any(part in name for name in names)]
    if known:
        raise ValueError(
            f"personal.parts must be words in names of weights, got {known[0]!r}; "
            f"there are {sorted(names)[:4]} and others."
        )
    return frozenset(
        name
        for name, weight in names.items()
        if id(weight) in changed and not any(part in name for part in personal)
    )
