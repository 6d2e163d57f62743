"""Nodes that lie: what they make of an honest answer before they send it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from commgen.federated.tasks import Answer, Task

Attack = Callable[[Task, Answer], Answer]


def scaled(factor: float) -> Attack:
    """Return the attack that sends so many times the change of what was sent.

    A negative factor drives the weights up the loss.
    """

    def attack(task: Task, answer: Answer) -> Answer:
        def changed(name, value):
            sent = task.arrays.get(name, np.zeros_like(value))
            return (sent + factor * (value - sent)).astype(value.dtype)

        return _with(answer, changed)

    return attack


def _with(answer: Answer, change: Callable) -> Answer:
    return replace(answer, arrays={k: change(k, v) for k, v in answer.arrays.items()})


def _first_entry_nan(task: Task, answer: Answer) -> Answer:
    def changed(_, value):
        value = np.array(value)
        value.flat[0] = np.nan
        return value

    return _with(answer, changed)


def _flat(task: Task, answer: Answer) -> Answer:
    return _with(answer, lambda _, value: np.append(value, value.dtype.type(0)))


def _whole_numbers(task: Task, answer: Answer) -> Answer:
    return _with(answer, lambda _, value: (1000 * value).astype(np.int64))


#: One of each kind: what a mean is moved by, and what ends it.
ATTACKS: dict[str, Attack] = {
    "x50": scaled(50.0),
    "sign flip": scaled(-1.0),
    "NaN": _first_entry_nan,
    "wrong shape": _flat,
    "wrong dtype": _whole_numbers,
}
#: Those that no check of an answer alone can tell from an honest one.
UNSEEN = ("x50", "sign flip")
