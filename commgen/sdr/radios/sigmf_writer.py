"""Writes a SigMF recording as it comes: gaps as captures, long ones in pieces."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen._files.outputs import check_output
from commgen._files.whole import write_json
from commgen.sdr.radios.sample_types import SAMPLE_TYPES
from commgen.sdr.radios.sigmf_meta import COLLECTION, DATA, META, VERSION
from commgen.sdr.radios.sigmf_piece import SigMFPiece
from commgen.sdr.radios.sigmf_reader import base_of

_SAVED_EVERY_S = 10.0  # what a kill of the process can cost of the metadata


class SigMFWriter:
    """A recording: ``PATH.sigmf-data`` and ``.sigmf-meta``, or a collection of pieces.

    The metadata are saved every ten seconds, so that a kill leaves a recording. If the
    disk is full, the last samples make room for them, and OSError says how far the
    recording goes.

    Parameters
    ----------
    path
        Name with or without SigMF's suffix.
    sample_rate_hz
        Samples in a second.
    sample_type
        Name in ``SAMPLE_TYPES``. Integers clip at an amplitude of 1; ``num_clipped``
        counts the samples.
    frequency_hz
        Of the carrier, where there is one.
    description
        A sentence for readers.
    piece_samples
        Samples of a file; a longer recording is a ``.sigmf-collection`` of files
        ``PATH``, ``PATH-0001``, ``PATH-0002`` and so on.
    force
        Replace a recording of this name.

    Raises
    ------
    FileExistsError
        If there is one, and no ``force``.
    OSError, ValueError
        If nothing can be written there.
    """

    def __init__(
        self,
        path: str | Path,
        sample_rate_hz: float,
        *,
        sample_type: str = "ci16_le",
        frequency_hz: float | None = None,
        description: str = "",
        piece_samples: int = 1 << 28,
        force: bool = False,
    ):
        if sample_type not in SAMPLE_TYPES:
            known = ", ".join(sorted(SAMPLE_TYPES))
            raise ValueError(
                f"sample_type must be one of {known}, got {sample_type!r}."
            )
        self.base = base_of(path)
        self._type = SAMPLE_TYPES[sample_type]
        self._rate = check_positive("sample_rate_hz", sample_rate_hz)
        self._most = check_int("piece_samples", piece_samples, low=1)
        self._frequency = frequency_hz
        self._told: dict[str, Any] = {"core:sample_rate": self._rate}
        if description:
            self._told["core:description"] = description
        self.num_samples = 0  # of the stream, gaps counted
        self.num_clipped = 0
        self._names: list[str] = []
        self._clear(force)
        self.base.parent.mkdir(parents=True, exist_ok=True)
        self._older: SigMFPiece | None = None
        self._piece = self._begin()
        self._saved = monotonic()

    def write(
        self,
        samples: np.ndarray,
        *,
        lost: int = 0,
        time: tuple[int, float] | None = None,
    ) -> None:
        """Write samples that follow ``lost`` missing ones.

        Parameters
        ----------
        samples : [n], complex64
            Full scale is an amplitude of 1.
        lost
            Samples that are missing before them.
        time
            When the first of them was received: seconds since 1970, and their fraction.
        """
        if lost or time:
            self.num_samples += lost
            self._piece.begin_capture(self.num_samples, **self._settings(time))
        if self._type.name != "cf32_le" and len(samples):
            peak = np.maximum(np.abs(samples.real), np.abs(samples.imag))
            self.num_clipped += int(np.count_nonzero(peak > 1))
        while len(samples):
            room = self._most - self._piece.num_samples
            if not room:
                self._next_piece()
                continue
            self._write(samples[:room])
            samples = samples[room:]
        if monotonic() - self._saved > _SAVED_EVERY_S:
            with self._kept_when_full():
                self._save()

    def annotate(self, start: int, count: int, label: str, **more: Any) -> None:
        """Describe ``count`` samples from ``start`` of the stream, gaps counted.

        They must lie in the piece that is written, or in the one before; others are
        left out. ``more`` are entries with their namespace, as "commgen:snr_db".
        """
        for piece in (self._piece, self._older):
            if piece and piece.annotate(start, count, **{"core:label": label, **more}):
                return

    def close(self) -> None:
        """Save all; a second time does nothing."""
        if self._piece.data.exists():
            self._piece.close()
            self._save()

    def _write(self, samples: np.ndarray) -> None:
        with self._kept_when_full():
            self._piece.write(samples)
        self.num_samples += len(samples)

    @contextmanager
    def _kept_when_full(self) -> Iterator[None]:
        """Turn what a full disk refuses into a recording that ends there."""
        try:
            yield
        except OSError as error:
            self._piece.keep_what_fits()
            told = error.strerror or error
            raise OSError(
                f"{self._piece.data}: {told}; the recording so far is kept, "
                f"{self._piece.num_samples} samples of this file."
            ) from error

    def _next_piece(self) -> None:
        self._piece.close()
        self._save()
        self._older = self._piece
        self._piece = self._begin()
        self._save()

    def _begin(self) -> SigMFPiece:
        number = len(self._names)
        name = f"{self.base.name}-{number:04d}" if number else self.base.name
        base = self.base.with_name(name)
        self._names.append(name)
        piece = SigMFPiece(base, self._type, self._told)
        piece.begin_capture(self.num_samples, **self._settings(None))
        return piece

    def _settings(self, time: tuple[int, float] | None) -> dict[str, Any]:
        when = None if time is None else iso_time(*time)
        told = {"core:frequency": self._frequency, "core:datetime": when}
        return {name: value for name, value in told.items() if value is not None}

    def _save(self) -> None:
        for piece in (self._older, self._piece):
            if piece:
                piece.save()
        if self._older:
            self._save_collection()
        self._saved = monotonic()

    def _save_collection(self) -> None:
        folder, streams = self.base.parent, []
        for name in self._names:
            meta = (folder / (name + META)).read_bytes()
            streams.append({"name": name, "hash": hashlib.sha512(meta).hexdigest()})
        told = {"core:version": VERSION, "core:streams": streams}
        collection = self.base.with_name(self.base.name + COLLECTION)
        write_json(collection, {"collection": told})

    def _clear(self, force: bool) -> None:
        """Remove an older recording of this name, or refuse to."""
        paths = [
            self.base.with_name(self.base.name + s) for s in (DATA, META, COLLECTION)
        ]
        for path in paths:
            check_output(path)
        pieces = f"{self.base.name}-[0-9][0-9][0-9][0-9].sigmf-*"
        for path in (*paths, *self.base.parent.glob(pieces)):
            if path.exists() and not force:
                raise FileExistsError(f"{path} exists; --force replaces it.")
            path.unlink(missing_ok=True)


def iso_time(seconds: int, fraction: float) -> str:
    """Return a time in UTC as SigMF writes it, to the nanosecond.

    Examples
    --------
    >>> iso_time(1_764_504_000, 0.25)
    '2025-11-30T12:00:00.250000000Z'
    """
    nanoseconds = min(round(fraction * 1e9), 999_999_999)
    whole = datetime.fromtimestamp(seconds, UTC)
    return f"{whole:%Y-%m-%dT%H:%M:%S}.{nanoseconds:09d}Z"
