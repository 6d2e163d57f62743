"""What became of each frame that was sent: decoded, failed, or lost."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.sdr.waveform.payloads import Payloads

_REMEMBERED = 1024  # frames that a second detection may still belong to
_TOLERANCE = 1 / 8  # of a frame, by which a start may be off


@dataclass(frozen=True)
class Entry:
    """A frame that was received, and which one it was.

    Attributes
    ----------
    number
        The frame's.
    decoded
        Whether its bits are those that were sent.
    errors, bits
        Wrong bits, of all.
    """

    number: int
    decoded: bool
    errors: int
    bits: int


class Ledger:
    r"""Counts so that sent = decoded + failed + lost.

    A decoded frame tells its number. One that failed has the number that its time says,
    since frames follow each other in equal steps; a detection where no frame can begin
    is a false alarm. Lost is what nobody detected, or what was missing in the stream.

    Parameters
    ----------
    payloads
        What the frames hold.
    frame_length
        Samples from one frame to the next.
    origin
        Sample at which frame 0 begins; None if nobody knows, then the first decoded
        frame says it.
    most
        Frames that are sent at most.

    Attributes
    ----------
    decoded, failed, false_alarms, wrong : int
        Frames; ``wrong`` ones passed the CRC with wrong bits, and are among the failed.
    bit_errors, bits : int
        In frames that were decoded or failed.
    """

    def __init__(
        self,
        payloads: Payloads,
        frame_length: int,
        *,
        origin: int | None,
        most: int = 1 << 32,
    ):
        self._payloads = payloads
        self._length = frame_length
        self._most = most
        self._known = (0, origin) if origin is not None else None
        self._waiting: list[Any] = []  # failed before any was decoded
        self._seen: OrderedDict[int, Entry] = OrderedDict()
        self._first: int | None = None
        self._last = -1
        self.decoded = self.failed = self.false_alarms = self.wrong = 0
        self.bit_errors = self.bits = 0

    def add(self, frames: list[Any]) -> list[list[Entry]]:
        """Count received frames; return what is known by each, mostly that frame."""
        passed = [frame.bits for frame in frames if frame.crc_ok]
        if not passed:
            return [self._add(frame, None, 0) for frame in frames]
        bits = np.stack(passed)
        numbers = iter(self._payloads.number_of(bits).tolist())
        errors = iter(self._payloads.errors(bits).tolist())
        return [
            self._add(frame, next(errors), next(numbers))
            if frame.crc_ok
            else self._add(frame, None, 0)
            for frame in frames
        ]

    def _add(self, frame: Any, errors: int | None, number: int) -> list[Entry]:
        """Count a frame; ``errors`` None where its CRC has failed."""
        if errors == 0:
            self._known = number, frame.start
            entry = Entry(number, True, 0, self._payloads.k)
            waiting, self._waiting = self._waiting, []
            found = [one for old in waiting for one in self._by_time(old)]
            return found + self._count(entry)
        self.wrong += errors is not None
        if self._known is None:
            self._waiting.append(frame)
            return []
        return self._by_time(frame)

    def finish(self) -> list[Entry]:
        """Count what failed while nobody knew when frames begin; the first is 0."""
        if self._waiting:
            self._known = 0, self._waiting[0].start
        waiting, self._waiting = self._waiting, []
        return [one for old in waiting for one in self._by_time(old)]

    def passed(self, num_sent: int | None = None) -> int:
        """Return how many frames were sent.

        ``num_sent`` where it is known; else those from the first received to the last.
        """
        if num_sent is not None:
            return num_sent
        return 0 if self._first is None else self._last - self._first + 1

    def lost(self, num_sent: int | None = None) -> int:
        """Return how many of them were neither decoded nor failed."""
        return self.passed(num_sent) - self.decoded - self.failed

    def _by_time(self, frame: Any) -> list[Entry]:
        number, start = self._known or (0, 0)
        steps = (frame.start - start) / self._length
        number += round(steps)
        if abs(steps - round(steps)) > _TOLERANCE or not 0 <= number < self._most:
            self.false_alarms += 1
            return []
        errors = self._payloads.errors(frame.bits, number)
        return self._count(Entry(number, False, errors, self._payloads.k))

    def _count(self, entry: Entry) -> list[Entry]:
        before = self._seen.get(entry.number)
        if before is not None:
            if before.decoded or not entry.decoded:
                self.false_alarms += 1
                return []
            self._take_back(before)
        self._seen[entry.number] = entry
        if len(self._seen) > _REMEMBERED:
            self._seen.popitem(last=False)
        self.decoded += entry.decoded
        self.failed += not entry.decoded
        self.bit_errors += entry.errors
        self.bits += entry.bits
        self._first = min(
            entry.number, entry.number if self._first is None else self._first
        )
        self._last = max(self._last, entry.number)
        return [entry]

    def _take_back(self, entry: Entry) -> None:
        """Forget a failure: the frame was decoded after all, it was a false alarm."""
        self.failed -= 1
        self.false_alarms += 1
        self.bit_errors -= entry.errors
        self.bits -= entry.bits
