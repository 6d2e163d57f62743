"""HDF5 files of radio channels: streamed, compressed, appendable, whole or not there.

Layout, version 1 (HDF5 1.10 or later reads it):

===================  =====================================================================
``/`` attributes     ``format`` = "commgen-channels", ``version`` = 1, ``meta`` (JSON of a
                     :class:`ChannelMeta`), ``checksum_sha256``; ``made``, where a command
                     made the file, says which, and is not of its content
``/h``               complex64 (fields r and i), [num_samples, num_rx_ant, num_tx_ant,
                     num_time_steps, num_subcarriers or taps]; gzip, shuffled, with
                     Fletcher-32 sums; attribute ``axes`` names the five axes: sample,
                     rx_ant, tx_ant, time and subcarrier or tap
``/labels/<name>``   [num_samples], attribute ``kind``: bool, int (int64), float (float64)
                     or str (UTF-8 of fixed length)
``/axes/<name>``     values along each axis of ``h`` but the first, attribute ``unit``: "1"
                     (counted), "Hz" (offset from the carrier) or "s"
===================  =====================================================================

The checksum covers metadata, shape, channels in order, and labels. It depends on the
content alone: a file written in ten appends has the checksum of one written at once.
All text is of fixed length: HDF5 does not guard text of variable length.
"""  # noqa: E501 - a table

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from os import fspath
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import h5py
import numpy as np

from commgen._checks import check_int
from commgen._files.hdf5 import (
    attribute_of,
    check_array,
    item_of,
    items_of,
    own_array,
)
from commgen._files.inputs import check_input
from commgen._files.whole import atomic_path
from commgen.datasets import _schema
from commgen.datasets._writer import ChannelWriter
from commgen.datasets.channel_meta import ChannelMeta

_ATTRIBUTES = ("format", "version", "meta", "checksum_sha256", "made")
Rows = slice | np.ndarray | list[int] | None


