"""The wrapper of a grid, over nodes that fail and lie."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("flwr")

from commgen.federated.server.checked import NodesLostError


def weighted(nodes):
    """Return the mean of index + 1, weighted by the channels of the nodes."""
    n = np.array([10.0 + i for i in nodes])
    return float(np.sum(n * (np.array(nodes) + 1)) / n.sum())


def test_the_mean_is_flowers_own_whatever_the_order(five_nodes, sent):
    totals = five_nodes().ask("train", sent)
    step = weighted(range(5))
    assert totals.arrays["weights/a"] == pytest.approx(np.full((2, 3), step), rel=1e-6)
    assert totals.num_examples == 60
    assert [*totals.exchange.answers] == [0, 1, 2, 3, 4]


def of_arrays(change):
    return {"arrays": lambda arrays: {**arrays, **change(arrays)}}


BAD = {
    "nan": (
        of_arrays(lambda a: {"weights/a": a["weights/a"] * np.float32(np.nan)}),
        r"weights/a must be finite",
    ),
    "shape": (
        of_arrays(lambda a: {"weights/b": a["weights/b"][:1]}),
        r"weights/b must be float32 \[2\], got float32 \[1\]",
    ),
    "dtype": (
        of_arrays(lambda a: {"weights/b": a["weights/b"].astype("f8")}),
        r"weights/b must be float32 \[2\], got float64",
    ),
    "integers": (
        of_arrays(lambda a: {"weights/b": np.ones(2, int)}),
        r"weights/b must hold real numbers, got int64",
    ),
    "missing": (
        {"arrays": lambda a: {"weights/a": a["weights/a"]}},
        r"those of most nodes: weights/b is missing",
    ),
    "more": (
        of_arrays(lambda a: {"weights/c": np.zeros(3)}),
        r"weights/c is the name of no array",
    ),
    "weight": ({"num_examples": lambda n: 1000 * n}, r"must be 13, as described"),
    "metric": ({"metrics": lambda m: {"loss": np.inf}}, r"loss must be finite"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_bad_answer_is_refused_and_the_run_lives(kind, five_nodes, with_answer, sent):
    changes, why = BAD[kind]
    asked = five_nodes(with_answer(**changes))
    totals = asked.ask("train", sent)
    step = weighted([0, 1, 2, 4])
    assert totals.arrays["weights/b"] == pytest.approx(sent["weights/b"] + step)
    row = asked.state.rounds[0]
    assert (row["answers"], row["refused"]) == (4, 1)
    counts = asked.state.nodes["n3"]
    assert counts["refused"] == 1
    with pytest.raises(ValueError, match=why):
        raise ValueError(counts["reason"])


def test_a_node_that_fails_is_refused(five_nodes, sent):
    asked = five_nodes(lambda r: replace(r, answer=None, error="out of tea"))
    assert asked.ask("train", sent).exchange.refused == {3: "it failed: out of tea"}


def test_late_answers_are_counted_and_too_few_end_the_run(five_nodes, sent):
    why = "it took 9 CPU s, and has 2"

    def late(reply):
        return replace(reply, answer=None, late=why)

    asked = five_nodes(late)
    assert asked.ask("train", sent).exchange.late == {3: why}
    assert asked.state.nodes["n3"] == {"late": 1, "reason": why}
    with pytest.raises(
        NodesLostError, match=r"at least 5 of the 5 .*got 4 \(1 late, 0"
    ):
        five_nodes(late, min_nodes=5).ask("train", sent)


def test_nodes_are_drawn_by_seed_and_round(five_nodes, sent):
    drawn = []
    for _ in range(2):
        asked = five_nodes()
        for _ in range(8):
            asked.ask("train", sent, num_nodes=2)
        drawn.append([i for task, i in asked.nodes.asked if task.what == "train"])
    assert drawn[0] == drawn[1]
    assert len(drawn[0]) == 16
    assert len({*drawn[0]}) > 2


def test_further_arrays_go_past_the_strategy(five_nodes):
    asked = five_nodes()
    asked.ask("sums", {}, fixed={"fixed/c": np.ones(3)})
    assert [*asked.nodes.asked[-1][0].arrays] == ["fixed/c"]
    assert asked.state.rounds[-1]["bytes_down"] > 5 * 24


def test_one_who_is_far_off_does_not_move_the_median(five_nodes, with_answer, sent):
    far = with_answer(arrays=lambda a: {k: 50 * v for k, v in a.items()})
    robust = five_nodes(far, strategy={"name": "FedMedian"})
    moved = robust.ask("train", sent).arrays["weights/a"]
    assert moved == pytest.approx(np.full((2, 3), 3))
    assert moved.dtype == np.float32


def test_nobody_there_is_no_reason_to_wait_for_ever(five_nodes, sent):
    asked = five_nodes()
    inner = asked.grid._grid
    inner.get_node_ids = list
    asked.grid._timeout_s = 0.1
    with pytest.raises(NodesLostError, match=r"5 nodes to be asked must be connected"):
        asked.ask("train", sent)
    with pytest.raises(NodesLostError, match=r"min_nodes must be at most .* 0 after"):
        asked.grid.wait(5)


def test_a_node_that_leaves_while_a_strategy_asks_is_late(five_nodes, sent):
    asked = five_nodes()
    inner, calls = asked.grid._grid, []

    def leaving():
        calls.append(1)
        return [1, 2, 3, 4, 5] if len(calls) == 1 else [1, 2, 3]

    inner.get_node_ids = leaving
    assert len(asked.ask("train", sent).exchange.answers) == 5
    assert asked.ask("train", sent).exchange.late == {
        3: "no answer in time",
        4: "no answer in time",
    }
