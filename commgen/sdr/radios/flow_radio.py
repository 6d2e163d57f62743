"""A radio whose samples come out of a flowgraph of GNU Radio."""

import queue
from abc import abstractmethod
from dataclasses import replace
from time import monotonic
from typing import Any

import numpy as np

from commgen._checks import check_positive
from commgen.sdr._flowgraph import Flowgraph
from commgen.sdr.radios.base import Radio, Samples

_POLL_S = 0.1


class FlowRadio(Radio):
    """What radios of GNU Radio share: queues, patience, counts.

    Parameters
    ----------
    patience_s
        How long a stream may be silent before :meth:`_restart` is tried, and again
        before it counts as ended.
    """

    def __init__(self, *, patience_s: float):
        self.patience_s = check_positive("patience_s", patience_s)
        self.flow: Flowgraph | None = None
        self._out: Any = None
        self._in: Any = None  # a samples_in
        self._rest: Samples | None = None
        self._received = self._lost = self._overflows = 0
        self._silences = 0
        self._mark = 0, 0, 0  # received, lost, overflows: a second ago or less

    @abstractmethod
    def _build(self, flow: Flowgraph) -> tuple[Any, Any]:
        """Connect the blocks of the radio; return ``samples_out`` and ``samples_in``.

        Either may be None where a radio does not receive, or does not send.
        """

    @abstractmethod
    def _restart(self) -> bool:
        """Try to make a silent stream speak; False where it has ended."""

    def open(self) -> None:
        """Build the flowgraph and start it; else as :class:`Radio`."""
        self.flow = Flowgraph(self.name)
        self._out, self._in = self._build(self.flow)
        self.flow.start()

    def receive(self, num_samples: int) -> Samples | None:
        """Wait for samples; else as :class:`Radio`."""
        samples = self._rest or self._wait()
        if samples is None:
            return None
        values = samples.values[:num_samples]
        rest = samples.values[num_samples:]
        self._rest = Samples(rest) if len(rest) else None
        self._received += len(values)
        self._lost += samples.lost
        self._overflows += samples.lost > 0
        if samples.lost:
            self._check_storm()
        return replace(samples, values=values)

    def send(self, samples: np.ndarray) -> None:
        """Queue samples, once there is room; else as :class:`Radio`."""
        if self._in is None:
            super().send(samples)
        else:
            self._in.put(samples)

    def close(self) -> None:
        """Stop the flowgraph; a second time does nothing."""
        flow, self.flow = self.flow, None
        if flow is not None:
            for block in (self._out, self._in):
                if block is not None:
                    block.ended.set()  # or it would wait for its queue for ever
            flow.end()

    def facts(self) -> dict[str, Any]:
        """As :class:`Radio`; ``silences`` counts how often the stream fell silent."""
        return {
            "samples_received": self._received,
            "samples_lost": self._lost,
            "overflows": self._overflows,
            "underruns": 0,
            "silences": self._silences,
        }

    def _check_storm(self) -> None:
        """Raise when more is lost than received, over a second of the stream."""
        received, lost, overflows = self._mark
        got, missed = self._received - received, self._lost - lost
        if got + missed < self.sample_rate_hz:
            return
        if missed > got:
            raise OSError(
                f"the radio {self.name} overflows: "
                f"{self._overflows - overflows} times, {missed} of "
                f"{got + missed} samples were lost; a lower rate, or a machine "
                "with nothing else to do, may help."
            )
        self._mark = self._received, self._lost, self._overflows

    def _wait(self) -> Samples | None:
        """Return the next stretch; restart a silent stream before giving it up."""
        until = monotonic() + self.patience_s
        while True:
            try:
                return self._out.stretches.get(timeout=_POLL_S)
            except queue.Empty:
                if self.flow is None:
                    return None
                self.flow.check()
                if self._out.ended.is_set() and self._out.stretches.empty():
                    return None
            if monotonic() > until:
                self._silences += 1
                if not self._restart():
                    return None
                until = monotonic() + self.patience_s