class ChannelFile:
    """A channel file, open for reading; write with :meth:`create` or :meth:`append_to`.

    Parameters
    ----------
    path
        File to read. :meth:`open` says the same and reads better.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is not a channel file, of another version, empty, truncated or damaged.

    Examples
    --------
    >>> import tempfile, numpy as np
    >>> meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3)
    >>> path = Path(tempfile.mkdtemp()) / "channels.h5"
    >>> with ChannelFile.create(path, meta, {"day": "int"}) as file:
    ...     file.append(np.ones((2, 1, 1, 1, 4), complex), {"day": [1, 2]})
    >>> with ChannelFile.open(path) as file:
    ...     len(file), file.labels["day"].tolist(), file.read([1]).shape
    (2, [1, 2], (1, 1, 1, 1, 4))
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(fspath(path))
        if not self.path.exists():
            raise FileNotFoundError(f"there is no channel file {self.path}.")
        if self.path.is_dir():
            raise IsADirectoryError(f"{self.path} is a folder, not a channel file.")
        check_input(self.path)
        self._file: Any  # h5py types every item as one of three kinds
        with self._readable():
            self._file = h5py.File(self.path, "r")
        try:
            self._load()
        except BaseException:
            self._file.close()
            raise

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Open ``path`` for reading."""
        return cls(path)

    @classmethod
    @contextmanager
    def create(
        cls,
        path: str | Path,
        meta: ChannelMeta,
        labels: Mapping[str, str] | None = None,
        *,
        made: str | None = None,
    ) -> Iterator[ChannelWriter]:
        """Yield a writer; the file appears, whole, when the block ends without error.

        Parameters
        ----------
        path
            File to write. A file of this name is replaced at the end, its folder made.
        meta
            Description of the channels.
        labels
            Kind of each label: "bool", "int", "float" or "str".
        made
            What made the file, see :attr:`made`.

        Raises
        ------
        ValueError
            If nothing was appended, the declared labels are not possible, or there is
            something at ``path`` that is no regular file.
        OSError
            If the file cannot be written there.
        """
        with atomic_path(path) as temporary:
            writer = ChannelWriter(temporary, meta, labels or {}, made)
            try:
                yield writer
                writer.finish()
            finally:
                writer.discard()

    @classmethod
    @contextmanager
    def append_to(cls, path: str | Path) -> Iterator[ChannelWriter]:
        """Yield a writer that already holds what ``path`` holds, checked on the way.

        The new file replaces the old one when the block ends without error.
        """
        with (
            cls.open(path) as old,
            cls.create(path, old.meta, old.label_kinds) as writer,
        ):
            old.verify()
            rows = _schema.chunk_rows(old.shape)
            for start in range(0, len(old), rows):
                part = slice(start, start + rows)
                labels = {name: value[part] for name, value in old.labels.items()}
                writer.append(old.read(part), labels)
            old.close()  # it is about to be replaced
            yield writer

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of all channels in the file, as a channel array."""
        return self._shape

    def __len__(self) -> int:
        return self._shape[0]

    def read(self, rows: Rows = None) -> np.ndarray:
        """Read channels.

        Parameters
        ----------
        rows
            A slice, whole numbers from 0 to ``len(file) - 1`` in any order, a mask of
            ``len(file)`` booleans, or None for all.

        Returns
        -------
        h : [num_rows, *shape[1:]], complex64
            Channels, as the file's ``meta`` describes them.

        Raises
        ------
        ValueError
            If a row is out of range (a negative one is), or the data is damaged.
        """
        rows = self._rows(rows)
        h = np.empty((len(rows), *self._shape[1:]), np.complex64)
        step = _schema.chunk_rows(self._shape)
        for block in np.unique(rows // step):
            wanted = np.flatnonzero(rows // step == block)
            with self._readable():
                stored = self._h[block * step : (block + 1) * step]
            h[wanted] = stored[rows[wanted] - block * step]
        return h

    def batches(self, size: int) -> Iterator[np.ndarray]:
        """Yield all channels in order, ``size`` at a time; the last may be shorter."""
        size = check_int("size", size, low=1)
        for start in range(0, len(self), size):
            yield self.read(slice(start, start + size))

    def verify(self) -> None:
        """Read everything and compare with the checksum; ValueError if they differ."""
        h_hash = hashlib.sha256()
        for h in self.batches(_schema.chunk_rows(self._shape)):
            h_hash.update(h.astype("<c8", copy=False).tobytes())
        found = _schema.checksum(
            self._meta_json, h_hash.hexdigest(), self._shape, self.labels
        )
        if found != self.checksum:
            raise ValueError(
                f"{self.path} is damaged: its content has the checksum "
                f"{found[:12]}..., the file says {self.checksum[:12]}...."
            )

    def close(self) -> None:
        """Close the file; closing twice does no harm."""
        self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @contextmanager
    def _readable(self) -> Iterator[None]:
        """Turn what h5py raises on damage into one line that names the file."""
        try:
            yield
        except PermissionError:
            raise
        except Exception as error:  # h5py raises a dozen kinds
            reason = " ".join(str(error).split())
            raise ValueError(
                f"{self.path} cannot be read as a channel file, it is damaged, "
                f"truncated or of another format: {reason}."
            ) from error

    def _load(self) -> None:
        with self._readable():
            attributes = {name: attribute_of(self._file, name) for name in _ATTRIBUTES}
        if attributes.get("format") != _schema.FORMAT:
            raise ValueError(
                f"{self.path} is an HDF5 file but not a channel file: its attribute "
                f'format must be "{_schema.FORMAT}", got {attributes.get("format")!r}.'
            )
        if attributes.get("version") != _schema.VERSION:
            raise ValueError(
                f"{self.path} has format version {attributes.get('version')}; this "
                f"commgen reads version {_schema.VERSION}."
            )
        with self._readable():
            self._meta_json: str = attributes["meta"]
            self.checksum: str = attributes["checksum_sha256"]
            #: The command that made the file, see commgen._files.made; else None.
            self.made: str | None = attributes.get("made")
            self.meta = ChannelMeta.model_validate_json(self._meta_json)
            self._h = check_array(item_of(self._file, "h"))
            self._shape: tuple[int, ...] = self._h.shape
            dtype = self._h.dtype
            items = {
                name: (attribute_of(item, "kind"), own_array(item))
                for name, item in items_of(item_of(self._file, "labels"))
            }
        if len(self._shape) != 5 or dtype != np.complex64:
            raise ValueError(
                f"{self.path} must hold h : {_schema.SHAPE}, complex64, got "
                f"{self._shape}, {dtype}."
            )
        if 0 in self._shape:
            raise ValueError(f"{self.path} is empty: h has the shape {self._shape}.")
        self.label_kinds = {name: kind for name, (kind, _) in items.items()}
        self.labels = {name: self._label(name, *item) for name, item in items.items()}

    def _label(self, name: str, kind: str, value: np.ndarray) -> np.ndarray:
        if kind not in _schema.KINDS or value.shape != (len(self),):
            raise ValueError(
                f"{self.path} has a bad label {name}: kind {kind!r}, shape "
                f"{value.shape} for {len(self)} samples."
            )
        with self._readable():
            if kind == "str":
                value = np.char.decode(value, "utf-8")
            return value.astype(_schema.KINDS[kind])

    def _rows(self, rows: Rows) -> np.ndarray:
        if rows is None or isinstance(rows, slice):
            return np.arange(len(self))[rows or slice(None)]
        rows = np.asarray(rows)
        if rows.ndim != 1 or (rows.size and rows.dtype.kind not in "biu"):
            raise ValueError(
                "rows must be a slice, a list of whole numbers or a mask, got "
                f"{rows.dtype} of shape {rows.shape}."
            )
        if rows.dtype.kind == "b":
            if len(rows) != len(self):
                raise ValueError(
                    f"rows must be a mask of {len(self)} entries, got {len(rows)}."
                )
            return np.flatnonzero(rows)
        outside = rows[(rows < 0) | (rows >= len(self))]
        if outside.size:
            raise ValueError(
                f"rows must be from 0 to {len(self) - 1}, got {int(outside[0])}."
            )
        return rows.astype(np.int64)


def read_channels(
    path: str | Path,
) -> tuple[np.ndarray, ChannelMeta, dict[str, np.ndarray]]:
    """Read and verify a whole channel file; return its ``h``, ``meta`` and labels."""
    with ChannelFile.open(path) as file:
        file.verify()
        return file.read(), file.meta, file.labels


def write_channels(
    path: str | Path,
    h: Any,
    meta: ChannelMeta,
    labels: Mapping[str, Any] | None = None,
    *,
    made: str | None = None,
) -> None:
    """Write a whole channel file at once; the kinds of the labels follow their values.

    Parameters
    ----------
    path
        File to write; a file of this name is replaced.
    h : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
        Channels.
    meta
        Their description.
    labels
        Name to values, [num_samples] each.
    made
        As in :meth:`ChannelFile.create`.
    """
    values = {name: np.asarray(value) for name, value in (labels or {}).items()}
    with ChannelFile.create(path, meta, kinds_of(values), made=made) as file:
        file.append(h, values)


def kinds_of(labels: Mapping[str, np.ndarray]) -> dict[str, str]:
    """Return the kind of each label, by the type of its values."""
    kind_of = {"b": "bool", "i": "int", "u": "int", "f": "float", "U": "str"}
    for name, value in labels.items():
        if value.dtype.kind not in kind_of:
            raise TypeError(
                f"label {name} must be bool, int, float or str, got {value.dtype}."
            )
    return {name: kind_of[value.dtype.kind] for name, value in labels.items()}
