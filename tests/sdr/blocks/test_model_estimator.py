"""Grids through the block give what the estimator gives."""

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

import pmt
from gnuradio import blocks

from commgen.frame.frame import RADIO_FRAME
from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr.blocks.model_estimator import model_estimator
from commgen.sdr.reception.named import estimator_named
from commgen.sdr.reception.slots import as_slot_receiver
from commgen.sdr.waveform.numbered import NumberedFrames

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]

GRID = RADIO_FRAME.pilot_mask.size


def test_llr_and_estimates_are_those_of_the_estimator(complex_normal):
    frames = NumberedFrames(seed=3)
    sent = frames.transmitter.grid(frames.payloads.bits(np.arange(100)))
    y = sent + 0.1 * complex_normal(*sent.shape)
    no = np.full(100, 0.01, np.float32)
    block = model_estimator(RADIO_FRAME, "ls")
    llr, h_hat = blocks.vector_sink_f(1728), blocks.vector_sink_c(GRID)
    flow = Flowgraph()
    flow.connect(blocks.vector_source_c(y.reshape(-1).tolist(), False, GRID), block)
    flow.connect(blocks.vector_source_f(no.tolist()), (block, 1))
    flow.connect(block, llr)
    flow.connect((block, 1), h_hat)
    flow.run()
    expected = as_slot_receiver("ls", RADIO_FRAME).receive(y, no, None)
    np.testing.assert_allclose(
        np.reshape(llr.data(), (100, 1728)), expected.llr, rtol=1e-4, atol=1e-3
    )
    np.testing.assert_allclose(
        np.reshape(h_hat.data(), y.shape), expected.h_hat, atol=1e-5
    )


def test_the_estimator_changes_by_message():
    block = model_estimator(
        RADIO_FRAME, estimators=lambda name: estimator_named(name, RADIO_FRAME)
    )
    assert block.estimator.name == "lmmse"
    block.handle_command(pmt.to_pmt({"estimator": "ls"}))
    assert block.estimator.name == "ls"
    block.handle_command(pmt.to_pmt({"estimator": "none.npz"}))
    assert "none.npz" in str(block.refused)
    block.handle_command(pmt.to_pmt({"colour": "red"}))
    assert "a command must be estimator" in str(block.refused)
    assert block.estimator.name == "ls"


def test_a_model_for_another_frame_is_refused_by_message(tmp_path):
    from commgen.exported.contract import ExportedContract
    from commgen.exported.tensor import TensorSpec
    from commgen.frame.slot_files import save_grid_mixture
    from commgen.frame.slot_mixture import GridMixture

    identity = np.eye(14)[:, :1], np.eye(72)[:, :1]
    mixture = GridMixture.of(
        *identity, [1.0], [np.eye(1)], np.zeros((1, 1), complex), floor=1e-3
    )
    spec = TensorSpec("y", (None, 14, 72, 2), "float32", "a grid")
    out = TensorSpec("h", (None, 14, 72, 2), "float32", "a channel")
    frame = {**RADIO_FRAME.contract(), "cyclic_prefix_length": 12}
    contract = ExportedContract(
        "slot", (spec,), (out,), snr_range_db=(0, 20), frame=frame
    )
    save_grid_mixture(mixture, tmp_path / "other.npz", contract=contract)
    block = model_estimator(
        RADIO_FRAME, estimators=lambda name: estimator_named(name, RADIO_FRAME)
    )
    block.handle_command(pmt.to_pmt({"estimator": str(tmp_path / "other.npz")}))
    assert "is for another frame: frame.cyclic_prefix_length" in str(block.refused)
    assert block.estimator.name == "lmmse"
