"""Between a flowgraph's stream and a queue of arrays, in either direction."""

import contextlib
import queue
import threading
from dataclasses import replace
from typing import Any

import numpy as np

from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import BUFFER_ITEMS, keeps_errors
from commgen.sdr.radios.base import Samples
from commgen.sdr.radios.rx_time import ReceptionTimes

gr, pmt = gnuradio("gr"), gnuradio("pmt")

_POLL_S = 0.05  # how late a block sees that the flowgraph ends
_RX_TIME = pmt.intern("rx_time")


class samples_out(gr.sync_block):
    """Hand a stream out as stretches without a gap.

    When nobody takes them it holds up the flowgraph, whose source then overflows.

    Parameters
    ----------
    sample_rate_hz
        Turns times into counts.
    most
        Stretches that may wait.

    Ports
    -----
    in 0 : complex64
        Samples; a late ``rx_time`` means that some are missing.
    """

    def __init__(self, sample_rate_hz: float, most: int = 16):
        gr.sync_block.__init__(self, "samples_out", in_sig=[np.complex64], out_sig=None)
        self.error: Exception | None = None
        self.stretches: queue.Queue[Samples] = queue.Queue(most)
        self.ended = threading.Event()
        self._times = ReceptionTimes(sample_rate_hz)

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Queue what came, cut where samples are missing."""
        samples = input_items[0]
        first, begin, lost, time = self.nitems_read(0), 0, 0, None
        for tag in self.get_tags_in_window(0, 0, len(samples), _RX_TIME):
            place = tag.offset - first
            full = pmt.to_uint64(pmt.tuple_ref(tag.value, 0))
            part = pmt.to_double(pmt.tuple_ref(tag.value, 1))
            missing = self._times.lost(tag.offset, full, part)
            self._put(Samples(samples[begin:place], lost, time))
            lost = missing if place > begin else lost + missing
            begin, time = place, (full, part)
        self._put(Samples(samples[begin:], lost, time))
        return len(samples)

    def _put(self, samples: Samples) -> None:
        stretch = replace(samples, values=samples.values.copy())
        waiting = len(samples.values) > 0
        while waiting and not self.ended.is_set():
            with contextlib.suppress(queue.Full):
                self.stretches.put(stretch, timeout=_POLL_S)
                waiting = False

    def stop(self) -> bool:
        """Let a waiting ``work`` go."""
        self.ended.set()
        return True


class samples_in(gr.sync_block):
    """Bring arrays into a stream; ``finish`` ends it when they are used up.

    Parameters
    ----------
    most
        Arrays that may wait.

    Ports
    -----
    out 0 : complex64
        The arrays, one behind the other.
    """

    def __init__(self, most: int = 4):
        gr.sync_block.__init__(self, "samples_in", in_sig=None, out_sig=[np.complex64])
        self.set_min_output_buffer(BUFFER_ITEMS)
        self.error: Exception | None = None
        self.ended = threading.Event()
        self._arrays: queue.Queue[np.ndarray | None] = queue.Queue(most)
        self._rest = np.empty(0, np.complex64)

    def put(self, samples: np.ndarray) -> None:
        """Wait for room and queue samples [n]; OSError once the flowgraph has ended."""
        self._queue(samples)

    def finish(self) -> None:
        """End the stream behind what is queued."""
        self._queue(None)

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Copy what fits of the next array; wait a moment where there is none."""
        out = output_items[0]
        if not len(self._rest):
            try:
                array = self._arrays.get(timeout=_POLL_S)
            except queue.Empty:
                return 0
            if array is None:
                return -1
            self._rest = np.asarray(array, np.complex64)
        count = min(len(out), len(self._rest))
        out[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def stop(self) -> bool:
        """Let a waiting ``put`` go."""
        self.ended.set()
        return True

    def _queue(self, array: np.ndarray | None) -> None:
        while not self.ended.is_set():
            with contextlib.suppress(queue.Full):
                self._arrays.put(array, timeout=_POLL_S)
                return
        raise OSError("the radio has ended and sends no more.")
