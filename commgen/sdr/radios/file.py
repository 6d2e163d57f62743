"""A recording as a radio: samples come from SigMF files, as fast as they are read."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from commgen.sdr.radios.base import Radio, Samples
from commgen.sdr.radios.sigmf_reader import SigMFReader, pieces_of

_READ = 1 << 16  # samples in one go


class FileRadio(Radio):
    """Receives what a SigMF recording, or a collection of its pieces, holds.

    Parameters
    ----------
    path
        Any file of the recording, or their common name.
    """

    name = "file"

    def __init__(self, path: str | Path):
        self.path = Path(path)
        self._pieces: list[SigMFReader] = []
        self._stream: Iterator[Samples] = iter(())
        self._rest: Samples | None = None
        self._received = self._lost = self._gaps = 0

    def open(self) -> None:
        """Check all pieces; else as :class:`Radio`."""
        self._pieces = [SigMFReader(path) for path in pieces_of(self.path)]
        first = self._pieces[0].meta
        for piece in self._pieces:
            if piece.meta.sample_rate_hz != first.sample_rate_hz:
                raise ValueError(
                    f"{piece.path} must have {first.sample_rate_hz:g} samples a second "
                    f"as the first piece, got {piece.meta.sample_rate_hz:g}."
                )
        self.sample_rate_hz = first.sample_rate_hz
        self._stream = self._all()

    @property
    def length(self) -> int:
        """Samples from the first to the last of all pieces, gaps counted."""
        first, last = self._pieces[0].meta.captures[0], self._pieces[-1]
        start = last.meta.captures[0].global_index - first.global_index
        return start + last.length

    def receive(self, num_samples: int) -> Samples | None:
        """Return the next samples of one capture; else as :class:`Radio`.

        Raises
        ------
        OSError, ValueError
            If the data are cut off meanwhile, hold no signal, or end with another
            checksum than the metadata say.
        """
        if self._rest is None:
            self._rest = next(self._stream, None)
        if self._rest is None:
            return None
        values, lost = self._rest.values, self._rest.lost
        self._rest = (
            Samples(values[num_samples:]) if len(values) > num_samples else None
        )
        values = values[:num_samples]
        self._received += len(values)
        self._lost += lost
        self._gaps += lost > 0
        return Samples(values, lost)

    def close(self) -> None:
        """Close the file; else as :class:`Radio`."""
        self._stream, self._rest = iter(()), None

    def facts(self) -> dict[str, Any]:
        """As :class:`Radio`; ``overflows`` counts the gaps."""
        first = self._pieces[0].meta
        return {
            "recording": self.path.name,
            "sample_type": first.sample_type.name,
            "sample_rate_hz": first.sample_rate_hz,
            "frequency_hz": first.captures[0].frequency_hz,
            "pieces": len(self._pieces),
            "samples_received": self._received,
            "samples_lost": self._lost,
            "overflows": self._gaps,
            "underruns": 0,
        }

    def _all(self) -> Iterator[Samples]:
        """Yield all pieces; what is missing between two is told as lost."""
        expected = self._pieces[0].meta.captures[0].global_index
        for piece in self._pieces:
            lost = max(piece.meta.captures[0].global_index - expected, 0)
            expected = piece.meta.captures[0].global_index + piece.length
            for samples in piece.chunks(_READ):
                yield Samples(samples.values, samples.lost + lost)
                lost = 0
