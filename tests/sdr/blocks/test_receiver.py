"""Frames leave the receiver whole, with what is known of them; nothing is lost."""

import time

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

import pmt
from gnuradio import blocks, gr

from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr.blocks.ofdm_frame_receiver import ofdm_frame_receiver

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]

RATE = 1.92e6


class pdus(gr.basic_block):
    """Keeps the messages that come."""

    def __init__(self):
        gr.basic_block.__init__(self, "pdus", in_sig=None, out_sig=None)
        self.got = []
        self.message_port_register_in(pmt.intern("in"))
        self.set_msg_handler(pmt.intern("in"), self.take)

    def take(self, message):
        self.got.append(message)


def rx_time(offset, full, part):
    tag = gr.tag_t()
    tag.offset, tag.key = offset, pmt.intern("rx_time")
    tag.value = pmt.make_tuple(pmt.from_uint64(full), pmt.from_double(part))
    return tag


def run(block, samples, tags=()):
    source = blocks.vector_source_c(samples.tolist(), False, 1, list(tags))
    sink, messages = blocks.vector_sink_c(), pdus()
    flow = Flowgraph()
    flow.connect(source, block, sink)
    flow.connect_messages(block, "frames", messages, "in")
    flow.run()
    for _ in range(200):  # messages have a queue of their own
        time.sleep(0.01)
        if len(messages.got) >= len(samples) // 100:
            break
    return sink, [pmt.to_python(pmt.car(message)) for message in messages.got], messages


def test_a_frame_is_a_pdu_that_says_its_cfo(receiver, marked):
    """gr-ieee802-11#352: there, the CFO is not in the metadata."""
    seen = []
    block = ofdm_frame_receiver(receiver, on_frames=seen.extend)
    samples = marked(30)
    sink, told, messages = run(block, samples)
    np.testing.assert_array_equal(sink.data(), samples)
    assert [frame.start for frame in seen] == list(range(0, 3000, 100))
    assert [one["start"] for one in told] == list(range(0, 3000, 100))
    assert told[3] == {
        "crc_ok": True,
        "estimator": "lmmse",
        "start": 300,
        "snr_db": 12.5,
        "cfo_hz": -321.0,
        "delay_s": 1e-6,
        "evm_db": -13.0,
    }
    assert list(pmt.u8vector_elements(pmt.cdr(messages.got[0]))) == [0xAA, 0xAA]


def test_tags_pass_and_times_count_what_is_lost(receiver, marked):
    """uhd#430: overflows that nobody reports."""
    block = ofdm_frame_receiver(receiver, sample_rate_hz=RATE)
    gap = 10_000
    tags = [rx_time(0, 100, 0.5), rx_time(1000, 100, 0.5 + (1000 + gap) / RATE)]
    sink, told, _ = run(block, marked(20), tags)
    assert (block.samples_lost, block.overflows) == (gap, 1)
    places = [*range(0, 1000, 100), *range(1000 + gap, 2000 + gap, 100)]
    assert [one["start"] for one in told] == places
    full, part = told[12]["rx_time"]
    assert full == 100
    assert part == pytest.approx(0.5 + (1200 + gap) / RATE, abs=1e-9)
    assert [tag.offset for tag in sink.tags()] == [0, 1000]


class slow_source(gr.sync_block):
    """Gives 1,000 samples a call, and tells when ``at`` of them are out."""

    def __init__(self, samples, at, tell):
        gr.sync_block.__init__(self, "slow_source", None, [np.complex64])
        self.samples, self.at, self.tell = samples, at, tell

    def work(self, input_items, output_items):
        done = self.nitems_written(0)
        if done >= len(self.samples):
            return -1
        if done == self.at:
            self.tell()
        part = self.samples[done : done + 1000]
        output_items[0][: len(part)] = part
        return len(part)


def test_estimator_and_threshold_change_without_losing_a_sample(receiver, marked):
    block = ofdm_frame_receiver(receiver, estimators=lambda name: f"the {name}")
    seen = []
    block._on_frames = seen.extend

    def tell():
        until = time.monotonic() + 10
        while len(seen) < 40 and time.monotonic() < until:
            time.sleep(0.01)
        command = pmt.to_pmt({"estimator": "slot", "threshold": 0.25})
        block.to_basic_block()._post(pmt.intern("command"), command)
        while receiver.threshold == 0.5 and time.monotonic() < until:
            time.sleep(0.01)

    flow = Flowgraph()
    flow.connect(slow_source(marked(100), 5000, tell), block, blocks.null_sink(8))
    flow.run()
    assert [frame.start for frame in seen] == list(range(0, 10_000, 100))
    assert receiver.threshold == 0.25
    estimators = [frame.estimator for frame in seen]
    assert set(estimators) == {"lmmse", "the slot"}
    assert estimators == sorted(estimators)  # one change, and no way back


def test_frequency_and_gain_go_on_to_the_radio(receiver):
    block, radio = ofdm_frame_receiver(receiver), pdus()
    flow = Flowgraph()
    flow.connect(blocks.null_source(8), block, blocks.null_sink(8))
    flow.connect_messages(block, "radio", radio, "in")
    flow.start()
    command = pmt.to_pmt({"freq": 1.86e9, "gain": 30.0})
    block.to_basic_block()._post(pmt.intern("command"), command)
    for _ in range(200):
        time.sleep(0.01)
        if len(radio.got) == 2:
            break
    flow.end()
    told = {
        name: value for got in radio.got for name, value in pmt.to_python(got).items()
    }
    assert told == {"freq": 1.86e9, "gain": 30.0}


def test_a_wrong_command_is_logged_and_changes_nothing(receiver):
    def estimators(name):
        raise ValueError(f"no model at {name}.")

    block = ofdm_frame_receiver(receiver, estimators=estimators)
    block.handle_command(pmt.to_pmt({"estimator": "none.onnx"}))
    assert "no model at none.onnx" in str(block.refused)
    block.handle_command(pmt.to_pmt({"colour": "red"}))
    assert "must be estimator, threshold, freq or gain" in str(block.refused)
    assert (receiver.estimator, receiver.threshold) == ("lmmse", 0.5)


def test_an_error_at_the_end_is_raised(receiver, marked):
    def finish():
        raise ValueError("nothing left.")

    receiver.finish = finish
    with pytest.raises(ValueError, match="nothing left"):
        run(ofdm_frame_receiver(receiver), marked(3))
