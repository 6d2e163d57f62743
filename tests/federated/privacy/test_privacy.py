"""A private training as a whole: its sums, its budget, and what it refuses."""

import keras
import numpy as np
import pytest

pytest.importorskip("dp_accounting")

from commgen._random import complex_normal
from commgen.federated.privacy.accountant import Spending, spent_epsilon
from commgen.federated.privacy.privacy import Privacy, noise_seed
from commgen.federated.privacy.sums import private_sums
from commgen.federated.sending_config import PrivacyConfig
from commgen.generative.autoencoder.vae import VariationalAutoencoder
from commgen.generative.training import TrainingConfig


def small_vae(num_conditions=0):
    keras.utils.set_random_seed(1)
    size = {"num_latents": 2, "width": 8, "depth": 1}
    return VariationalAutoencoder((8,), **size, num_conditions=num_conditions)


def test_no_channel_changes_the_sums_by_more_than_the_bound():
    """The strongest channel that there may be, and one that is all in one beam."""
    model, rng = small_vae(), np.random.default_rng(0)
    h = complex_normal(rng, (30, 8))
    for other in (100 * h[:1], 100 * np.ones((1, 8), np.complex64)):
        with_it, without = (
            private_sums(model, part, noise=0.0, rng=rng)["power"]
            for part in (np.concatenate([h, other]), h)
        )
        assert np.linalg.norm(with_it - without) <= 8 * (1 + 1e-5)


def test_sums_are_those_of_bounded_channels_and_noise():
    model, rng = small_vae(), np.random.default_rng(0)
    h = complex_normal(rng, (500, 8))
    power = np.mean(np.abs(h) ** 2, axis=1, keepdims=True)
    bounded = h / np.sqrt(np.maximum(power, 1))
    expected = model.sums(bounded)["power"]
    exact = private_sums(model, h, noise=0.0, rng=rng)
    assert exact["power"] == pytest.approx(expected, rel=1e-4)
    assert exact["count"] == 500
    draws = [private_sums(model, h[:20], noise=3.0, rng=rng) for _ in range(60)]
    spread = np.std([draw["power"] for draw in draws])
    # 480 numbers: a standard deviation is known to 1 / sqrt(2 n).
    assert spread == pytest.approx(3.0 * 8, rel=4 / np.sqrt(2 * 480))
    assert all(draw["noise"] == 0 for draw in draws)


@pytest.mark.timeout(600)
def test_rounds_differ_in_noise_and_repeat():
    """One channel more or less aside, a node's answer is a function of the round."""
    config = PrivacyConfig(epsilon=4.0, clip=1.0)
    model = small_vae()
    Privacy.prepare(model, config)
    h = complex_normal(np.random.default_rng(0), (100, 8))
    privacy = Privacy(config, 100, 20, num_steps=10, seed=5)
    model.adapt_sums(privacy.sums(model, h))
    training = TrainingConfig(num_epochs=2, batch_size=20)
    steps = model.training(h, seed=0, validation=h[:20], training=training)
    start, ends = steps.state(), []
    for round in (1, 2, 1):
        steps.load(start)
        steps.load_moments({})
        privacy.begin(model, round)
        steps.run(0, 1)
        ends.append(steps.state())
    name = next(k for k in start if k.endswith("kernel"))
    assert (ends[0][name] == ends[2][name]).all()
    assert np.abs(ends[0][name] - ends[1][name]).max() > 1e-4
    report = privacy.report
    spending = Spending(0.2, 10, (config.statistics_noise,))
    assert report["epsilon"] == spent_epsilon(spending, report["noise"], 1e-5)
    assert 3.9 < report["epsilon"] <= 4.0


def test_what_cannot_be_private_is_refused():
    with pytest.raises(ValueError, match="privacy must be off for models with condit"):
        Privacy.prepare(small_vae(num_conditions=2), PrivacyConfig())
    with pytest.raises(ValueError, match="epsilon must be more than what other"):
        Privacy(PrivacyConfig(epsilon=0.1, statistics_noise=1.0), 100, 20, 10, seed=0)


def test_secret_noise_is_kept_and_nobody_elses(tmp_path):
    secret = PrivacyConfig(noise="secret")
    first = noise_seed(secret, 7, tmp_path / "node")
    assert noise_seed(secret, 7, tmp_path / "node") == first
    assert noise_seed(secret, 7, tmp_path / "other") != first
    assert (tmp_path / "node" / "secret").stat().st_mode & 0o077 == 0
    assert noise_seed(PrivacyConfig(), 7, None) == 7
    with pytest.raises(ValueError, match=r"privacy.noise must be 'seeded' for nodes"):
        noise_seed(secret, 7, None)
