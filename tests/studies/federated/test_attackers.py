"""One liar of ten nodes, under Flower's strategies as they are."""

import numpy as np
import pytest

pytest.importorskip("flwr")

from commgen.federated.config import parse_federation
from commgen.federated.nodes.host import Reply
from commgen.federated.server.checked import CheckedGrid
from commgen.federated.server.checkpoint import RunState
from commgen.federated.server.local import LocalGrid
from commgen.federated.server.questions import Questions
from commgen.federated.tasks import Answer
from commgen.studies.federated.attackers import ATTACKS, UNSEEN

NUM, LIAR, SIZE = 10, 6, 50
SENT = {"weights/a": np.zeros(SIZE, np.float32)}
# What all honest nodes tend to, and how far they scatter around it.
TRUTH, SPREAD = 1.0, 0.2
GUARDS = {
    "FedMedian": {},
    "FedTrimmedAvg": {"beta": 0.1},
    "Krum": {"num_malicious_nodes": 1},
    "MultiKrum": {"num_malicious_nodes": 1, "num_nodes_to_select": 6},
}


class Nodes:
    """Answer as one that wants all weights to be TRUTH, but for the liar."""

    def __init__(self, attack):
        self.attack, self.given = attack, []

    def submit(self, batch, pending):
        self.given.append((batch, pending))

    def next_batch(self):
        index, task = self.given.pop(0)
        sizes = {f"num_{part}": 10.0 for part in ("train", "validation", "test")}
        if task.what == "describe":
            metrics = {"partition": float(index), "power": 1.0, "axis0": 4.0, **sizes}
            return Reply(index, Answer({}, 10, metrics))
        rng = np.random.default_rng([task.round, index])
        own = (TRUTH + SPREAD * rng.normal(size=SIZE)).astype(np.float32)
        answer = Answer({"weights/a": own}, 10)
        return Reply(index, self.attack(task, answer) if index == LIAR else answer)


def answered(attack, strategy, **options):
    node = {"channel": {"scenario": "rayleigh"}}
    config = parse_federation(
        {
            "nodes": {f"n{i}": node for i in range(NUM)},
            "strategy": {"name": strategy, "options": options},
        }
    )
    grid = CheckedGrid(LocalGrid(NUM, Nodes(attack)), NUM)
    grid.greet(1)
    return Questions(config, grid, RunState("x")).ask("train", SENT)


def off(totals):
    return float(np.abs(totals.arrays["weights/a"] - TRUTH).mean())


@pytest.mark.parametrize("name", GUARDS)
@pytest.mark.parametrize("attack", UNSEEN)
def test_guards_keep_near_the_honest_nodes(attack, name):
    """A single honest node is 0.16 off, the mean of all is 0.05."""
    assert off(answered(ATTACKS[attack], name, **GUARDS[name])) < 0.2


def test_a_plain_mean_goes_where_the_liar_wants():
    """Of ten answers one that is 50 times as far moves the mean by 4.9."""
    assert off(answered(ATTACKS["x50"], "FedAvg")) == pytest.approx(4.9, rel=0.05)
    assert off(answered(ATTACKS["sign flip"], "FedAvg")) == pytest.approx(0.2, rel=0.1)


@pytest.mark.parametrize("attack", sorted({*ATTACKS} - {*UNSEEN}))
def test_what_is_no_answer_is_refused_and_counted(attack):
    totals = answered(ATTACKS[attack], "FedAvg")
    assert [*totals.exchange.refused] == [LIAR]
    assert len(totals.exchange.answers) == NUM - 1
    assert off(totals) < 0.1
