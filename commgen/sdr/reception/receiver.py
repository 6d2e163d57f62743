"""From a stream of samples to frames."""

from typing import Any

import numpy as np

from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.sdr.reception.chain import FrameChain
from commgen.sdr.reception.received import ReceivedFrame
from commgen.sdr.reception.search import THRESHOLD, Candidate, Search
from commgen.sdr.reception.slots import SlotReceiver
from commgen.sdr.reception.windows import frame_length

_PIECE = 1 << 16  # samples at a time, half a MiB: larger ones leave the cache


class FrameReceiver:
    """Find, tune, estimate and decode the frames of a stream.

    Samples come in pieces of any size, and the frames are the same however the stream
    is cut. All frames of a piece are worked on at once: larger pieces cost less.

    Parameters
    ----------
    frame
        What is sent.
    estimator
        "lmmse", "ls", "slot", a :class:`~commgen.frame.estimator.FrameEstimator` or a
        :class:`~commgen.sdr.reception.slots.SlotReceiver`; may be set between pushes,
        for all frames that are complete from then on.
    threshold
        As of :class:`~commgen.sdr.reception.search.Search`; may be set between pushes.
    max_cfo_hz
        Greatest CFO either way [Hz].

    Raises
    ------
    TypeError, ValueError
        If an argument breaks its rule.

    Examples
    --------
    >>> from commgen.sdr.waveform.payloads import Payloads
    >>> from commgen.sdr.waveform.transmitter import FrameTransmitter
    >>> bits = Payloads(RADIO_FRAME, seed=1).bits([0, 1])
    >>> samples = FrameTransmitter(RADIO_FRAME).samples(bits)
    >>> receiver = FrameReceiver()
    >>> frames = receiver.push(samples.ravel()) + receiver.finish()
    >>> [frame.crc_ok for frame in frames]
    [True, True]
    """

    def __init__(
        self,
        frame: Frame = RADIO_FRAME,
        *,
        estimator: Any = "lmmse",
        threshold: float = THRESHOLD,
        max_cfo_hz: float = 30e3,
    ):
        self.frame = frame
        self._chain = FrameChain(frame, estimator)
        self._search = Search(frame, threshold, max_cfo_hz)
        self._length = frame_length(frame)
        # A candidate is told half a symbol late, and may begin some samples early.
        self._reach = self._length + 2 * frame.symbol_length
        self._restart()

    @property
    def estimator(self) -> SlotReceiver:
        """What receives the slots."""
        return self._chain.estimator

    @estimator.setter
    def estimator(self, value: Any) -> None:
        self._chain.estimator = value

    @property
    def threshold(self) -> float:
        """Least metric of a candidate."""
        return self._search.threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        self._search.threshold = value

    def push(self, samples: np.ndarray) -> list[ReceivedFrame]:
        """Receive what comes next in the stream.

        Parameters
        ----------
        samples : [num], complex64
            Any number of them.

        Returns
        -------
        list of ReceivedFrame
            Those of which the last sample has come, in order.

        Raises
        ------
        ValueError
            If the samples are not one row, or not finite.
        """
        samples = np.asarray(samples, np.complex64)
        if samples.ndim != 1:
            raise ValueError(f"samples must be [num], got {samples.shape}.")
        pieces = range(0, len(samples), _PIECE)
        return [f for i in pieces for f in self._push(samples[i : i + _PIECE])]

    def finish(self) -> list[ReceivedFrame]:
        """End the stream, and return the frame that only lacked its last few samples.

        The next push begins a new stream, of which the first sample is number 0.
        """
        missing = np.zeros(self.frame.cyclic_prefix_length, np.complex64)
        frames = self._push(missing)
        self._search.reset()
        self._restart()
        return frames

    def _restart(self) -> None:
        # Zeros in front, for candidates that begin before the stream.
        self._kept = np.zeros(self._reach, np.complex64)
        self._first = -self._reach
        self._waiting: list[Candidate] = []

    def _push(self, samples: np.ndarray) -> list[ReceivedFrame]:
        """Receive candidates that are complete, and forget what is behind them."""
        self._waiting += self._search.push(samples)
        self._kept = np.concatenate([self._kept, samples])
        end = self._first + len(self._kept)
        num = sum(c.start + self._length <= end for c in self._waiting)
        ready, self._waiting = self._waiting[:num], self._waiting[num:]
        frames = self._chain.receive(self._kept, self._first, ready)
        first = end - self._reach
        if self._waiting:
            first = min(first, self._waiting[0].start)
        self._kept = self._kept[max(first - self._first, 0) :].copy()
        self._first = end - len(self._kept)
        return frames
