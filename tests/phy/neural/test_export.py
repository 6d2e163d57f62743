"""Receivers for the radio host: their training on a file, and their file."""

import json

import numpy as np
import pytest

from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.slots import FrameSlots
from commgen.exported import ExportedModel
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.received import FrameConditions
from commgen.generative.training import TrainingConfig
from commgen.phy.neural import export
from commgen.phy.neural.export import export_receiver, receiver_contract
from commgen.phy.neural.files import load_neural_receiver
from commgen.phy.neural.frame_training import train_frame_receiver
from commgen.phy.neural.frames import FrameExamples
from commgen.phy.neural.network import ReceiverNetwork

pytest.importorskip("tf2onnx")
pytest.importorskip("onnxruntime")

SHORT = TrainingConfig(num_epochs=2, batch_size=14, learning_rate=1e-3)


@pytest.fixture(scope="module")
def slots():
    h = np.ones((16, *FRAME.grid_shape), np.complex64)
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)
    return FrameSlots(h, meta, "ab" * 32, None, (0.0, 350.0))


@pytest.fixture(scope="module")
def trained(slots, tmp_path_factory):
    folder = tmp_path_factory.mktemp("frames") / "receiver"
    options = {"seed": 3, "width": 2, "training": SHORT, "told": {"made": "here"}}
    network = train_frame_receiver(slots, folder, **options)
    return network, folder, options


def test_the_card_tells_what_the_contract_must(trained):
    network, folder, _ = trained
    loaded, card = load_neural_receiver(folder)
    contract = receiver_contract(loaded, card)
    assert contract.kind == "repaired-receiver"
    assert contract.frame == FRAME.contract()
    assert contract.snr_range_db == FrameConditions().snr_range_db
    assert contract.cfo_range_hz == (-100, 100)
    assert (contract.data_sha256, contract.doppler_range_hz) == ("ab" * 32, (0, 350))
    assert contract.delay_spread_range_s is None
    assert card["made"] == "here"
    assert card["num_parameters"] == network.count_params()
    z = np.ones((1, 14, 72, 10), np.float32)
    np.testing.assert_allclose(loaded(z), network(z), rtol=1e-5)


def test_a_training_that_is_done_is_read_from_its_checkpoint(slots, trained):
    network, folder, options = trained
    again = train_frame_receiver(slots, folder, **options)
    np.testing.assert_array_equal(again.weights[0], network.weights[0])
    with pytest.raises(ValueError, match="checkpoint of another"):
        train_frame_receiver(slots, folder, **{**options, "seed": 4})


def test_too_few_slots_are_refused(slots, tmp_path):
    few = FrameSlots(slots.h[:15], slots.meta, slots.data_sha256, None, None)
    with pytest.raises(ValueError, match="number of slots must be at least 16, got 15"):
        train_frame_receiver(few, tmp_path / "r", seed=1)


def test_examples_have_the_power_of_a_leveled_frame(slots):
    """However weak the channel of the file, it is shown at unit level."""
    calm = FrameConditions(snr_range_db=(39.0, 40.0))
    weak = FrameExamples(1e-3 * slots.h, FRAME, calm)
    z, bits = weak(np.random.default_rng(1), np.arange(16))
    assert z.shape == (16, 14, 72, 10)
    power = np.median(np.sum(z[..., 4:6] ** 2, axis=-1), axis=(1, 2))
    assert np.median(power) == pytest.approx(1, abs=0.05)
    data = z[..., 0] == 1
    assert np.mean((z[..., 8:][data] > 0) == bits[data]) > 0.97
    assert not bits[~data].any()


def test_the_file_gives_what_keras_gives_and_is_the_same_each_time(trained, tmp_path):
    network, folder, _ = trained
    contract = receiver_contract(*load_neural_receiver(folder))
    for name in ("a.onnx", "b.onnx"):
        export_receiver(network, tmp_path / name, contract, made="m")
    assert (tmp_path / "a.onnx").read_bytes() == (tmp_path / "b.onnx").read_bytes()
    z = np.random.default_rng(5).normal(size=(3, 14, 72, 10)).astype(np.float32)
    found = ExportedModel(tmp_path / "a.onnx").run({"z": z})["llr"]
    np.testing.assert_allclose(found, network(z), rtol=1e-4, atol=1e-4)


def test_a_file_that_differs_is_not_written(trained, tmp_path, monkeypatch):
    network, folder, _ = trained
    other = ReceiverNetwork(2, 2)
    other.build((None, 14, 72, 10))
    for weight in other.weights:
        weight.assign(weight + 0.1)
    wrong = export.to_onnx(lambda z: (other(z),), [(None, 14, 72, 10)])
    monkeypatch.setattr(export, "to_onnx", lambda *_: wrong)
    contract = receiver_contract(*load_neural_receiver(folder))
    with pytest.raises(ValueError, match=r"llr of the exported model .* of Keras's"):
        export_receiver(network, tmp_path / "a.onnx", contract)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"frame": None}, "the card of a receiver must tell its frame, it is missing"),
        ({"frame": {"fft_size": 128}}, "frame must be one of a radio host: contract"),
        ({"num_rx_ant": 2}, "frame must be one of a radio host: num_rx_ant must be"),
        ({"num_bits_per_symbol": 4}, "network must be for the 4 bits a symbol .*got 2"),
        ({"features": "best"}, r"features of the card must be of \['ls', .* got best"),
    ],
)
def test_other_cards_are_refused(trained, changes, message):
    network, folder, _ = trained
    card = json.loads((folder / "card.json").read_text())
    fields = {k: v for k, v in changes.items() if k in card["frame"]}
    card["frame"] |= fields
    card |= {k: v for k, v in changes.items() if k not in fields}
    with pytest.raises(ValueError, match=message):
        receiver_contract(network, card)
