"""What a run will cost, from one round at one node."""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.federated.config import FederationConfig
from commgen.federated.mixture.climb import principal_of
from commgen.federated.mixture.messages import mixture_arrays, structure_settings
from commgen.federated.nodes.host import NodeHost
from commgen.federated.nodes.learner import FIXED, WEIGHTS
from commgen.federated.nodes.shelf import build_model
from commgen.federated.server.network import travelling
from commgen.federated.tasks import Answer, Task
from commgen.generative.mixture.em import maximisation
from commgen.generative.mixture.gmm import GaussianMixture
from commgen.generative.mixture.statistics import Statistics
from commgen.generative.weights import values, weight_names


@dataclass(frozen=True)
class PlannedPart:
    """A part of a run.

    Parameters
    ----------
    name
        What is done.
    rounds
        Questions to the nodes, at most.
    bytes_up, bytes_down
        Of all nodes and rounds together.
    cpu_hours
        Of all nodes together, without what is compiled once.
    """

    name: str
    rounds: int
    bytes_up: float
    bytes_down: float
    cpu_hours: float


def plan_federation(config: FederationConfig) -> list[PlannedPart]:
    """Return what the parts of a run will cost.

    One node answers once, and once more, since the first time compiles; the others are
    taken to differ in the number of their channels alone.

    Raises
    ------
    ValueError, OSError
        As a run would.
    """
    host = NodeHost(config)
    index = config.present[0]
    shape = host.node(index).data.event_shape
    model = build_model(config, shape)
    parts = []
    if config.model.has_mixture:
        mixture = model.prior if config.model.is_network else model
        parts.append(_mixture(config, host, index, mixture))
    if config.warm_start is not None:
        mixture = GaussianMixture(shape, config.warm_start.num_components)
        parts.append(_mixture(config, host, index, mixture))
    if config.model.is_network:
        parts.append(_rounds(config, host, index, model))
    return parts


def _rounds(config, host: NodeHost, index: int, model: Any) -> PlannedPart:
    travels = travelling(model, config.personal.parts)
    arrays = {
        (WEIGHTS if name in travels else FIXED) + name: value
        for name, value in values(weight_names(model)).items()
    }
    asked = Task("train", 1, arrays, {"step": 1})
    answer, seconds = _timed(host, index, asked)
    aids = {k: v for k, v in answer.arrays.items() if not k.startswith(WEIGHTS)}
    down = _num_bytes(arrays) + _num_bytes(aids)
    rounds, nodes = config.training.rounds, config.nodes_per_round
    nodes = nodes or len(config.present)
    return PlannedPart(
        "training",
        rounds,
        rounds * nodes * _num_bytes(answer.arrays),
        rounds * nodes * down,
        rounds * nodes * seconds / 3600,
    )


def _mixture(config, host: NodeHost, index: int, model: Any) -> PlannedPart:
    """Plan by steps of EM; those of k-means send less and are quicker."""
    structure, em = model._structure(config.em.strength, 1), config.em
    settings = structure_settings(structure)
    size, num = int(np.prod(model.event_shape)), model.num_components
    centers = np.random.default_rng(0).normal(size=(num, size))
    asked = {"weights/centers": centers}
    hard = host.node(index).answer(
        Task("expect", 1, asked, {**settings, "step": "hard"})
    )
    sums = {
        name.removeprefix("sums/"): value * hard.num_examples
        for name, value in hard.arrays.items()
    }
    principal = None
    if structure.covariance == "low-rank":
        principal = principal_of(_ask_one(host.node(index)), structure)
    mixture = maximisation(Statistics.of(sums, principal), structure)
    arrays = mixture_arrays(mixture)
    step = Task("expect", 1, arrays, {**settings, "step": "soft"})
    answer, seconds = _timed(host, index, step)
    nodes, rounds = len(config.present), em.max_iterations + 5 * (em.starts - 1)
    return PlannedPart(
        "mixture",
        rounds,
        rounds * nodes * _num_bytes(answer.arrays),
        rounds * nodes * _num_bytes(arrays),
        rounds * nodes * seconds / 3600,
    )


def _ask_one(node: Any) -> Any:
    def ask(what, arrays, settings):
        answer = node.answer(Task(what, 1, arrays, settings))
        return {
            name.removeprefix("sums/"): value * answer.num_examples
            for name, value in answer.arrays.items()
        }

    return ask


def _timed(host: NodeHost, index: int, task: Task) -> tuple[Answer, float]:
    """Return an answer, and the CPU time of what is not compiled."""
    node, seconds = host.node(index), []
    answer = node.answer(task)
    for _ in range(2):
        start = time.process_time()
        answer = node.answer(task)
        seconds.append(time.process_time() - start)
    return answer, min(seconds)


def _num_bytes(arrays: Mapping[str, np.ndarray]) -> int:
    # An array travels as an .npy file, with a header of 128 bytes.
    return sum(value.nbytes + 128 for value in arrays.values())
