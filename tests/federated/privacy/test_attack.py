"""Membership inference, against what thresholds on Gaussian losses must find."""

import keras
import numpy as np
import pytest
from scipy.stats import norm

from commgen._random import complex_normal
from commgen.federated.privacy.attack import channel_losses, membership_attack
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.training import TrainingConfig


def test_gaussian_losses_are_told_apart_as_far_as_they_can_be():
    """Of two Gaussians that lie d apart the best threshold gains 2 Phi(d / 2) - 1."""
    rng = np.random.default_rng(0)
    members, others = rng.normal(0, 1, 20_000), rng.normal(1, 1, 20_000)
    attack = membership_attack(members, others, seed=0, num_permutations=50)
    assert attack.advantage == pytest.approx(2 * norm.cdf(0.5) - 1, abs=0.02)
    assert attack.p_value == pytest.approx(1 / 51)
    assert not attack.within_null


def test_the_null_is_that_of_smirnov():
    """One-sided: exceeded by sqrt(-ln(0.05) / 2 (1 / n + 1 / m)) in 5 % of cases."""
    rng = np.random.default_rng(1)
    members, others = rng.normal(size=300), rng.normal(size=700)
    attack = membership_attack(members, others, seed=0)
    expected = np.sqrt(-np.log(0.05) / 2 * (1 / 300 + 1 / 700))
    assert attack.null == pytest.approx(expected, rel=0.1)


def test_members_of_higher_loss_are_no_gain_and_equal_losses_no_difference():
    attack = membership_attack(np.ones(30), np.zeros(20), seed=0, num_permutations=20)
    assert attack.advantage == 0
    assert attack.within_null
    attack = membership_attack(np.ones(30), np.ones(20), seed=0, num_permutations=20)
    assert attack.advantage == attack.null == 0
    with pytest.raises(ValueError, match=r"members must be .n., n >= 1, got"):
        membership_attack(np.ones((2, 2)), np.ones(2), seed=0)


@pytest.mark.timeout(600)
def test_a_model_that_memorised_gives_its_channels_away():
    h = complex_normal(np.random.default_rng(0), (350, 32))
    members, check, others = h[:50], h[50:150], h[150:]
    keras.utils.set_random_seed(0)
    model = VariationalAutoencoder((32,), num_latents=16, width=64, depth=1)
    training = TrainingConfig(
        num_epochs=4, batch_size=50, learning_rate=3e-3, weight_decay=0
    )
    # 400 steps, in few epochs; its own channels choose the best one, as it is to learn
    # them by heart.
    often = np.tile(members, (100, 1))
    model.fit(often, seed=0, validation=members, training=training, symmetries=())
    losses = [channel_losses(model, part, seed=1) for part in (members, check, others)]
    assert membership_attack(losses[0], losses[2], seed=0).advantage > 0.3
    assert membership_attack(losses[1], losses[2], seed=0).p_value > 0.01
