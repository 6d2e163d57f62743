"""The wrapper of a grid, over nodes that fail and lie."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("flwr")

from commgen.federated.config import parse_federation
from commgen.federated.nodes.host import Reply
from commgen.federated.server.checked import CheckedGrid, NodesLostError
from commgen.federated.server.checkpoint import RunState
from commgen.federated.server.local import LocalGrid
from commgen.federated.server.questions import Questions
from commgen.federated.tasks import Answer

NUM = 5
SENT = {"weights/a": np.zeros((2, 3), np.float32), "weights/b": np.float32([1, 2])}


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
        self.asked.append((pending.what, batch))

    def next_batch(self):
        index, task = self.given.pop()
        answer = honest(index, task)
        if index == self.bad and self.change and task.what != "describe":
            return self.change(Reply(index, answer))
        return Reply(index, answer)


def with_answer(**changes):
    def change(reply):
        new = {k: f(getattr(reply.answer, k)) for k, f in changes.items()}
        return replace(reply, answer=replace(reply.answer, **new))

    return change


def questions(change=None, *, min_nodes=1, nodes=None, **options):
    node = {"channel": {"scenario": "rayleigh"}}
    values = {"nodes": {f"n{i}": node for i in range(NUM)}, "seed": 4, **options}
    config = parse_federation(values)
    nodes = nodes or Nodes(change)
    grid = CheckedGrid(LocalGrid(NUM, nodes), NUM, min_nodes=min_nodes, seed=4)
    grid.greet(1)
    return Questions(config, grid, RunState("x"))


def weighted(nodes):
    n = np.array([10.0 + i for i in nodes])
    return float(np.sum(n * (np.array(nodes) + 1)) / n.sum())


def test_the_mean_is_flowers_own_whatever_the_order():
    totals = questions().ask("train", SENT)
    step = weighted(range(NUM))
    assert totals.arrays["weights/a"] == pytest.approx(np.full((2, 3), step), rel=1e-6)
    assert totals.num_examples == 60
    assert [*totals.exchange.answers] == [0, 1, 2, 3, 4]


nan = np.float32(np.nan)
BAD = {
    "nan": (
        with_answer(arrays=lambda a: {**a, "weights/a": a["weights/a"] * nan}),
        "weights/a must be finite",
    ),
    "shape": (
        with_answer(arrays=lambda a: {**a, "weights/b": a["weights/b"][:1]}),
        r"weights/b must be float32 \[2\], got float32 \[1\]",
    ),
    "dtype": (
        with_answer(arrays=lambda a: {**a, "weights/b": a["weights/b"].astype("f8")}),
        r"weights/b must be float32 \[2\], got float64",
    ),
    "integers": (
        with_answer(arrays=lambda a: {**a, "weights/b": np.ones(2, int)}),
        "weights/b must hold real numbers, got int64",
    ),
    "missing": (
        with_answer(arrays=lambda a: {"weights/a": a["weights/a"]}),
        "those of most nodes: weights/b is missing",
    ),
    "more": (
        with_answer(arrays=lambda a: {**a, "weights/c": np.zeros(3)}),
        "weights/c is the name of no array",
    ),
    "weight": (with_answer(num_examples=lambda n: 1000 * n), "must be 13, as desc"),
    "metric": (with_answer(metrics=lambda m: {"loss": np.inf}), "loss must be finite"),
    "error": (lambda r: replace(r, answer=None, error="out of tea"), "it failed: out"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_answer_is_refused_and_the_run_lives(kind):
    change, why = BAD[kind]
    asked = questions(change)
    totals = asked.ask("train", SENT)
    step = weighted([0, 1, 2, 4])
    assert totals.arrays["weights/b"] == pytest.approx(SENT["weights/b"] + step)
    assert (asked.state.rounds[0]["answers"], asked.state.rounds[0]["refused"]) == (
        4,
        1,
    )
    counts = asked.state.nodes["n3"]
    assert counts["refused"] == 1
    with pytest.raises(ValueError, match=why):
        raise ValueError(counts["reason"])


def test_late_answers_are_counted_and_too_few_end_the_run():
    def late(reply):
        return replace(reply, answer=None, late="it took 9 CPU s, and has 2")

    asked = questions(late)
    assert asked.ask("train", SENT).exchange.late == {3: "it took 9 CPU s, and has 2"}
    assert asked.state.nodes["n3"] == {
        "late": 1,
        "reason": "it took 9 CPU s, and has 2",
    }
    with pytest.raises(
        NodesLostError, match=r"at least 5 of the 5 .*got 4 \(1 late, 0"
    ):
        questions(late, min_nodes=5).ask("train", SENT)


def test_nodes_are_drawn_by_seed_and_round():
    drawn = []
    for _ in range(2):
        nodes = Nodes()
        asked = questions(nodes=nodes)
        for _ in range(8):
            asked.ask("train", SENT, num_nodes=2)
        drawn.append([index for what, index in nodes.asked if what == "train"])
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 16
    assert len({*drawn[0]}) > 2


def test_further_arrays_go_past_the_strategy():
    seen = []

    class Listening(Nodes):
        def submit(self, batch, pending):
            seen.append(sorted(pending.arrays))
            super().submit(batch, pending)

    asked = questions(nodes=Listening())
    asked.ask("sums", {}, fixed={"fixed/c": np.ones(3)})
    assert seen[-1] == ["fixed/c"]
    assert asked.state.rounds[-1]["bytes_down"] > NUM * 24


def test_one_who_is_far_off_does_not_move_the_median():
    change = with_answer(arrays=lambda a: {k: 50 * v for k, v in a.items()})
    robust = questions(change, strategy={"name": "FedMedian"})
    moved = robust.ask("train", SENT).arrays["weights/a"]
    assert moved == pytest.approx(np.full((2, 3), 3))
    assert moved.dtype == np.float32
