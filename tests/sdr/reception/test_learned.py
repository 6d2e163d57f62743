"""Exported models as receivers: LLRs, the door, the fall-back."""

import numpy as np
import pytest

from commgen.exported import ExportedContract, TensorSpec
from commgen.exported.writing import save_exported
from commgen.frame.bursts import Bursts
from commgen.frame.constellation import Constellation
from commgen.frame.frame import RADIO_FRAME as FRAME, Frame
from commgen.frame.received import FrameConditions, at_unit_level, receive_grids
from commgen.sdr.reception.blanking import Blanking
from commgen.sdr.reception.comparison import compare_receivers
from commgen.sdr.reception.learned import ModelReceiver
from commgen.sdr.reception.slots import as_slot_receiver
from commgen.sdr.waveform.code import transport_block

onnx = pytest.importorskip("onnx")
pytest.importorskip("onnxruntime")

H = np.ones((12, *FRAME.grid_shape), np.complex64)
QUIET = FrameConditions(bursts=Bursts(probability=0.0), max_cfo_hz=20.0)


def write(
    path, kind="repaired-receiver", *, factor=1.0, frame=FRAME, z=10, snr=(-5, 25)
):
    """A receiver that multiplies plain LLRs, or a prior that multiplies pilots."""
    node, info = onnx.helper.make_node, onnx.helper.make_tensor_value_info
    array = onnx.numpy_helper.from_array
    FLOAT = onnx.TensorProto.FLOAT
    weights = [array(np.array(factor, "f"), "factor")]
    if kind == "prior":
        inputs = [("y", (None, 2, 72, 2)), ("no", (None,))]
        outputs = [("h_hat", (None, 2, 72, 2)), ("err_var", (None, 2, 72))]
        weights += [array(np.array([1, 2], "i8"), "axes")]
        weights += [array(np.zeros((1, 2, 72), "f"), "none")]
        nodes = [
            node("Mul", ["y", "factor"], ["h_hat"]),
            node("Unsqueeze", ["no", "axes"], ["level"]),
            node("Add", ["level", "none"], ["err_var"]),
        ]
    else:
        inputs, outputs = [("z", (None, 14, 72, z))], [("llr", (None, 14, 72, 2))]
        weights += [array(np.array([n], "i8"), f"at{n}") for n in (z - 2, z, 3)]
        nodes = [
            node("Slice", ["z", f"at{z - 2}", f"at{z}", "at3"], ["plain"]),
            node("Mul", ["plain", "factor"], ["llr"]),
        ]
    values = [
        [info(name, FLOAT, ["n", *shape[1:]]) for name, shape in tensors]
        for tensors in (inputs, outputs)
    ]
    proto = onnx.helper.make_model(
        onnx.helper.make_graph(nodes, "g", *values, weights),
        opset_imports=[onnx.helper.make_opsetid("", 15)],
        ir_version=8,
    )
    specs = (
        tuple(TensorSpec(name, shape, "float32", name) for name, shape in tensors)
        for tensors in (inputs, outputs)
    )
    contract = ExportedContract(kind, *specs, snr_range_db=snr, frame=frame.contract())
    save_exported(path, proto, contract)
    return path


@pytest.fixture
def slots():
    """Frames at 9 dB with a code that decodes them."""
    block = transport_block(FRAME)
    rng = np.random.default_rng(1)
    bits = rng.integers(0, 2, (len(H), block.tbs), np.uint8)
    coded = block.encode(bits)
    seen = receive_grids(H, FRAME, QUIET, rng, bits=coded, snr_db=9.0)
    return at_unit_level(seen, FRAME)


def test_llrs_of_a_network_are_those_of_its_features(tmp_path, slots):
    plain = as_slot_receiver("lmmse", FRAME).receive(slots.y, slots.no)
    receiver = ModelReceiver(write(tmp_path / "half.onnx", factor=0.5))
    found = receiver.receive(slots.y, slots.no)
    assert found.names == ("half",) * len(H)
    # Of frames in which noise looked like a burst somewhere, pilots were repaired.
    same = np.isclose(found.llr, np.clip(plain.llr, -20, 20) / 2, rtol=1e-3, atol=1e-3)
    assert same.all(axis=1).mean() >= 0.5
    assert as_slot_receiver(receiver, FRAME) is receiver


