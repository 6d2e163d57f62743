"""The probe tells what the plain functions make of the same samples."""

import numpy as np
import pytest

pytest.importorskip("gnuradio", reason="GNU Radio is not installed: make radio")

import pmt
from gnuradio import blocks

from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr.blocks.spectrum_probe import spectrum_probe
from commgen.sdr.reception.spectrum import bin_powers, spectrum_of

pytestmark = [pytest.mark.gnuradio, pytest.mark.timeout(60)]


def test_measurements_are_those_of_the_function(complex_normal):
    samples = complex_normal(64 * 30)
    probe, store = spectrum_probe(64, 10), blocks.message_debug()
    flow = Flowgraph()
    flow.connect(blocks.vector_source_c(samples.tolist()), probe)
    flow.connect_messages(probe, "spectrum", store, "store")
    flow.run()
    assert store.num_messages() == 3
    expected = spectrum_of(bin_powers(samples[640:1280], 64))
    message = store.get_message(1)
    power_db = pmt.f32vector_elements(pmt.cdr(message))
    np.testing.assert_allclose(power_db, expected.power_db, rtol=1e-5)
    metadata = pmt.to_python(pmt.car(message))
    np.testing.assert_allclose(metadata["occupancy"], expected.occupancy, rtol=1e-6)
    floor = 10 ** (metadata["floor_db"] / 10)
    assert floor == pytest.approx(expected.floor)
