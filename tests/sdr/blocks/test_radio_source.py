"""A recording as a stream: its samples, the time behind its gaps, its faults."""

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

import pmt
from gnuradio import blocks

from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr.blocks.radio_source import radio_source
from commgen.sdr.radios.file import FileRadio
from commgen.sdr.radios.sigmf_writer import SigMFWriter

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]

RATE = 1.92e6


def test_samples_and_gaps_of_a_recording_arrive(tmp_path, complex_normal):
    samples = complex_normal(5000)
    writer = SigMFWriter(tmp_path / "air", RATE, sample_type="cf32_le")
    writer.write(samples[:2000])
    writer.write(samples[2000:], lost=4_000_000)
    writer.close()
    sink = blocks.vector_sink_c()
    flow = Flowgraph()
    flow.connect(radio_source(FileRadio(tmp_path / "air")), sink)
    flow.run()
    np.testing.assert_array_equal(sink.data(), samples)
    told = [(tag.offset, *pmt.to_python(tag.value)) for tag in sink.tags()]
    assert told[0] == (0, 0, 0.0)
    place = 4_002_000
    assert told[1] == (2000, 2, pytest.approx(place / RATE - 2, abs=1e-9))


def test_a_recording_that_is_cut_off_ends_the_flowgraph(tmp_path, complex_normal):
    writer = SigMFWriter(tmp_path / "air", RATE)
    writer.write(complex_normal(5000))
    writer.close()
    data = tmp_path / "air.sigmf-data"
    data.write_bytes(data.read_bytes()[:-400])
    flow = Flowgraph()
    flow.connect(radio_source(FileRadio(data)), blocks.null_sink(8))
    with pytest.raises(ValueError, match="must hold the 5000 samples"):
        flow.run()
