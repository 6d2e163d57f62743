import numpy as np
import pytest

from commgen.federated.nodes.node import Node
from commgen.federated.tasks import Task


def test_a_node_says_what_it_has(federation):
    node = Node(federation, 2)
    answer = node.answer(Task("describe", 1))
    h = node.data.train.h
    R = answer.arrays["sums/covariance"]
    assert R[..., 0] + 1j * R[..., 1] == pytest.approx(
        np.cov(h.T, bias=True) + np.outer(h.mean(axis=0), h.mean(axis=0).conj()),
        abs=1e-6,
    )
    assert answer.num_examples == len(h) == answer.metrics["num_train"]
    assert answer.metrics["power"] == pytest.approx(np.trace(R[..., 0]) / 4)
    assert (answer.metrics["partition"], answer.metrics["axis0"]) == (2, 4)


def test_parts_of_an_even_split_hold_each_channel_once(federation):
    """Two calls, so that no channel is in two parts: their sum is the covariance."""
    counts = [Node(federation, i).answer(Task("describe", 1)) for i in range(3)]
    share = [a.arrays["sums/iid_count"] * a.num_examples for a in counts]
    assert [round(float(n)) for n in share] == [24, 24, 24]


def test_unknown_tasks_are_refused(federation):
    with pytest.raises(ValueError, match=r"what must be one of .*got 'dance'"):
        Node(federation, 0).answer(Task("dance", 1))
    with pytest.raises(ValueError, match="index must be"):
        Node(federation, 3)
