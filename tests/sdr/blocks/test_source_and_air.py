"""Frames leave the source in order, and the air gives all it is given."""

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

import pmt
from gnuradio import blocks

from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr.blocks.ofdm_frame_source import ofdm_frame_source
from commgen.sdr.blocks.simulated_air import simulated_air

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]


def frames(numbers):
    """Return frames of 70 samples that hold their number and the place in them."""
    return (numbers[:, None] + 1j * np.arange(70)).astype(np.complex64)


def test_the_source_sends_what_it_is_told_and_tags_it():
    source, sink = ofdm_frame_source(frames, 45), blocks.vector_sink_c()
    flow = Flowgraph()
    flow.connect(source, sink)
    flow.run()
    np.testing.assert_array_equal(sink.data(), frames(np.arange(45)).reshape(-1))
    assert source.num_sent == 45
    tags = [(tag.offset, pmt.to_uint64(tag.value)) for tag in sink.tags()]
    assert sorted(tags) == [(70 * k, k) for k in range(45)]


class Later:
    """Holds back its first 33 samples, as a clock error and a filter do."""

    snr_db, cfo_hz = 10.0, 0.0

    def __init__(self):
        self.rest = np.empty(0, np.complex64)

    def push(self, samples):
        self.rest = np.concatenate([self.rest, samples])
        out, self.rest = self.rest[:-33], self.rest[-33:]
        return 2 * out


def test_the_air_passes_all_it_gets():
    sent = np.arange(300_000).astype(np.complex64)
    air = simulated_air(Later())
    sink = blocks.vector_sink_c()
    flow = Flowgraph()
    flow.connect(blocks.vector_source_c(sent.tolist()), air, sink)
    flow.run()
    np.testing.assert_array_equal(sink.data(), 2 * sent[:-33])


def test_the_air_changes_by_message_and_refuses_nonsense():
    air = simulated_air(Later())
    air.handle_command(pmt.to_pmt({"snr_db": 3.0}))
    assert air.air.snr_db == 3
    air.handle_command(pmt.cons(pmt.intern("snr_db"), pmt.from_double(4)))
    assert air.air.snr_db == 4
    for wrong, message in (
        ({"colour": 3.0}, "must be snr_db or cfo_hz, got 'colour'"),
        (7, "a command must be a dictionary"),
    ):
        air.handle_command(pmt.to_pmt(wrong))
        assert message in str(air.refused)


class Broken:
    def push(self, samples):
        raise ValueError("the air is out.")


def test_an_error_in_work_ends_the_flowgraph_and_is_raised():
    """gnuradio#6723: a raise in work leaves the flowgraph waiting for ever."""
    source, air = ofdm_frame_source(frames), simulated_air(Broken())
    flow = Flowgraph()
    flow.connect(source, air, blocks.null_sink(8))
    with pytest.raises(ValueError, match="the air is out"):
        flow.run()


def test_an_error_in_the_source_is_raised_too():
    def frames(numbers):
        raise OSError("no more frames.")

    flow = Flowgraph()
    flow.connect(ofdm_frame_source(frames), blocks.null_sink(8))
    with pytest.raises(OSError, match="no more frames"):
        flow.run()


def test_an_endless_source_is_ended():
    source = ofdm_frame_source(frames)
    flow = Flowgraph()
    flow.connect(source, blocks.null_sink(8))
    flow.start()
    flow.end()
    flow.end()  # a second time does nothing
