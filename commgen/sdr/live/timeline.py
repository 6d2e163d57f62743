"""How a run went over time, in a number of rows that does not grow without end."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from commgen.measures.decibel import from_db, to_db
from commgen.sdr.live.ledger import Entry


@dataclass
class Interval:
    """Counts and sums over a stretch of the stream.

    Attributes
    ----------
    end_s
        Time of the stream at which it ends [s].
    decoded, failed, errors, bits : int
        Frames, and bits in them.
    snr, cfo_hz, error_power : float
        Sums: of linear SNRs and of CFOs over the frames, of EVMs squared over the
        decoded ones, since the others' symbols are not known.
    last
        Greatest number of a frame so far.
    """

    end_s: float
    decoded: int = 0
    failed: int = 0
    errors: int = 0
    bits: int = 0
    snr: float = 0.0
    error_power: float = 0.0
    cfo_hz: float = 0.0
    last: int = -1
    estimators: dict[str, int] = field(default_factory=dict)

    def add(self, frame: Any, entries: list[Entry]) -> None:
        """Count a received frame, and what became known by it."""
        for entry in entries:
            self.decoded += entry.decoded
            self.failed += not entry.decoded
            self.errors += entry.errors
            self.bits += entry.bits
            self.last = max(self.last, entry.number)
        if entries:
            self.snr += float(from_db(frame.snr_db))
            self.cfo_hz += frame.cfo_hz
            if entries[-1].decoded:
                self.error_power += float(from_db(frame.evm_db))
            name = frame.estimator
            self.estimators[name] = self.estimators.get(name, 0) + 1

    def join(self, later: "Interval") -> "Interval":
        """Return this one and the next as one."""
        names = [*self.estimators, *later.estimators]
        counts = {
            name: self.estimators.get(name, 0) + later.estimators.get(name, 0)
            for name in names
        }
        sums = ("decoded", "failed", "errors", "bits", "snr", "error_power", "cfo_hz")
        total = {name: getattr(self, name) + getattr(later, name) for name in sums}
        last = max(self.last, later.last)
        return Interval(later.end_s, **total, last=last, estimators=counts)

    def row(self, before: "Interval | None" = None) -> dict[str, Any]:
        """Return the rates and means; frames without an entry in between are lost."""
        seen = sum(self.estimators.values())
        frames = self.decoded + self.failed
        passed = frames
        if before is not None and self.last > before.last >= 0:
            passed = max(self.last - before.last, frames)
        return {
            "time_s": round(self.end_s, 6),
            "decoded": self.decoded,
            "failed": self.failed,
            "lost": passed - frames,
            "bler": 1 - self.decoded / passed if passed else np.nan,
            "ber": self.errors / self.bits if self.bits else np.nan,
            "snr_db": to_db(self.snr / seen) if seen else np.nan,
            "evm_db": self.evm_db,
            "cfo_hz": self.cfo_hz / seen if seen else np.nan,
        }

    @property
    def evm_db(self) -> float:
        """Mean EVM of the decoded frames [dB]; nan without any."""
        return to_db(self.error_power / self.decoded) if self.decoded else np.nan


class Timeline:
    """Intervals of a second each; of twice as much when there are too many.

    Parameters
    ----------
    interval_s
        Length of the first ones [s].
    most
        Rows that are kept.

    Attributes
    ----------
    total : Interval
        All of it.
    """

    def __init__(self, interval_s: float = 1.0, most: int = 1024):
        self.interval_s = interval_s
        self._most = most
        self._done: list[Interval] = []
        self._now = Interval(interval_s)
        self.total = Interval(0.0)

    def add(self, time_s: float, frame: Any, entries: list[Entry]) -> None:
        """Count a frame that was received at a time of the stream [s]."""
        while time_s >= self._now.end_s:
            self._close()
        self._now.add(frame, entries)
        self.total.add(frame, entries)

    @property
    def latest(self) -> Interval:
        """The last whole interval, or the first while it lasts."""
        return self._done[-1] if self._done else self._now

    def finish(self, end_s: float) -> None:
        """End the last interval where the stream ends."""
        while end_s > self._now.end_s:
            self._close()
        self._now.end_s = self.total.end_s = end_s
        if self._now.estimators:
            self._done.append(self._now)

    def rows(self) -> list[dict[str, Any]]:
        """Return a row for each interval."""
        before = [None, *self._done]
        return [one.row(old) for old, one in zip(before, self._done, strict=False)]

    def _close(self) -> None:
        end_s = self._now.end_s
        last = max(self._now.last, self._done[-1].last if self._done else -1)
        self._now.last = last
        self._done.append(self._now)
        if len(self._done) >= self._most:
            pairs = zip(self._done[::2], self._done[1::2], strict=True)
            self._done = [one.join(other) for one, other in pairs]
            self.interval_s *= 2
        self._now = Interval(end_s + self.interval_s, last=last)