def test_a_prior_that_believes_its_pilots_is_least_squares(tmp_path, slots):
    receiver = ModelReceiver(write(tmp_path / "ls.onnx", "prior"), fall_back=False)
    found = receiver.receive(slots.y, slots.no)
    plain = as_slot_receiver("ls", FRAME).receive(slots.y, slots.no)
    np.testing.assert_allclose(found.h_hat, plain.h_hat, atol=1e-5)
    np.testing.assert_allclose(found.llr, plain.llr, rtol=1e-3, atol=1e-3)


def test_lmmse_takes_what_only_it_decodes(tmp_path, slots):
    """A model that inverts all bits decodes nothing."""
    path = write(tmp_path / "wrong.onnx", factor=-1.0)
    plain = as_slot_receiver("lmmse", FRAME).receive(slots.y, slots.no)
    found = ModelReceiver(path).receive(slots.y, slots.no)
    assert found.names == ("lmmse",) * len(H)
    np.testing.assert_allclose(found.llr, plain.llr, rtol=1e-4, atol=1e-4)
    alone = ModelReceiver(path, fall_back=False).receive(slots.y, slots.no)
    assert alone.names == ("wrong",) * len(H)
    assert np.mean((alone.llr > 0) == (plain.llr > 0)) < 0.01


def test_lmmse_takes_what_is_outside_of_the_contract(tmp_path, slots):
    path = write(tmp_path / "m.onnx", snr=(5, 25))
    no = np.where(np.arange(len(H)) < 3, 1.0, 0.1).astype(np.float32)
    found = ModelReceiver(path).receive(slots.y, no)
    assert found.names == ("lmmse",) * 3 + ("m",) * (len(H) - 3)


def test_no_slots_are_no_slots(tmp_path, slots):
    receiver = ModelReceiver(write(tmp_path / "m.onnx"))
    found = receiver.receive(slots.y[:0], slots.no[:0])
    assert (found.names, found.llr.shape) == ((), (0, 1728))


def test_models_of_others_are_refused_at_the_door(tmp_path):
    other = Frame(pilot_ofdm_symbol_indices=(3, 11))
    path = write(tmp_path / "m.onnx", frame=other)
    with pytest.raises(
        ValueError, match=r"m.onnx is for another frame: frame.pilot_ofdm_.*\[3, 11\]"
    ):
        ModelReceiver(path)
    with pytest.raises(
        ValueError, match=r"m must be of a kind of ls-receiver, .*oracle"
    ):
        ModelReceiver(write(path, "oracle"))
    with pytest.raises(ValueError, match=r"z must be \[batch, 14, 72, 10\], the feat"):
        ModelReceiver(write(path, z=12))
    bare = onnx.load(path)
    del bare.metadata_props[:]
    path.write_bytes(bare.SerializeToString())
    with pytest.raises(ValueError, match=r"m.onnx has no commgen_contract in its"):
        ModelReceiver(path)


def test_blanking_is_lmmse_without_bursts_and_better_with_them():
    receivers = {"lmmse": as_slot_receiver("lmmse", FRAME), "blanking": Blanking(FRAME)}
    h = np.ones((96, *FRAME.grid_shape), np.complex64)
    quiet = compare_receivers(h, receivers, [2.0], QUIET, seed=1)
    assert abs(quiet.bler("blanking")[0] - quiet.bler("lmmse")[0]) < 0.1
    loud = FrameConditions(bursts=Bursts(over="signal"), max_cfo_hz=20.0)
    found = compare_receivers(h, receivers, [6.0], loud, seed=1)
    assert found.bler("blanking")[0] < 0.3 < 0.6 < found.bler("lmmse")[0]


def test_a_comparison_reads_off_what_the_slope_says():
    """LS needs more SNR than LMMSE, and all see the same frames."""
    names = ("lmmse", "ls")
    receivers = {name: as_slot_receiver(name, FRAME) for name in names}
    h = np.ones((48, *FRAME.grid_shape), np.complex64)
    found = compare_receivers(h, receivers, [-1.0, 0.5, 2.0, 3.5, 5.0], QUIET, seed=2)
    gain, low, high = found.gain_db("lmmse", "ls", 0.5)
    assert 0.5 < low <= gain <= high
    assert (np.diff(found.ber["lmmse"]) < 0).all()
    assert set(found.cpu_ms) == set(names)
    assert not found.taken["ls"].any()


def test_a_network_for_qam_is_refused_for_other_points(tmp_path):
    """Its LLRs are those of the points that it learned."""
    path = write(tmp_path / "m.onnx")
    own = Frame(constellation=Constellation.qam(2))
    with pytest.raises(ValueError, match=r"trained for the points .* got QAM"):
        ModelReceiver(path, own)
