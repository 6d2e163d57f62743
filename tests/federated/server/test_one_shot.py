"""Learning from one answer of each node."""

import numpy as np
import pytest

pytest.importorskip("flwr")

from commgen.federated.config import parse_federation
from commgen.federated.nodes.host import NodeHost
from commgen.federated.nodes.node import Node
from commgen.federated.nodes.one_shot import own_model
from commgen.federated.server.checked import CheckedGrid
from commgen.federated.server.checkpoint import RunState
from commgen.federated.server.conduct import conduct
from commgen.federated.server.local import Here, LocalGrid
from commgen.federated.server.one_shot import OneShotServer
from commgen.federated.server.questions import Questions
from commgen.federated.tasks import Task
from commgen.generative.load import load_model
from commgen.generative.mixture.gmm import GaussianMixture


def one_shot(values, **options):
    return parse_federation(
        {
            **values,
            "model": {"family": "gmm", "num_components": 3},
            "one_shot": {"num_components": 1, "num_draws": 3000, **options},
        }
    )


def server(config):
    grid = LocalGrid(len(config.nodes), Here(NodeHost(config)))
    checked = CheckedGrid(grid, len(config.nodes))
    checked.greet(1)
    state = RunState("x")
    settings = {"power": 2.0}
    return OneShotServer(config, Questions(config, checked, state), settings), state


def covariance(h):
    return h.T @ h.conj() / len(h)


@pytest.mark.parametrize("ask_nodes", [False, True])
@pytest.mark.timeout(600)
def test_draws_have_the_covariance_of_all_channels(values, ask_nodes):
    """Of Gaussians that nodes fit; an entry deviates by 1 / sqrt(n) at most."""
    leader, state = server(one_shot(values, ask_nodes=ask_nodes))
    h, condition = leader.draws((4,))
    assert condition is None
    assert h.shape == (9000, 4)
    nodes = [Node(one_shot(values), i).data.channels("train", 2.0) for i in range(3)]
    expected = covariance(np.concatenate(nodes))
    scale = np.abs(expected).max()
    assert np.abs(covariance(h) - expected).max() < 4 * scale / np.sqrt(3000)
    assert [row["what"] for row in state.rounds] == ["generate" if ask_nodes else "fit"]


@pytest.mark.timeout(600)
def test_nodes_count_by_their_channels(values):
    """The second place has two days to learn from, a third of the others' six."""
    split = {"label": "day", "train": [1, 2], "validation": 3, "test": 4}
    values["nodes"]["place 1"]["split"] = split
    leader, _ = server(one_shot(values))
    h, _ = leader.draws((4,))
    assert len(h) == 3000 + 1000 + 3000


@pytest.mark.timeout(600)
def test_the_server_learns_what_the_draws_are_of(values):
    leader, _ = server(one_shot(values))
    model = GaussianMixture((4,), 3)
    leader.learn(model)
    drawn = model.sample(20_000, seed=0)
    expected = covariance(leader.draws((4,))[0])
    assert np.abs(covariance(drawn) - expected).max() < 0.05 * np.abs(expected).max()


@pytest.mark.timeout(600)
def test_channels_are_drawn_under_the_asked_condition_and_no_row_leaves(values):
    config = one_shot({**values, "condition": ["level"]}, num_components=2)
    node = Node(config, 0)
    asked = np.full((50, 1), 0.7, np.float32)
    task = Task("generate", 3, {"condition": asked}, {"num_draws": 50, "power": 1.0})
    answer = node.answer(task)
    assert (answer.arrays["draws/condition"] == asked).all()
    own = node._one_shot._model
    assert own.num_conditions == 1
    assert answer.arrays["draws/h"].shape == (50, 4, 2)
    sent = node.answer(Task("fit", 4, {}, {"power": 1.0})).arrays
    levels = node.data.conditions("train").astype(np.float32).ravel()
    rows = next(v for k, v in sent.items() if k.endswith("rows"))
    assert not np.isin(rows.ravel(), levels).any()
    assert {k.removeprefix("weights/") for k in sent} == {*_names(config)}


def _names(config):
    from commgen.generative.weights import weight_names

    return weight_names(own_model(config, (4,)))


def test_what_does_not_go_with_one_shot_is_refused(values, federation):
    with pytest.raises(ValueError, match="uplink: must be null with one_shot"):
        one_shot({**values, "uplink": {}})
    with pytest.raises(ValueError, match="one_shot must be configured"):
        Node(federation, 0).answer(Task("fit", 1))
    node = Node(one_shot(values), 0)
    with pytest.raises(ValueError, match="num_draws must be at least 1, got 0"):
        node.answer(Task("generate", 1, {}, {"num_draws": 0}))


@pytest.mark.timeout(600)
def test_a_run_asks_each_node_once_and_ends_with_a_model(values, tmp_path):
    config = one_shot(values, num_draws=300)
    grid = LocalGrid(len(config.nodes), Here(NodeHost(config)))
    result = conduct(config, grid, tmp_path / "run")
    asked = [row["what"] for row in result.rounds]
    assert asked == ["describe", "fit", "evaluate"]
    model = load_model(tmp_path / "run" / "model")
    assert model.sample(5, seed=0).shape == (5, 4)
