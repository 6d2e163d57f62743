"""Frames without end, or a number of them, as samples."""

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.sdr._gnuradio import gnuradio
from commgen.sdr._kept import BUFFER_ITEMS, keeps_errors
from commgen.sdr.radios.sim import wait_until

gr, pmt = gnuradio("gr"), gnuradio("pmt")

_BATCH = 32  # frames that are coded together


class ofdm_frame_source(gr.sync_block):
    """Send frames 0, 1, 2 and so on, one behind the other.

    Parameters
    ----------
    frames
        Function from the numbers of frames, [n], int, to their samples,
        [n, frame_length], complex64.
    num_frames
        How many; 0 means without end.
    pace_hz
        Samples a second that leave at most; None for as fast as they are taken.

    Attributes
    ----------
    num_sent : int
        Frames whose last sample has left the block.

    Ports
    -----
    out 0 : complex64
        Samples of unit mean power while a frame is on the air; the tag ``frame``, with
        its number, is on the first of each.
    """

    def __init__(
        self,
        frames: Callable[[np.ndarray], np.ndarray],
        num_frames: int = 0,
        *,
        pace_hz: float | None = None,
    ):
        gr.sync_block.__init__(
            self, "ofdm_frame_source", in_sig=None, out_sig=[np.complex64]
        )
        self.set_min_output_buffer(BUFFER_ITEMS)
        self.num_frames = check_int("num_frames", num_frames, low=0)
        self.error: Exception | None = None
        self.num_sent = 0
        self._pace_hz = pace_hz
        self._begun: float | None = None
        self._frames = frames
        self._made = 0  # frames whose samples were asked for
        self._rest = np.empty(0, np.complex64)
        self._length = 0  # samples of a frame, once one was made
        self._key = pmt.intern("frame")

    @keeps_errors
    def work(self, input_items: Any, output_items: Any) -> int:
        """Copy what fits of the batch, and make the next when it is used up."""
        if not len(self._rest):
            self._rest = self._batch()
        count = min(len(output_items[0]), len(self._rest))
        if not count:
            return -1
        self._wait()
        output_items[0][:count] = self._rest[:count]
        self._rest = self._rest[count:]
        self._tag(count)
        return count

    def _wait(self) -> None:
        """Let the first samples go at once, the others when their time has come."""
        if self._pace_hz is not None:
            self._begun = self._begun or time.monotonic()
            wait_until(self._begun + self.nitems_written(0) / self._pace_hz)

    def _batch(self) -> np.ndarray:
        end = self._made + _BATCH
        if self.num_frames:
            end = min(end, self.num_frames)
        if end == self._made:
            return self._rest
        samples = self._frames(np.arange(self._made, end))
        self._made, self._length = end, samples.shape[1]
        return samples.reshape(-1)

    def _tag(self, count: int) -> None:
        first = self.nitems_written(0)
        for number in range(
            -(-first // self._length), -(-(first + count) // self._length)
        ):
            self.add_item_tag(
                0, number * self._length, self._key, pmt.from_uint64(number)
            )
        self.num_sent = (first + count) // self._length
