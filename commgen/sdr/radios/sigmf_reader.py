"""Reads a SigMF recording piece by piece: its gaps, and what it lies about."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np

from commgen._files.inputs import check_input
from commgen._files.whole import read_json
from commgen.sdr.radios.base import Samples
from commgen.sdr.radios.sigmf_meta import (
    COLLECTION,
    DATA,
    META,
    Metadata,
    read_metadata,
)

#: Up to this size the checksum is compared before anything is read: well in a second.
CHECKED_AT_ONCE = 128 << 20
_LARGEST = 1e6  # amplitude of a float sample; more is another type read as floats
_LOOKED_AT = 1 << 16  # bytes whose values are checked on opening


class SigMFReader:
    """The samples of one recording: a ``.sigmf-meta`` and its ``.sigmf-data``.

    Parameters
    ----------
    path
        Either file, or their common name.

    Raises
    ------
    OSError
        If a file is missing.
    ValueError
        If the metadata are damaged, or the data are not what they say: cut off, of
        another type, of another checksum. Of recordings of more than 128 MiB the
        checksum is compared where the reading ends.
    """

    def __init__(self, path: str | Path):
        base = base_of(path)
        self.meta: Metadata = read_metadata(base.with_name(base.name + META))
        self.path = check_input(base.with_name(base.name + DATA))
        self.num_samples = self._whole_samples()
        self._check_length()
        self._check_values()
        self._late = self.path.stat().st_size > CHECKED_AT_ONCE
        if self.meta.sha512 and not self._late:
            with self.path.open("rb") as file:
                self._compare(hashlib.file_digest(file, "sha512").hexdigest())

    @property
    def length(self) -> int:
        """Samples of the stream from the first to the last, gaps counted."""
        last, first = self.meta.captures[-1], self.meta.captures[0]
        behind = self.num_samples - last.sample_start
        return last.global_index - first.global_index + behind

    def chunks(self, num_samples: int) -> Iterator[Samples]:
        """Yield stretches of up to ``num_samples``, none over a gap."""
        digest = hashlib.sha512() if self.meta.sha512 and self._late else None
        with self.path.open("rb") as file:
            for count, lost in self._stretches():
                for size in _parts(count, num_samples):
                    yield Samples(self._read(file, size, digest), lost)
                    lost = 0
        if digest is not None:
            self._compare(digest.hexdigest())

    def _stretches(self) -> Iterator[tuple[int, int]]:
        """Yield length and lost samples before it, of each capture that has samples."""
        captures = self.meta.captures
        starts = [one.sample_start for one in captures] + [self.num_samples]
        expected = captures[0].global_index
        for i, one in enumerate(captures):
            count = starts[i + 1] - starts[i]
            if count:
                yield count, one.global_index - expected
                expected = one.global_index + count

    def _read(self, file: BinaryIO, num_samples: int, digest: "hashlib._Hash | None"):
        data = file.read(num_samples * self.meta.sample_type.size)
        if digest is not None:
            digest.update(data)
        if len(data) < num_samples * self.meta.sample_type.size:
            raise OSError(f"{self.path} was cut off while it was read.")
        samples = self.meta.sample_type.decode(data)
        self._check_finite(samples)
        return samples

    def _whole_samples(self) -> int:
        size, each = self.path.stat().st_size, self.meta.sample_type.size
        if size % each:
            raise ValueError(
                f"{self.path} must hold whole samples of {each} bytes "
                f"({self.meta.sample_type.name}), got {size} bytes: it is cut off, or "
                "core:datatype is wrong."
            )
        return size // each

    def _check_length(self) -> None:
        declared, there = self.meta.num_samples, self.num_samples
        if declared is not None and declared != there:
            raise ValueError(
                f"{self.path} must hold the {declared} samples that its metadata tell, "
                f"got {there}."
            )
        ends = [one.sample_start for one in self.meta.captures]
        ends += [
            one["core:sample_start"] + one.get("core:sample_count", 0)
            for one in self.meta.annotations
        ]
        if max(ends) > there:
            raise ValueError(
                f"{self.path} is cut off: its metadata reach to sample {max(ends)}, it "
                f"holds {there}."
            )

    def _check_values(self) -> None:
        each = self.meta.sample_type.size
        with self.path.open("rb") as file:
            data = file.read(min(_LOOKED_AT, self.num_samples * each))
        self._check_finite(self.meta.sample_type.decode(data))

    def _check_finite(self, samples: np.ndarray) -> None:
        if self.meta.sample_type.name.startswith("ci") or not len(samples):
            return
        if not np.abs(samples.view(np.float32)).max() <= _LARGEST:  # nan too
            raise ValueError(
                f"{self.path} holds amplitudes that are no signal: "
                f"{self.meta.sample_type.name} is not its type, or it is damaged."
            )

    def _compare(self, digest: str) -> None:
        if digest != (self.meta.sha512 or "").lower():
            raise ValueError(
                f"{self.path} is not the recording that its metadata describe: SHA-512 "
                f"{digest[:12]}..., core:sha512 {self.meta.sha512:.12}..."
            )


def base_of(path: str | Path) -> Path:
    """Return the common name of a recording's files, of any of them."""
    path = Path(path)
    if path.suffix in (DATA, META, COLLECTION):
        return path.with_suffix("")
    return path


def pieces_of(path: str | Path) -> list[Path]:
    """Return the recordings that a path names: one, or those of a collection.

    Raises
    ------
    OSError, ValueError
        If the collection is missing or damaged.
    """
    base = base_of(path)
    collection = base.with_name(base.name + COLLECTION)
    if not collection.exists():
        return [base]
    try:
        streams = read_json(collection)["collection"]["core:streams"]
        names = [Path(str(one["name"])).name for one in streams]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{collection} must list core:streams, got none.") from error
    if not names:
        raise ValueError(f"{collection} must list core:streams, got none.")
    return [base.with_name(name) for name in names]


def _parts(count: int, most: int) -> Iterator[int]:
    for done in range(0, count, most):
        yield min(most, count - done)
