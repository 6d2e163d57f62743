"""Windows, decoding, and the chain that is told where frames are."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.frame.frame import RADIO_FRAME
from commgen.sdr.reception.chain import FrameChain
from commgen.sdr.reception.decoding import decode_slots, error_vector_db
from commgen.sdr.reception.search import Candidate
from commgen.sdr.reception.windows import frame_length, received_grids
from commgen.sdr.waveform.code import transport_block
from commgen.sdr.waveform.preamble import preamble_symbol
from commgen.sdr.waveform.transmitter import FrameTransmitter

CFO_HZ = np.array([0.0, 9876.5, -23_456.7])


@pytest.fixture(scope="module")
def sent():
    transmit = FrameTransmitter(RADIO_FRAME)
    rng = np.random.default_rng(8)
    bits = rng.integers(0, 2, (3, transmit.k), dtype=np.uint8)
    return bits, transmit.grid(bits), transmit.samples(bits)


def turned(samples):
    n = np.arange(samples.shape[1])
    return samples * np.exp(2j * np.pi / 1.92e6 * np.outer(CFO_HZ, n))


def test_grids_are_what_was_sent_whatever_the_offsets(sent):
    _, grid, samples = sent
    stream = np.r_[np.zeros(50), turned(samples).ravel()].astype(np.complex64)
    # Windows that begin four samples early, within the cyclic prefix.
    starts = 50 - 4 + 2183 * np.arange(3)
    late = np.full(3, 4.0)
    found = received_grids(RADIO_FRAME, stream, starts, CFO_HZ, late)
    # A CFO also turns all of a frame by what it did before the windows begin.
    turn = grid[:, :1, :1] / found[:, 1:2, :1]
    np.testing.assert_allclose(found[:, 1:] * turn, grid, atol=5e-3)
    preamble = preamble_symbol(RADIO_FRAME)[RADIO_FRAME.subcarrier_index]
    np.testing.assert_allclose(
        np.abs(found[:, 0]), np.abs(np.tile(preamble, (3, 1))), atol=5e-3
    )
    assert frame_length(RADIO_FRAME) == 15 * 137


def test_frames_are_decoded_where_they_are_said_to_be(sent):
    bits, _, samples = sent
    noise = complex_normal(np.random.default_rng(1), samples.shape)
    stream = (turned(samples) + 0.2 * noise).ravel().astype(np.complex64)
    told = [Candidate(1000 + 2183 * i, f, 1.0, 0.0, 0.0) for i, f in enumerate(CFO_HZ)]
    frames = FrameChain(RADIO_FRAME, tune=False).receive(stream, 1000, told)
    np.testing.assert_array_equal([f.bits for f in frames], bits)
    np.testing.assert_array_equal([f.cfo_hz for f in frames], CFO_HZ)
    assert [f.start for f in frames] == [1000, 3183, 5366]
    assert FrameChain(RADIO_FRAME).receive(stream, 1000, []) == []


def test_decisions_and_errors_before_the_decoder_are_counted():
    block = transport_block(RADIO_FRAME)
    bits = np.random.default_rng(2).integers(0, 2, (3, block.tbs), dtype=np.uint8)
    coded = block.encode(bits)
    llr = 8 * (2.0 * coded - 1).astype(np.float32)
    llr[1, 5:45] *= -0.5  # 40 wrong decisions that the code puts right
    llr[2] *= np.random.default_rng(3).choice([-1, 1], 1728)
    decoded = decode_slots(RADIO_FRAME, llr)
    assert decoded.accepted.tolist() == [True, True, False]
    np.testing.assert_array_equal(decoded.num_coded_errors, [0, 40, 0])
    np.testing.assert_array_equal(decoded.coded_bits[:2], coded[:2])
    np.testing.assert_array_equal(decoded.coded_bits[2], llr[2] > 0)
    np.testing.assert_array_equal(decoded.bits[:2], bits[:2])


def test_error_vectors_are_those_of_the_formula(sent, rng):
    bits, grid, _ = sent
    h = complex_normal(rng, grid.shape)
    y = (h * grid + 0.1 * complex_normal(rng, grid.shape)).astype(np.complex64)
    coded = transport_block(RADIO_FRAME).encode(bits)
    data = ~RADIO_FRAME.pilot_mask
    error = np.sum(np.abs(y - h * grid)[:, data] ** 2, axis=1)
    expected = 10 * np.log10(error / np.sum(np.abs(h * grid)[:, data] ** 2, axis=1))
    found = error_vector_db(RADIO_FRAME, y, h, coded)
    np.testing.assert_allclose(found, expected, atol=1e-3)
