"""One run: an engine's frames counted, over time and in all, and what they cost."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen.measures.decibel import to_db
from commgen.measures.intervals import wilson_interval
from commgen.sdr._threads import one_thread
from commgen.sdr.live.engines import Engine
from commgen.sdr.live.ledger import Ledger
from commgen.sdr.live.timeline import Timeline

_SETTLED_S = 120.0  # of running, after which memory should not grow
_SHOWN = 8  # frames whose symbols are kept for the picture


@dataclass
class Session:
    """What is known of a run, while it goes on and at its end.

    Attributes
    ----------
    engine, ledger, timeline
        What runs, and what it is counted in.
    sample_rate_hz
        Of the stream.
    on_frame
        Called with each received frame.
    symbols
        Equalised data of the latest frames, a list of [num], complex64.
    """

    engine: Engine
    ledger: Ledger
    timeline: Timeline
    sample_rate_hz: float
    on_frame: Callable[[Any], None] | None = None
    symbols: list[np.ndarray] = field(default_factory=list)
    num_samples: int = 0
    wall_s: float = 0.0
    cpu_s: float = 0.0
    memory_mb: float = 0.0
    settled_mb: float | None = None

    def run(self, watch: Callable[["Session"], None] | None = None) -> None:
        """Run to the end; ``watch`` is called after each batch.

        If an error or a signal ends the run, what came before it is counted.
        """
        one_thread()
        wall, cpu = time.monotonic(), time.process_time()
        try:
            for batch in self.engine.batches():
                self._take(batch.frames, batch.num_samples)
                self.wall_s = time.monotonic() - wall
                self.cpu_s = time.process_time() - cpu
                self._weigh()
                if watch is not None:
                    watch(self)
        finally:
            self.wall_s = time.monotonic() - wall
            self.cpu_s = time.process_time() - cpu
            end_s = self.num_samples / self.sample_rate_hz
            self.ledger.finish()
            self.timeline.finish(end_s)
            self._weigh()

    @property
    def real_time_factor(self) -> float:
        """Seconds of the stream in a second of the clock."""
        stream_s = self.num_samples / self.sample_rate_hz
        return stream_s / self.wall_s if self.wall_s else np.nan

    @property
    def msample_per_cpu_s(self) -> float:
        """Samples in a second of process CPU time, in millions."""
        return self.num_samples / self.cpu_s / 1e6 if self.cpu_s else np.nan

    def row(self) -> dict[str, Any]:
        """Return all counts and rates; every sent frame is in one of three columns."""
        ledger, total = self.ledger, self.timeline.total
        sent = ledger.passed(self.engine.num_sent())
        missed = sent - ledger.decoded
        low, high = wilson_interval(missed, sent) if sent else (np.nan, np.nan)
        seen = sum(total.estimators.values())
        return {
            "sent": sent,
            "decoded": ledger.decoded,
            "failed": ledger.failed,
            "lost": ledger.lost(self.engine.num_sent()),
            "false_alarms": ledger.false_alarms,
            "wrong": ledger.wrong,
            "bler": missed / sent if sent else np.nan,
            "bler_low": low,
            "bler_high": high,
            "ber": ledger.bit_errors / ledger.bits if ledger.bits else np.nan,
            "snr_db": to_db(total.snr / seen) if seen else np.nan,
            "evm_db": total.evm_db,
            "cfo_hz": total.cfo_hz / seen if seen else np.nan,
        }

    def costs(self) -> dict[str, Any]:
        """Return what the run took: time, CPU, memory."""
        return {
            "wall_seconds": round(self.wall_s, 3),
            "cpu_seconds": round(self.cpu_s, 3),
            "real_time_factor": round(self.real_time_factor, 4),
            "msample_per_cpu_s": round(self.msample_per_cpu_s, 3),
            "memory_mb": round(self.memory_mb, 1),
            "memory_mb_after_120_s": self.settled_mb,
        }

    def _take(self, frames: list[Any], num_samples: int) -> None:
        self.num_samples = num_samples
        for frame, entries in zip(frames, self.ledger.add(frames), strict=True):
            self.timeline.add(frame.start / self.sample_rate_hz, frame, entries)
            if self.on_frame is not None:
                self.on_frame(frame)
        for frame in frames[-_SHOWN:]:
            self.symbols = [*self.symbols, equalised(frame)][-_SHOWN:]

    def _weigh(self) -> None:
        self.memory_mb = resident_mb()
        if self.settled_mb is None and self.wall_s >= _SETTLED_S:
            self.settled_mb = round(self.memory_mb, 1)


def equalised(frame: Any) -> np.ndarray:
    """Return the symbols of a slot over its channel estimate, [num], complex64."""
    h_hat = np.where(frame.h_hat == 0, 1, frame.h_hat)
    return (frame.y / h_hat).reshape(-1)


def resident_mb() -> float:
    """Return the memory that the process holds [MB]; nan where nobody says."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return np.nan
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6
