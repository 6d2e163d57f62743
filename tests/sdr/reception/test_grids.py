"""Estimators from files receive any points on their own grid."""

from dataclasses import replace

import numpy as np
import pytest

from commgen.exported.contract import ExportedContract
from commgen.exported.tensor import TensorSpec
from commgen.frame.constellation import Constellation
from commgen.frame.frame import RADIO_FRAME
from commgen.frame.slot_files import save_grid_mixture
from commgen.sdr.reception.named import estimator_named
from commgen.sdr.reception.tdl_slot import tdl_mixture
from commgen.sdr.waveform.code import transport_block
from commgen.sdr.waveform.transmitter import FrameTransmitter


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("slot") / "slot.npz"
    y, h_hat = (TensorSpec(n, (None, 14, 72, 2), "float32", n) for n in ("y", "h"))
    contract = ExportedContract(
        "slot", (y,), (h_hat,), snr_range_db=(0, 30), frame=RADIO_FRAME.contract()
    )
    save_grid_mixture(tdl_mixture(RADIO_FRAME), path, contract=contract)
    return path


@pytest.mark.parametrize("points", [None, Constellation.of(1j * np.arange(1, 9))])
def test_points_are_no_concern_of_a_mixture_over_slots(file, points):
    num_bits = 6 if points is None else 3
    frame = replace(RADIO_FRAME, num_bits_per_symbol=num_bits, constellation=points)
    receiver = estimator_named(str(file), frame)
    transmit = FrameTransmitter(frame)
    bits = np.random.default_rng(0).integers(2, size=(2, transmit.k), dtype=np.uint8)
    no = np.full(2, 1e-3, np.float32)
    found = receiver.receive(transmit.grid(bits), no, None)
    np.testing.assert_array_equal(found.llr > 0, transport_block(frame).encode(bits))


def test_another_grid_is_refused(file):
    other = replace(RADIO_FRAME, pilot_ofdm_symbol_indices=(3, 11))
    with pytest.raises(ValueError, match=r"slot.npz is for another frame: frame.pilot"):
        estimator_named(str(file), other)
