from dataclasses import replace

import numpy as np
import pytest

from commgen.federated.config import parse_federation
from commgen.federated.tasks import Answer

NUM = 5


def honest(index, task):
    sizes = {f"num_{part}": 10.0 + index for part in ("train", "validation", "test")}
    metrics = {"partition": float(index), "power": 1.0, "axis0": 4.0, **sizes}
    if task.what == "describe":
        return Answer({}, 10 + index, metrics)
    arrays = {k: np.asarray(v + (index + 1), v.dtype) for k, v in task.arrays.items()}
    return Answer(arrays, 10 + index, {"loss": float(index)})


class Nodes:
    """Answer in the wrong order, but for one that does as ``change`` says."""

    def __init__(self, change=None, bad=3):
        self.change, self.bad = change, bad
        self.given = []
        self.asked = []

    def submit(self, batch, pending):
        self.given.append((batch, pending))
        self.asked.append((pending, batch))

    def next_batch(self):
        from commgen.federated.nodes.host import Reply

        index, task = self.given.pop()
        reply = Reply(index, honest(index, task))
        if index == self.bad and self.change and task.what != "describe":
            return self.change(reply)
        return reply


@pytest.fixture
def sent():
    """Weights that are sent to the nodes."""
    return {
        "weights/a": np.zeros((2, 3), np.float32),
        "weights/b": np.array([1, 2], np.float32),
    }


@pytest.fixture
def five_nodes():
    """Make questions to five nodes, one of which may be bad."""
    from commgen.federated.server.checked import CheckedGrid
    from commgen.federated.server.checkpoint import RunState
    from commgen.federated.server.local import LocalGrid
    from commgen.federated.server.questions import Questions

    def make(change=None, *, min_nodes=1, **options):
        node = {"channel": {"scenario": "rayleigh"}}
        values = {"nodes": {f"n{i}": node for i in range(NUM)}, "seed": 4, **options}
        config, nodes = parse_federation(values), Nodes(change)
        grid = CheckedGrid(LocalGrid(NUM, nodes), NUM, min_nodes=min_nodes, seed=4)
        grid.greet(1)
        questions = Questions(config, grid, RunState("x"))
        questions.nodes = nodes
        return questions

    return make


@pytest.fixture
def with_answer():
    """Make a change of an answer's parts, by functions of them."""

    def make(**changes):
        def change(reply):
            new = {k: f(getattr(reply.answer, k)) for k, f in changes.items()}
            return replace(reply, answer=replace(reply.answer, **new))

        return change

    return make
