"""Which parts of the band are in use."""

from typing import Any

import numpy as np

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import keeps_errors
from commgen.sdr.reception.spectrum import Spectrum, SpectrumMeter

gr, pmt = gnuradio("gr"), gnuradio("pmt")

SPECTRUM = pmt.intern("spectrum")


class spectrum_probe(gr.sync_block):
    """Measure power and occupancy of each bin over the noise floor.

    Parameters
    ----------
    num_bins
        Length of the Fourier transform.
    num_spectra
        Transforms that make one measurement.

    Ports
    -----
    in 0 : complex64
        Samples.
    spectrum : message, out
        A PDU of each measurement: the power of each bin, DC in the middle, in dB of the
        noise floor (float32); in the metadata ``occupancy`` (a float32 vector, shares)
        and ``floor_db`` (noise in a bin, in dB of full scale).
    """

    def __init__(self, num_bins: int = 256, num_spectra: int = 64):
        gr.sync_block.__init__(
            self, "spectrum_probe", in_sig=[np.complex64], out_sig=None
        )
        self.error: Exception | None = None
        self._meter = SpectrumMeter(num_bins, num_spectra)
        self.message_port_register_out(SPECTRUM)

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Push what came, and tell what is measured by now."""
        for spectrum in self._meter.push(input_items[0]):
            self.message_port_pub(SPECTRUM, _pdu(spectrum))
        return len(input_items[0])


def _pdu(spectrum: Spectrum) -> Any:
    occupancy = spectrum.occupancy.astype(np.float32)
    with np.errstate(divide="ignore"):
        floor_db = 10 * np.log10(spectrum.floor)
    metadata = pmt.dict_add(
        pmt.make_dict(),
        pmt.intern("occupancy"),
        pmt.init_f32vector(len(occupancy), occupancy.tolist()),
    )
    floor = pmt.from_double(float(floor_db))
    metadata = pmt.dict_add(metadata, pmt.intern("floor_db"), floor)
    power_db = spectrum.power_db.astype(np.float32)
    return pmt.cons(metadata, pmt.init_f32vector(len(power_db), power_db.tolist()))
