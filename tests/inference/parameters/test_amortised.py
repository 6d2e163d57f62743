import keras
import numpy as np
import pytest
from scipy import integrate

from commgen.generative.training import TrainingConfig
from commgen.inference.parameters import (
    AnglePosteriorNetwork,
    SignalModel,
    grid_posterior,
    load_angle_network,
    proposal_samples,
    refined_samples,
)
from commgen.inference.parameters.amortised import angle_features

SHORT = TrainingConfig(num_epochs=3, batch_size=250, learning_rate=3e-3)


@pytest.fixture(scope="module")
def network():
    keras.utils.set_random_seed(0)
    network = AnglePosteriorNetwork(num_components=4, width=32)
    network.fit_simulated(seed=1, num_examples=5000, training=SHORT)
    return network


@pytest.mark.parametrize("snr_db", [-10, 0, 20])
@pytest.mark.parametrize("known", [True, False])
def test_refined_draws_have_the_exact_posterior(network, draw, snr_db, known):
    y, _ = draw(64, snr_db)
    no = 10 ** (-snr_db / 10)
    model = SignalModel(1.0, no if known else None)
    exact = grid_posterior(y, network.axis, model)
    drawn = refined_samples(network, y, model, num_samples=512, seed=2)
    std = exact.marginals[0].std()
    error = np.abs(drawn.mean() - exact.mean[:, 0]) / std
    assert np.all(error < 5 / np.sqrt(drawn.ess))
    np.testing.assert_allclose(drawn.std(), std, rtol=0.5)
    low, high = drawn.interval(0.9)
    exact_low, exact_high = exact.marginals[0].interval(0.9)
    assert np.median(np.abs(low - exact_low) / std) < 0.1
    assert np.median(np.abs(high - exact_high) / std) < 0.1


def test_refined_error_is_within_two_percent_of_the_exact_mean(network, draw):
    y, value = draw(800, 0.0)
    model = SignalModel(1.0, 1.0)
    exact = grid_posterior(y, network.axis, model).mean
    drawn = refined_samples(network, y, model, seed=2)
    rmse = [
        np.sqrt(np.mean((m - value[:, 0]) ** 2)) for m in (exact[:, 0], drawn.mean())
    ]
    assert rmse[1] < 1.02 * rmse[0]
    low, high = drawn.interval(0.9)
    inside = np.mean((low <= value[:, 0]) & (value[:, 0] <= high))
    assert inside == pytest.approx(0.9, abs=4 * np.sqrt(0.09 / 800))


def test_an_untrained_network_only_costs_draws(draw):
    keras.utils.set_random_seed(3)
    network = AnglePosteriorNetwork(num_components=2, width=8)
    y, _ = draw(40, 20.0)
    model = SignalModel(1.0, 0.01)
    drawn = refined_samples(network, y, model, seed=0)
    exact = grid_posterior(y, network.axis, model)
    error = np.abs(drawn.mean() - exact.mean[:, 0]) / exact.marginals[0].std()
    assert error.max() < 1
    assert drawn.ess.min() >= 32


def test_density_integrates_to_one_within_the_prior(network, draw):
    y, _ = draw(2, -5.0)
    parts = network(angle_features(y, np.array([np.nan, 10**0.5])))
    u = np.linspace(*network.axis.to_x([-60.0, 60.0]), 20_001)
    logs = network.log_prob(parts, np.tile(u, (2, 1)).astype(np.float32))
    mass = integrate.trapezoid(np.exp(np.asarray(logs)), u, axis=1)
    np.testing.assert_allclose(mass, 1, rtol=1e-3)


def test_features_do_not_see_phase_scale_or_order(draw, rng):
    y, _ = draw(3, 0.0)
    known = angle_features(y, np.ones(3))
    turned = y * np.exp(2j * np.pi * rng.random((3, 10, 1)))
    np.testing.assert_allclose(
        angle_features(turned[:, ::-1], np.ones(3)), known, atol=1e-6
    )
    np.testing.assert_allclose(
        angle_features(7 * y, np.full(3, 49.0)), known, atol=1e-6
    )
    unknown = angle_features(y, np.full(3, np.nan))
    np.testing.assert_array_equal(unknown[:, -2:], 0)


def test_samples_repeat_and_survive_saving(network, draw, tmp_path):
    y, _ = draw(5, 5.0)
    drawn = proposal_samples(network, y, 0.3, seed=4)
    network.save(tmp_path / "network.keras")
    again = load_angle_network(tmp_path / "network.keras")
    np.testing.assert_array_equal(
        proposal_samples(again, y, 0.3, seed=4).values, drawn.values
    )
    np.testing.assert_allclose(drawn.weights.sum(axis=1), 1)
    assert again.get_config() == network.get_config()


def test_training_resumes_to_the_same_weights(tmp_path):
    config = TrainingConfig(num_epochs=2, batch_size=100)

    def fit(folder, epochs):
        keras.utils.set_random_seed(5)
        network = AnglePosteriorNetwork(num_components=2, width=8)
        training = config
        if epochs == 1:

            class Stop(Exception):
                pass

            made, calls = network._examples, iter(range(9))

            def examples(rng, rows):
                if next(calls) >= 4:
                    raise Stop
                return made(rng, rows)

            network._examples = examples
            with pytest.raises(Stop):
                network.fit_simulated(
                    seed=1, num_examples=200, training=training, folder=folder
                )
        else:
            network.fit_simulated(
                seed=1, num_examples=200, training=training, folder=folder
            )
        return [np.array(w) for w in network.weights]

    whole = fit(tmp_path / "a", 2)
    fit(tmp_path / "b", 1)
    for own, other in zip(fit(tmp_path / "b", 2), whole, strict=True):
        np.testing.assert_array_equal(own, other)


def test_errors(network, draw, tmp_path):
    y, _ = draw(2, 0.0)
    model = SignalModel(1.0, 1.0)
    with pytest.raises(ValueError, match="y must have 10 snapshots"):
        network.mixture(y[:, :4])
    with pytest.raises(ValueError, match="num_samples must be at least 16"):
        refined_samples(network, y, model, num_samples=4, seed=0)
    with pytest.raises(ValueError, match="least_ess must be at least 0"):
        refined_samples(network, y, model, least_ess=-1, seed=0)
    with pytest.raises(ValueError, match="snr_low_db must be below snr_high_db"):
        AnglePosteriorNetwork(snr_low_db=20)
    with pytest.raises(ValueError, match="num_components must be at least 1"):
        AnglePosteriorNetwork(num_components=0)
    with pytest.raises(ValueError, match="num_examples must be at least 100"):
        network.fit_simulated(seed=0, num_examples=1)
    with pytest.raises(FileNotFoundError, match="no network at"):
        load_angle_network(tmp_path / "none.keras")
    (tmp_path / "bad.keras").write_text("x")
    with pytest.raises(ValueError, match="is not a model that loads"):
        load_angle_network(tmp_path / "bad.keras")
    other = keras.Sequential([keras.Input((2,)), keras.layers.Dense(1)])
    other.save(tmp_path / "other.keras")
    with pytest.raises(ValueError, match="must hold an AnglePosteriorNetwork"):
        load_angle_network(tmp_path / "other.keras")
