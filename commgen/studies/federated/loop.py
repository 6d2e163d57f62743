"""A federation as a plain loop over nodes: the reference of any that has messages."""

from collections.abc import Callable
from typing import Any

import numpy as np

from commgen.federated.nodes.rounds import (
    WEIGHTS,
    Adapted,
    Arrays,
    LocalRounds,
    RoundSettings,
    adapt,
    mean_answer,
    part_of,
)
from commgen.federated.tasks import Task
from commgen.generative.training import TrainingConfig
from commgen.studies.federated.cells import Cell
from commgen.studies.seeds import part_seed


def node_training(
    model: Any, cell: Cell, index: int, config: TrainingConfig, *, seed: int
) -> Any:
    """Return the training of one node's channels; ``index`` makes its seed its own."""
    return model.training(
        cell.train,
        seed=part_seed(seed, "federated/node", index),
        validation=cell.validation,
        training=config,
    )


def federate(
    model: Any,
    cells: list[Cell],
    start: Arrays,
    config: TrainingConfig,
    settings: RoundSettings,
    *,
    seed: int,
    advance: Callable[[], None] = lambda: None,
) -> tuple[Arrays, list[float]]:
    """Train a model over cells in rounds; the validation loss chooses the best round.

    Parameters
    ----------
    model
        Adapted to the sums of all cells.
    cells
        Nodes, all of which answer in each round.
    start
        Weights before the first round.
    config
        One schedule over all rounds.
    settings
        How a node does a round.
    seed
        Of the study.
    advance
        Called after each round.

    Returns
    -------
    weights
        Of the best round.
    losses
        Mean validation loss, weighted by channels, before the first round and after
        each.
    """
    trainings = [
        node_training(model, cell, i, config, seed=seed) for i, cell in enumerate(cells)
    ]
    nodes = [LocalRounds(training, settings) for training in trainings]
    sizes = [len(cell.validation) for cell in cells]
    arrays = {WEIGHTS + name: value for name, value in start.items()}
    best, losses = start, []
    for number in range(1, config.num_epochs // settings.num_epochs + 1):
        answers = [node.run(Task("train", number, arrays)) for node in nodes]
        seen = [answer.metrics["val_loss"] for answer in answers]
        losses.append(float(np.average(seen, weights=sizes)))
        if losses[-1] == min(losses):
            best = part_of(arrays, WEIGHTS)
        arrays = mean_answer(answers)
        advance()
    last = part_of(arrays, WEIGHTS)
    losses.append(_mean_loss(trainings, last, sizes))
    return (last if losses[-1] == min(losses) else best), losses


def train_central(
    model: Any, cells: list[Cell], start: Arrays, config: TrainingConfig, *, seed: int
) -> Adapted:
    """Train on the channels of all cells together, and keep the best epoch."""
    training = model.training(
        np.concatenate([cell.train for cell in cells]),
        seed=part_seed(seed, "federated/central"),
        validation=np.concatenate([cell.validation for cell in cells]),
        training=config,
    )
    return adapt(training, start, patience=config.num_epochs)


def _mean_loss(trainings: list[Any], weights: Arrays, sizes: list[int]) -> float:
    losses = []
    for training in trainings:
        training.load(weights)
        losses.append(training.loss())
    return float(np.average(losses, weights=sizes))
