"""A node whose training is private."""

import numpy as np
import pytest

pytest.importorskip("dp_accounting")

from commgen.federated.config import parse_federation
from commgen.federated.nodes.node import Node
from commgen.federated.tasks import Task


def network(values, **options):
    size = {"num_latents": 2, "width": 8, "depth": 1}
    return parse_federation(
        {
            **values,
            "model": {"family": "vae", "options": size},
            "training": {"rounds": 2, "batch_size": 10},
            "privacy": {"epsilon": 6.0, "statistics_noise": 4.0},
            **options,
        }
    )


@pytest.mark.timeout(600)
def test_its_answers_are_noised_and_it_tells_what_they_spend(values):
    node = Node(network(values), 0)
    assert not node.answer(Task("describe", 1)).arrays
    sums = node.answer(Task("sums", 2))
    again = node.answer(Task("sums", 3))
    assert (sums.arrays["sums/power"] == again.arrays["sums/power"]).all()
    model = node._learner.model
    exact = model.sums(node.data.channels("train", node.data.power))["power"]
    noise = sums.arrays["sums/power"] * sums.num_examples - exact
    # Of four entries the standard deviation is 4 x 4, the bound of four antennas.
    assert 4 < np.std(noise) < 64
    training = node._learner._training(Task("train", 4), _config(node))
    weights = {
        f"weights/{k}": v
        for k, v in training.state().items()
        if k not in training.constant
    }
    answer = node.answer(Task("train", 4, weights, {"step": 1}))
    assert "loss" not in answer.metrics
    assert 5.8 < answer.metrics["epsilon"] <= 6.0
    assert answer.metrics["delta"] == 1e-5
    assert model.step_rule is not None


def _config(node):
    from commgen.federated.nodes.learner import training_config

    return training_config(node.config)


def test_what_cannot_be_private_is_refused_at_once(values):
    with pytest.raises(ValueError, match="privacy: must be null for wgan"):
        network(values, model={"family": "wgan"})
    with pytest.raises(ValueError, match="privacy: must be null for gmm"):
        network(values, model={"family": "gmm"})
    with pytest.raises(ValueError, match="privacy: must be null with conditions"):
        network(values, condition=["level"])
