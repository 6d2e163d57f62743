"""Rounds at a node, on a problem whose optimum is known in closed form."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.federated.nodes.rounds import (
    WEIGHTS,
    LocalRounds,
    RoundSettings,
    adapt,
    mean_answer,
    part_of,
)
from commgen.federated.tasks import Task
from commgen.generative import VariationalAutoencoder
from commgen.generative._untyped import keras
from commgen.generative.training import TrainingConfig

SHAPE = (2, 3)


class Quadratic:
    """Gradient descent on (w - b)' A (w - b) / 2, behind the training's interface."""

    num_steps, rate, constant = 40, 0.05, frozenset()

    def __init__(self, A, b, num_examples=10, num_epochs=30):
        self.A, self.b, self.num_examples = np.asarray(A), np.asarray(b), num_examples
        self.config = TrainingConfig(num_epochs=num_epochs)
        self._w, self._own = np.zeros(len(self.b)), np.zeros(1)
        self._moment = np.zeros(len(self.b))
        self.correct()

    def state(self):
        return {"w": self._w.copy(), "own/w": self._own.copy()}

    def load(self, state):
        self._w, self._own = state["w"].copy(), state["own/w"].copy()
        self._sum, self._count = np.zeros(len(self.b)), 0

    def moments(self):
        return {"w": self._moment}

    def load_moments(self, moments):
        self._moment = moments.get("w", np.zeros(len(self.b)))

    def correct(self, add=None, pull=0.0, towards=None):
        self._add = (add or {}).get("w", 0.0)
        self._pull, self._towards = pull, towards

    def mean_gradient(self):
        return {"w": self._sum / self._count}

    def loss(self):
        return float((self._w - self.b) @ self.A @ (self._w - self.b)) / 2

    def run(self, first, last):
        history = []
        for _ in range((last - first) * self.num_steps):
            gradient = self.A @ (self._w - self.b)
            self._sum, self._count = self._sum + gradient, self._count + 1
            step = gradient + self._add
            if self._pull:
                step = step + self._pull * (self._w - self._towards["w"])
            self._w = self._w - self.rate * step
            self._moment = 0.9 * self._moment + 0.1 * step
        self._own = self._own + self.num_examples
        history += [(self.loss(), self.loss())] * (last - first)
        return history


@pytest.fixture
def nodes():
    """Return two nodes that differ, the second with three times the channels."""
    return [
        Quadratic(np.diag([3.0, 0.2]), [1.0, -2.0], 10),
        Quadratic([[0.5, 0.3], [0.3, 2.0]], [-1.0, 3.0], 30),
    ]


def _run(nodes, settings, num_rounds):
    rounds = [LocalRounds(node, settings) for node in nodes]
    arrays = {WEIGHTS + name: w for name, w in nodes[0].state().items()}
    for r in range(1, num_rounds + 1):
        task = Task("train", r, arrays)
        arrays = mean_answer([node.run(task) for node in rounds])
    return arrays[WEIGHTS + "w"]


def test_scaffold_reaches_the_optimum_that_plain_averages_miss(nodes):
    share = [node.num_examples / 40 for node in nodes]
    A = sum(s * node.A for s, node in zip(share, nodes, strict=True))
    Ab = sum(s * node.A @ node.b for s, node in zip(share, nodes, strict=True))
    optimum = np.linalg.solve(A, Ab)
    error = {
        name: np.linalg.norm(_run(nodes, RoundSettings(1, name, prox), 60) - optimum)
        for name, prox in (("none", 0.0), ("prox", 1.0), ("scaffold", 0.0))
    }
    assert error["scaffold"] < 1e-6
    assert error["none"] > 0.1
    assert 1e-3 < error["prox"] < error["none"]


def test_nodes_with_the_same_data_are_one_node():
    A, b = np.diag([1.0, 0.5]), [1.0, 2.0]
    for correction in ("none", "moments", "scaffold"):
        settings = RoundSettings(2, correction)
        two = _run([Quadratic(A, b, 10), Quadratic(A, b, 10)], settings, 3)
        alone = Quadratic(A, b)
        alone.load(alone.state())
        alone.run(0, 6)
        np.testing.assert_allclose(two, alone.state()["w"], rtol=1e-12)


def test_a_task_asked_again_is_answered_again(nodes):
    rounds = LocalRounds(nodes[0], RoundSettings(1, "scaffold"))
    arrays = {WEIGHTS + name: w for name, w in nodes[0].state().items()}
    arrays = mean_answer([rounds.run(Task("train", 1, arrays))])
    before = rounds.state()
    task = Task("train", 2, arrays, {"share": 0.5})
    first, after = rounds.run(task), rounds.state()
    again = LocalRounds(Quadratic(nodes[0].A, nodes[0].b), RoundSettings(1, "scaffold"))
    again.load(before)
    second = again.run(task)
    assert first.metrics == second.metrics
    for name, value in first.arrays.items():
        np.testing.assert_array_equal(value, second.arrays[name])
    for name, value in after.items():
        np.testing.assert_array_equal(value, again.state()[name])


def test_a_node_that_was_left_out_moves_the_control_variate_by_its_share(nodes):
    rounds = LocalRounds(nodes[0], RoundSettings(1, "scaffold"))
    arrays = {WEIGHTS + name: w for name, w in nodes[0].state().items()}
    arrays["control/w"] = np.array([0.3, -0.1])
    whole = rounds.run(Task("train", 1, arrays, {"share": 1.0}))
    rounds.load({})
    part = rounds.run(Task("train", 1, arrays, {"share": 0.25}))
    moved = [a.arrays["control/w"] - arrays["control/w"] for a in (part, whole)]
    np.testing.assert_allclose(moved[0], 0.25 * moved[1], rtol=1e-12)


def test_personal_parts_stay_at_the_node(nodes):
    rounds = LocalRounds(nodes[0], RoundSettings(personal=("own/",)))
    arrays = {WEIGHTS + name: w for name, w in nodes[0].state().items()}
    answer = rounds.run(Task("train", 1, arrays))
    assert set(answer.arrays) == {"weights/w"}
    assert rounds.state()["weights/own/w"] == 10
    rounds.run(Task("train", 2, dict(answer.arrays)))
    assert rounds.state()["weights/own/w"] == 20
    # A node that is new begins with what its model began with.
    rounds.load({})
    assert rounds.weights(answer.arrays)["own/w"] == 0


def test_only_what_the_correction_asks_for_travels(nodes):
    arrays = {WEIGHTS + name: w for name, w in nodes[0].state().items()}
    kinds = {
        correction: {
            name.split("/")[0]
            for name in LocalRounds(nodes[0], RoundSettings(1, correction))
            .run(Task("train", 1, arrays))
            .arrays
        }
        for correction in ("none", "moments", "scaffold")
    }
    assert kinds == {
        "none": {"weights"},
        "moments": {"weights", "moments"},
        "scaffold": {"weights", "moments", "control"},
    }


def test_adaptation_stops_where_validation_says(nodes):
    node = nodes[0]
    found = adapt(node, {"w": np.zeros(2), "own/w": np.zeros(1)})
    assert found.scores[found.num_epochs] == min(found.scores) < found.scores[0]
    assert node.loss() == found.scores[found.num_epochs]
    # Where only the model that it began with does well, that one stays.
    start = {"w": np.array([-5.0, -5.0]), "own/w": np.zeros(1)}
    kept = adapt(node, start, score=lambda: float(np.sum(node.state()["w"])))
    assert kept.num_epochs == 0
    np.testing.assert_array_equal(node.state()["w"], start["w"])
    assert len(kept.scores) == 4  # patience


@pytest.mark.timeout(120)
def test_a_network_in_rounds_at_one_node_is_one_training():
    rng = np.random.default_rng(5)
    h = complex_normal(rng, (60, 4)) * np.array([1.5, 1.0, 0.5, 1.0], np.float32)
    keras.utils.set_random_seed(1)
    model = VariationalAutoencoder((4,), num_latents=2, width=8, depth=1)
    model.adapt_sums(model.sums(h[:40]))
    config = TrainingConfig(num_epochs=3, batch_size=16)
    options = {"seed": 2, "validation": h[40:], "training": config}
    alone, other = (model.training(h[:40], **options) for _ in range(2))
    start = alone.state()
    alone.run(0, 3)
    expected = {n: w for n, w in alone.state().items() if n not in alone.constant}
    rounds = LocalRounds(other, RoundSettings(1, "scaffold"))
    arrays = {WEIGHTS + name: w for name, w in start.items()}
    for r in range(1, 4):
        arrays = mean_answer([rounds.run(Task("train", r, arrays))])
    # Its own control variate is that of all nodes.
    found = part_of(arrays, WEIGHTS)
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-6)


def test_settings_are_checked():
    with pytest.raises(
        ValueError, match=r"prox must be above 0 .* got 0.0 with 'prox'"
    ):
        RoundSettings(correction="prox")
    with pytest.raises(ValueError, match=r"prox must be .* got 1.0 with 'none'"):
        RoundSettings(prox=1.0)
    with pytest.raises(ValueError, match="num_epochs must be at least 1, got 0"):
        RoundSettings(num_epochs=0)


def test_parts_are_told_by_their_prefix():
    assert part_of({"weights/a": 1, "moments/a": 2}, "moments/") == {"a": 2}
