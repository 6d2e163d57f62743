"""Keeps what a run receives as a SigMF recording, frames as annotations."""

from pathlib import Path
from typing import Any

from commgen.sdr.live.engines import LoopEngine
from commgen.sdr.live.session import Session
from commgen.sdr.radios.base import Samples
from commgen.sdr.radios.sigmf_writer import SigMFWriter


class Recorder:
    """Writes samples and frames of a session.

    Parameters
    ----------
    path, sample_rate_hz, options
        As of :class:`~commgen.sdr.radios.sigmf_writer.SigMFWriter`.
    frame_length
        Samples of a frame.
    """

    def __init__(
        self,
        path: Path,
        sample_rate_hz: float,
        *,
        frame_length: int,
        sample_type: str = "cf32_le",
        frequency_hz: float | None = None,
        force: bool = False,
    ):
        self._writer = SigMFWriter(
            path,
            sample_rate_hz,
            sample_type=sample_type,
            frequency_hz=frequency_hz,
            description="OFDM frames of commgen",
            force=force,
        )
        self._length = frame_length

    def samples(self, samples: Samples) -> None:
        """Write samples, as an engine hands them out."""
        self._writer.write(samples.values, lost=samples.lost, time=samples.time)

    def frame(self, frame: Any) -> None:
        """Describe a received frame, as a session hands it out."""
        told = {
            "commgen:crc_ok": bool(frame.crc_ok),
            "commgen:snr_db": round(float(frame.snr_db), 2),
            "commgen:cfo_hz": round(float(frame.cfo_hz), 1),
            "commgen:estimator": frame.estimator,
        }
        start = max(int(frame.start), 0)
        self._writer.annotate(start, self._length, "frame", **told)

    def follow(self, session: Session) -> None:
        """Take the samples and frames of a session that runs in a loop."""
        if not isinstance(session.engine, LoopEngine):
            raise TypeError("session must run in a loop to be recorded.")
        session.engine.on_samples = self.samples
        session.on_frame = self.frame

    def close(self) -> str:
        """Save all; return a warning where samples were clipped."""
        self._writer.close()
        clipped = self._writer.num_clipped
        return f"{clipped} samples were clipped; cf32_le clips none." if clipped else ""
