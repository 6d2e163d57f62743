"""Recordings to decode, raw or SigMF, as blocks of samples."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from commgen.sdr.radios.sigmf_meta import DATA, META
from commgen.sdr.radios.sigmf_reader import SigMFReader
from commgen.sdr.recordings.iq import BLOCK, RawIq, open_iq


class SigMFRecording:
    """A SigMF recording at one rate; what was lost in a gap is silence.

    Parameters
    ----------
    path
        Either of its files.
    sample_rate_hz
        Rate that it must have.

    Raises
    ------
    OSError, ValueError
        As :class:`~commgen.sdr.radios.sigmf_reader.SigMFReader`, or if it has another
        rate.
    """

    def __init__(self, path: str | Path, sample_rate_hz: float) -> None:
        self._reader = SigMFReader(path)
        self.path = self._reader.path
        found = self._reader.meta.sample_rate_hz
        if found != sample_rate_hz:
            raise ValueError(
                f"{self.path} must have {sample_rate_hz / 1e6:g} Msample/s, got "
                f"{found / 1e6:g}."
            )

    @property
    def num_samples(self) -> int:
        """Samples from the first to the last, gaps counted."""
        return self._reader.length

    def blocks(self, size: int = BLOCK) -> Iterator[np.ndarray]:
        """Yield blocks of up to ``size`` samples, complex64."""
        for chunk in self._reader.chunks(size):
            for at in range(0, chunk.lost, size):
                yield np.zeros(min(size, chunk.lost - at), np.complex64)
            yield chunk.values


def open_recording(
    path: str | Path, kind: str, sample_rate_hz: float
) -> RawIq | SigMFRecording:
    """Return a recording by its name: SigMF's suffixes, anything else is raw.

    Parameters
    ----------
    path
        The file.
    kind
        Type of raw samples, as of :func:`~commgen.sdr.recordings.iq.open_iq`; SigMF
        tells its own.
    sample_rate_hz
        Rate that SigMF must tell; a raw file tells none.
    """
    if Path(path).suffix in (DATA, META):
        return SigMFRecording(path, sample_rate_hz)
    return open_iq(path, kind)
