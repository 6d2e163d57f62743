"""The neural receiver: what it corrects, its training, its folder, its refusals."""

import json

import numpy as np
import pytest
import tensorflow as tf

from commgen.frame.fields import frame_of
from commgen.generative.training import TrainingConfig
from commgen.phy import Link, LSEstimator, parse_config
from commgen.phy.neural.files import (
    check_receiver_fits,
    load_neural_receiver,
    save_neural_receiver,
)
from commgen.phy.neural.network import ReceiverNetwork
from commgen.phy.neural.receiver import NeuralReceiver, ReceiverFeatures
from commgen.phy.neural.training import train_neural_receiver, training_seed
from commgen.phy.receiver import gives_llr
from commgen.phy.simulation.build_link import build_link
from commgen.phy.simulation.estimators import build_estimators
from commgen.phy.simulation.sources import build_source
from commgen.phy.simulation.timed import TimedEstimator

SHORT = TrainingConfig(num_epochs=2, batch_size=8, learning_rate=3e-3)
OPTIONS = {"snr_range_db": (0.0, 10.0), "seed": 3, "num_slots": 24, "width": 4}


@pytest.fixture
def config(base):
    base["link"].update(num_bits_per_symbol=4, num_guard_carriers=[1, 1])
    return parse_config(base)


@pytest.fixture
def link(config):
    return Link(config.link, build_source(config, seed=1), seed=1, jit_compile=False)


def network_for(link):
    features = ReceiverFeatures(link.resource_grid, link.config)
    network = ReceiverNetwork(link.config.num_bits_per_symbol, 4)
    no = tf.constant(0.1)
    y = link.observe(link.slots(0, 2), no)
    network.build((None, *features(y, no)[0].shape[1:]))
    return network


def train_for(config, folder, *, seed, **options):
    own = config.model_copy(update={"seed": training_seed(seed)})
    link = build_link(own, jit_compile=False)
    return train_neural_receiver(
        link, folder, channel=config.channel, seed=seed, **options
    )


@pytest.mark.slow
def test_before_training_it_is_least_squares(link):
    receiver = NeuralReceiver(link.resource_grid, link.config, network_for(link))
    timed = {
        "ls": TimedEstimator(
            LSEstimator(link.resource_grid, time_interpolation="average")
        ),
        "network": TimedEstimator(receiver),
    }
    estimators = {name: block.receiver for name, block in timed.items()}
    found = link.run_batch(0, 32, np.array([6.0]), estimators, np.ones((2, 1), bool))
    ls, network = (counts for _, _, counts in found)
    assert ls.block_errors.sum() > 3
    np.testing.assert_array_equal(ls.block_errors, network.block_errors)
    np.testing.assert_allclose(ls.error_power, network.error_power, rtol=1e-5)
    np.testing.assert_allclose(ls.predicted_power, network.predicted_power, rtol=1e-5)
    assert all(block.seconds > 0 for block in timed.values())


def test_features_show_grid_noise_and_mask(link):
    features = ReceiverFeatures(link.resource_grid, link.config)
    y = link.observe(link.slots(0, 3), tf.constant(0.01))
    z, h_hat, _ = features(y, tf.constant([0.01, 0.01, 0.1]))
    assert z.shape == (3, 14, 10, 4 * 2 + 4 + 4)
    data = np.ones((14, 10))
    data[[2, 11]] = 0
    z, y, h_hat = z.numpy(), y.numpy(), h_hat.numpy()
    np.testing.assert_array_equal(z[0, ..., 0], data)
    np.testing.assert_allclose(z[..., 1].max((1, 2)), [-2, -2, -1], rtol=1e-6)
    np.testing.assert_array_equal(z[..., 2], y[:, 0, 0, :, 1:-1].real)
    np.testing.assert_array_equal(z[..., 6], h_hat[:, 0, 0, 0, 0].real)


def test_training_lowers_the_loss_goes_on_and_repeats(config, tmp_path):
    first = train_for(config, tmp_path / "a", training=SHORT, **OPTIONS)
    second = train_for(config, tmp_path / "b", training=SHORT, **OPTIONS)
    for a, b in zip(first.weights, second.weights, strict=True):
        np.testing.assert_array_equal(a, b)
    # The checkpoint is that of the finished training.
    third = train_for(config, tmp_path / "a", training=SHORT, **OPTIONS)
    np.testing.assert_array_equal(first.weights[0], third.weights[0])
    loaded, card = load_neural_receiver(tmp_path / "a")
    z = np.random.default_rng(0).normal(size=(1, 14, 10, 16)).astype(np.float32)
    np.testing.assert_allclose(loaded(z), first(z), rtol=1e-5, atol=1e-6)
    assert card["snr_range_db"] == [0.0, 10.0]
    assert card["num_parameters"] == first.count_params()
    assert any(np.any(np.asarray(w) != 0) for w in first.weights[-2:])
    with pytest.raises(ValueError, match="checkpoint of another"):
        train_for(
            config, tmp_path / "a", training=SHORT, **{**OPTIONS, "num_slots": 32}
        )


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"snr_range_db": (5, 5)}, r"snr_range_db must be finite and ascending, got"),
        (
            {"snr_range_db": (0, np.inf)},
            r"snr_range_db must be between -150 and 150 dB",
        ),
        ({"num_slots": 8}, r"num_slots must be at least 16, got 8"),
    ],
)
def test_training_refuses(config, tmp_path, options, message):
    with pytest.raises(ValueError, match=message):
        train_for(config, tmp_path / "a", **{**OPTIONS, **options})


