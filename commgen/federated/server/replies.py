"""Which answers of nodes can be used: what a wrong one would do, no mean survives."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from commgen.datasets.events import AXES
from commgen.federated.nodes.description import META_NUMBERS
from commgen.federated.tasks import Answer, Task

# What the number of channels behind an answer must be: that of a part of the node's.
_PART = {"calibrate": "num_validation"}
# Whose number of channels or arrays nobody but the node knows.
_FREE = {"describe", "fit", "generate"}
Signature = tuple[tuple[str, tuple[int, ...], str], ...]


class RefusedError(ValueError):
    """Raised for an answer that cannot be used."""


@dataclass(frozen=True)
class Description:
    """What a node said of its channels.

    Parameters
    ----------
    metrics
        Of the answer to "describe".
    """

    metrics: Mapping[str, float]

    @property
    def partition(self) -> int:
        """Place of the node in the federation."""
        return int(self.metrics["partition"])

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of its channels."""
        return self._numbers("axis")

    @property
    def layout(self) -> tuple[str, ...]:
        """Meaning of their axes."""
        return tuple(AXES[i] for i in self._numbers("layout"))

    @property
    def meta(self) -> dict[str, float]:
        """Numbers of the metadata of its channels."""
        return {
            name: self.metrics[f"meta_{name}"]
            for name in META_NUMBERS
            if f"meta_{name}" in self.metrics
        }

    def _numbers(self, name: str) -> tuple[int, ...]:
        found = []
        while (key := f"{name}{len(found)}") in self.metrics:
            found.append(int(self.metrics[key]))
        return tuple(found)

    def num_examples(self, what: str) -> int:
        """Return how many channels stand behind its answer."""
        return int(self.metrics[_PART.get(what, "num_train")])


def check_answer(task: Task, answer: Answer, node: Description | None) -> None:
    """Raise unless an answer fits what was asked, and what the node said before.

    Parameters
    ----------
    task
        What was asked.
    answer
        What came back.
    node
        Its description, None before it gave one.

    Raises
    ------
    RefusedError
        If a number is not finite, an array is not of real numbers or has another shape
        than the one that was sent, or the answer stands for another number of channels.
    """
    for name, value in answer.arrays.items():
        _check_array(name, value)
    for name, value in answer.metrics.items():
        if not np.isfinite(value):
            raise RefusedError(f"{name} must be finite, got {value}.")
    n = answer.num_examples
    if isinstance(n, float) or n < 1:
        raise RefusedError(f"num-examples must be a number from 1 on, got {n}.")
    if node is not None and task.what not in _FREE:
        said = node.num_examples(task.what)
        if n != said:
            raise RefusedError(f"num-examples must be {said}, as described, got {n}.")
    if task.what == "train":
        _check_sent(task, answer)


def _check_array(name: str, value: np.ndarray) -> None:
    if value.dtype not in (np.float32, np.float64):
        raise RefusedError(f"{name} must hold real numbers, got {value.dtype}.")
    if not np.isfinite(value).all():
        raise RefusedError(f"{name} must be finite.")


def _check_sent(task: Task, answer: Answer) -> None:
    """Weights come back as they were sent; a name that was not sent is nobody's."""
    for name, value in answer.arrays.items():
        sent = task.arrays.get(name)
        if sent is None:
            if name.startswith("weights/"):
                raise RefusedError(f"{name} is the name of no array of the model.")
        elif (value.shape, value.dtype) != (sent.shape, sent.dtype):
            raise RefusedError(
                f"{name} must be {sent.dtype} {list(sent.shape)}, got {value.dtype} "
                f"{list(value.shape)}."
            )


def odd_ones(answers: Mapping[int, Answer]) -> dict[int, str]:
    """Return which answers differ in names, shapes or types from most, and how.

    Where two kinds are as frequent the one of the first node counts as most.
    """
    if not answers:
        return {}
    kinds = {number: _signature(answers[number]) for number in sorted(answers)}
    most = Counter(kinds.values()).most_common(1)[0][0]
    return {
        number: "the arrays must be those of most nodes: " + _difference(kind, most)
        for number, kind in kinds.items()
        if kind != most
    }


def _signature(answer: Answer) -> Signature:
    return tuple(
        (name, np.shape(answer.arrays[name]), str(answer.arrays[name].dtype))
        for name in sorted(answer.arrays)
    )


def _difference(kind: Signature, most: Signature) -> str:
    wanted, there = set(most) - set(kind), set(kind) - set(most)
    name, shape, dtype = min(there or wanted)
    if not there:
        return f"{name} is missing."
    return f"{name} is {dtype} {list(shape)}."
