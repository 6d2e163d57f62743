"""What a radio of this package receives, such as a recording, as a stream."""

from typing import Any

import numpy as np

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import BUFFER_ITEMS, keeps_errors
from commgen.sdr.radios.base import Radio

gr, pmt = gnuradio("gr"), gnuradio("pmt")


class radio_source(gr.sync_block):
    """Stream what a radio receives; it is opened and closed with the flowgraph.

    Parameters
    ----------
    radio
        Such as a :class:`~commgen.sdr.radios.file.FileRadio`.

    Ports
    -----
    out 0 : complex64
        Samples. A tag ``rx_time`` as UHD's is on the first, whose time is 0, and behind
        each gap.
    """

    def __init__(self, radio: Radio):
        gr.sync_block.__init__(
            self, "radio_source", in_sig=None, out_sig=[np.complex64]
        )
        self.set_min_output_buffer(BUFFER_ITEMS)
        self.error: Exception | None = None
        self.radio = radio
        self._place = 0  # in the stream, gaps counted
        self._opened = False

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Copy what comes next; the end of the radio's stream ends this one."""
        if not self._opened:
            self.radio.open()
            self._opened = True
        samples = self.radio.receive(len(output_items[0]))
        if samples is None:
            return -1
        if samples.lost or not self._place:
            self._place += samples.lost
            self._tell_time()
        count = len(samples.values)
        output_items[0][:count] = samples.values
        self._place += count
        return count

    def stop(self) -> bool:
        """Close the radio."""
        self.radio.close()
        return True

    def _tell_time(self) -> None:
        full, rest = divmod(self._place, round(self.radio.sample_rate_hz))
        time = pmt.make_tuple(
            pmt.from_uint64(full), pmt.from_double(rest / self.radio.sample_rate_hz)
        )
        self.add_item_tag(0, self.nitems_written(0), pmt.intern("rx_time"), time)