def test_training_refuses_the_slots_of_a_sweep(config, link, tmp_path):
    with pytest.raises(ValueError, match=r"link.seed must be training_seed\(3\) = \d+"):
        train_neural_receiver(link, tmp_path / "a", channel=config.channel, **OPTIONS)


def test_several_streams_and_pusch_are_refused(base, tmp_path):
    base["channel"]["num_tx_ant"] = base["link"]["num_streams"] = 2
    with pytest.raises(ValueError, match=r"link.num_streams must be 1 for a neural"):
        train_for(parse_config(base), tmp_path / "a", **OPTIONS)
    base["channel"] = {**base["channel"], "num_tx_ant": 1}
    base["link"] = {
        "kind": "pusch",
        "num_prb": 2,
        "subcarrier_spacing_hz": 30e3,
        "num_bits_per_symbol": 2,
        "coderate": 449 / 1024,
        "num_rx_ant": 2,
    }
    config = parse_config(base)
    with pytest.raises(ValueError, match=r"link must be of kind ofdm, got 'pu"):
        train_for(config, tmp_path / "a", **OPTIONS)
    base["estimators"] = [{"kind": "neural-receiver", "model": str(tmp_path)}]
    grid = Link(
        parse_config(
            base | {"link": {**_ofdm(2)}, "estimators": [{"kind": "ls"}]}
        ).link,
        build_source(config, seed=1),
        seed=1,
    ).resource_grid
    with pytest.raises(ValueError, match=r"estimators.0 .*kind must be another than"):
        build_estimators(parse_config(base), grid)


def _ofdm(num_rx_ant):
    return {
        "fft_size": 12,
        "subcarrier_spacing_hz": 30e3,
        "num_rx_ant": num_rx_ant,
        "coderate": 0.5,
    }


@pytest.fixture
def folder(link, config, tmp_path):
    card = {"frame": frame_of(config.link), "snr_range_db": [-5.0, 10.0]}
    save_neural_receiver(network_for(link), tmp_path / "net", card)
    return tmp_path / "net"


def test_a_configuration_names_its_folder(base, config, link, folder):
    base["estimators"] = [{"kind": "neural-receiver", "model": str(folder)}]
    blocks = build_estimators(parse_config(base), link.resource_grid)
    assert gives_llr(blocks["neural-receiver"])
    base["sweep"]["snr_stop_db"] = 15
    with pytest.raises(ValueError, match=r"snr_db must be in -5..10, the range of the"):
        build_estimators(parse_config(base), link.resource_grid)


def test_another_frame_and_other_snrs_are_refused(config, folder):
    _, card = load_neural_receiver(folder)
    check_receiver_fits(card, config.link, [0.0, 10.0])
    other = config.link.model_copy(update={"num_bits_per_symbol": 6})
    with pytest.raises(ValueError, match=r"link.num_bits_per_symbol must be 4, as in"):
        check_receiver_fits(card, other, [0.0])
    with pytest.raises(ValueError, match=r"snr_db must be in -5..10, .* got 11"):
        check_receiver_fits(card, config.link, [0.0, 11.0])


def test_a_network_of_another_modulation_is_refused(link):
    with pytest.raises(ValueError, match=r"network must be for link.num_bits_per_sym"):
        NeuralReceiver(link.resource_grid, link.config, ReceiverNetwork(2))


def test_other_folders_are_refused(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"no model at"):
        load_neural_receiver(tmp_path / "none")
    card = json.loads((folder / "card.json").read_text())
    (folder / "model.keras").write_bytes(b"no model")
    with pytest.raises(ValueError, match=r"is not a model that loads"):
        load_neural_receiver(folder)
    (folder / "card.json").write_text(json.dumps(card | {"format": "commgen-model"}))
    with pytest.raises(ValueError, match=r"must hold a neural receiver, with format"):
        load_neural_receiver(folder)
