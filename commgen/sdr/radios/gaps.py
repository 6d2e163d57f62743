"""A receiver over a stream with gaps: what is missing is zeros, times stay true."""

from dataclasses import replace
from typing import Any, Protocol

import numpy as np

_ZEROS = (
    1 << 13
)  # samples that stand for a long gap: some frames, to end what was begun


class StreamingReceiver(Protocol):
    """What :class:`commgen.sdr.reception.receiver.FrameReceiver` does.

    Attributes
    ----------
    estimator, threshold
        May be set between two calls.
    """

    estimator: Any
    threshold: Any

    def push(self, samples: np.ndarray) -> list[Any]:
        """Return the frames that are whole by now."""
        ...

    def finish(self) -> list[Any]:
        """Return the frames that are left at the end."""
        ...


class GappedReceiver:
    """Gives a receiver zeros where samples were lost.

    A gap of up to 8,192 samples is as long in zeros, so that what a receiver knows of
    the timing stays true; a longer one is 8,192 zeros, and the ``start`` of the frames
    behind it counts all that is missing.

    Parameters
    ----------
    receiver
        What finds the frames.
    """

    def __init__(self, receiver: StreamingReceiver):
        self.receiver = receiver
        self.num_samples = 0  # of the stream, gaps counted
        self._pushed = 0  # into the receiver
        self._jumps: list[tuple[int, int]] = [(0, 0)]  # from there on, add

    def push(self, samples: np.ndarray, lost: int = 0) -> list[Any]:
        """Return the frames that are whole by now.

        Parameters
        ----------
        samples : [n], complex64
            What came.
        lost
            Samples that are missing before it.
        """
        found = self._lose(lost) if lost else []
        self.num_samples += len(samples)
        self._pushed += len(samples)
        return found + self._placed(self.receiver.push(samples))

    def finish(self) -> list[Any]:
        """Return the frames that are left at the end."""
        return self._placed(self.receiver.finish())

    def _lose(self, lost: int) -> list[Any]:
        zeros = min(lost, _ZEROS)
        found = self._placed(self.receiver.push(np.zeros(zeros, np.complex64)))
        self._pushed += zeros
        self.num_samples += lost
        if lost > zeros:
            self._jumps.append((self._pushed, self.num_samples - self._pushed))
            self._jumps = self._jumps[-64:]
        return found

    def _placed(self, frames: list[Any]) -> list[Any]:
        """Return the frames with their starts in the stream, gaps counted."""
        if self._jumps[-1][1] == 0:
            return frames
        return [replace(frame, start=self._place(frame.start)) for frame in frames]

    def _place(self, start: int) -> int:
        for begin, more in reversed(self._jumps):
            if start >= begin:
                return start + more
        return start + self._jumps[0][1]
