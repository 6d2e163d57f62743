"""What drives a run: a plain loop over a radio, or a flowgraph of GNU Radio."""

import queue
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.sdr.radios.base import Radio, Samples
from commgen.sdr.radios.gaps import GappedReceiver, StreamingReceiver

#: Samples in one go, 34 ms at 1.92 Msample/s: larger ones cost less a sample.
CHUNK = 1 << 16
_POLL_S = 0.1


@dataclass(frozen=True)
class Batch:
    """What came out of a stretch of the stream.

    Attributes
    ----------
    frames
        Received frames.
    num_samples
        Of the stream so far, gaps counted.
    """

    frames: list[Any]
    num_samples: int


class Engine(ABC):
    """Yields what is received, batch by batch, until the stream ends.

    Attributes
    ----------
    through
        What the samples go through: "loop" or "GNU Radio".
    """

    through: str

    @abstractmethod
    def batches(self) -> Iterator[Batch]:
        """Run; leaving the iteration early ends the stream."""

    @abstractmethod
    def num_sent(self) -> int | None:
        """Return how many frames were sent, None where nobody here knows."""

    @abstractmethod
    def facts(self) -> dict[str, Any]:
        """Return what the radio says of the run, as :meth:`Radio.facts`."""


class LoopEngine(Engine):
    """Takes samples from a radio and gives them to a receiver; needs no GNU Radio.

    Parameters
    ----------
    radio, receiver
        Source and sink of the samples.
    most_samples
        After which the stream is ended; None for no end.

    Attributes
    ----------
    on_samples
        Called with each stretch of samples before it is received.
    """

    through = "loop"

    def __init__(
        self,
        radio: Radio,
        receiver: StreamingReceiver,
        *,
        most_samples: int | None = None,
    ):
        self.radio = radio
        self._receiver = GappedReceiver(receiver)
        self._most = most_samples
        self.on_samples: Callable[[Samples], None] | None = None

    def batches(self) -> Iterator[Batch]:
        """As :class:`Engine`."""
        gapped = self._receiver
        with self.radio:
            while self._most is None or gapped.num_samples < self._most:
                samples = self.radio.receive(CHUNK)
                if samples is None:
                    break
                if self.on_samples is not None:
                    self.on_samples(samples)
                frames = gapped.push(samples.values, samples.lost)
                yield Batch(frames, gapped.num_samples)
            yield Batch(gapped.finish(), gapped.num_samples)

    def num_sent(self) -> int | None:
        """As :class:`Engine`: simulated air alone knows."""
        return getattr(self.radio, "num_sent", None)

    def facts(self) -> dict[str, Any]:
        """As :class:`Engine`."""
        return self.radio.facts()


class FlowEngine(Engine):
    """Frame source, simulated air and receiver as blocks of one flowgraph.

    Parameters
    ----------
    frames
        Function from the numbers of frames to their samples.
    air, receiver
        What is behind.
    num_frames
        How many are sent.
    sample_rate_hz
        Of the samples.
    paced
        Whether they come no faster than in real time.
    """

    through = "GNU Radio"

    def __init__(
        self,
        frames: Callable[[np.ndarray], np.ndarray],
        air: Any,
        receiver: StreamingReceiver,
        num_frames: int,
        sample_rate_hz: float,
        *,
        paced: bool = False,
    ):
        from commgen.sdr._flowgraph import Flowgraph
        from commgen.sdr._gnuradio import gnuradio

        blocks = gnuradio("blocks")
        self._flow = Flowgraph()
        from commgen.sdr.blocks.ofdm_frame_receiver import ofdm_frame_receiver
        from commgen.sdr.blocks.ofdm_frame_source import ofdm_frame_source
        from commgen.sdr.blocks.simulated_air import simulated_air

        self._queue: queue.Queue[list[Any]] = queue.Queue()
        self._rate = sample_rate_hz
        pace = sample_rate_hz if paced else None
        self._source = ofdm_frame_source(frames, num_frames, pace_hz=pace)
        self._receiver = ofdm_frame_receiver(
            receiver, sample_rate_hz=sample_rate_hz, on_frames=self._queue.put
        )
        end = blocks.null_sink(8)
        self._flow.connect(self._source, simulated_air(air), self._receiver, end)

    def batches(self) -> Iterator[Batch]:
        """As :class:`Engine`."""
        self._flow.start()
        try:
            while not (self._receiver.ended.is_set() and self._queue.empty()):
                yield Batch(self._waiting(), self._receiver.num_samples)
        finally:
            self._flow.end()

    def _waiting(self) -> list[Any]:
        """Return all frames that wait; wait a moment where there is none."""
        frames: list[Any] = []
        try:
            frames += self._queue.get(timeout=_POLL_S)
            while True:
                frames += self._queue.get_nowait()
        except queue.Empty:
            return frames

    def num_sent(self) -> int | None:
        """As :class:`Engine`."""
        return self._source.num_sent

    def facts(self) -> dict[str, Any]:
        """As :class:`Engine`."""
        received = self._receiver.num_samples - self._receiver.samples_lost
        return {
            "samples_received": received,
            "samples_lost": self._receiver.samples_lost,
            "overflows": self._receiver.overflows,
            "underruns": 0,
            "sample_rate_hz": self._rate,
        }
