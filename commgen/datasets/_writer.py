"""Writes a channel file, sample block by sample block."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from commgen._signals import held_signals
from commgen.datasets import _schema
from commgen.datasets._storage import Storage, create_file, create_group
from commgen.datasets.channel_meta import ChannelMeta

_STORE = {"compression": "gzip", "compression_opts": 1, "shuffle": True}


class ChannelWriter:
    """An open channel file that takes more channels; made by ``ChannelFile.create``.

    Parameters
    ----------
    path
        File to write, a temporary name.
    meta
        Description of the channels.
    labels
        Kind of each label: "bool", "int", "float" or "str".
    made
        What made it, of :func:`~commgen._files.made.made_by`; it is beside the content.
    """

    def __init__(
        self,
        path: str | Path,
        meta: ChannelMeta,
        labels: Mapping[str, str],
        made: str | None = None,
    ) -> None:
        if not isinstance(meta, ChannelMeta):
            raise TypeError(f"meta must be a ChannelMeta, got {type(meta).__name__}.")
        self.meta = meta
        self.label_kinds = _schema.check_kinds(labels)
        self._parts: dict[str, list[np.ndarray]] = {n: [] for n in self.label_kinds}
        self._hash = hashlib.sha256()
        self._h: h5py.Dataset | None = None
        self._made = made
        self._storage = Storage(path)
        with self._written():
            self._file: Any = create_file(self._storage)

    def __len__(self) -> int:
        return 0 if self._h is None else self._h.shape[0]

    def append(self, h: Any, labels: Mapping[str, Any] | None = None) -> None:
        """Add channels, and one value of each declared label for each of them.

        Parameters
        ----------
        h : [num_samples, num_rx_ant, num_tx_ant, num_time_steps, num_subcarriers], complex
            Finite, of the shape of the channels before it but for the first axis.
        labels
            Name to values, [num_samples] each. A float may be NaN: not known.

        Raises
        ------
        TypeError, ValueError
            If something is refused; the file is then as it was before the call.
        """  # noqa: E501 - one shape, one line
        h = _schema.check_channels(h, self.meta)
        if self._h is not None and h.shape[1:] != self._h.shape[1:]:
            raise ValueError(
                f"h must be [num_samples, {', '.join(map(str, self._h.shape[1:]))}] as "
                f"the channels before it, got {h.shape}."
            )
        values = _schema.check_labels(labels, self.label_kinds, len(h))
        if self._h is None:
            with self._written():
                self._h = self._create(h.shape)
        if not len(h):
            return
        start = len(self)
        with self._written():
            self._h.resize(start + len(h), axis=0)
            self._h[start:] = h
        self._hash.update(h.astype("<c8", copy=False).tobytes())
        for name, value in values.items():
            self._parts[name].append(value)

    def finish(self) -> None:
        """Write labels, axes, metadata and checksum, and close the file."""
        if self._h is None or not len(self):
            raise ValueError("a channel file must hold at least one sample, got 0.")
        with self._written():
            self._finish(self._h)

    def discard(self) -> None:
        """Close the file without finishing it; whoever made it removes it."""
        with held_signals():
            self._file.close()
        self._storage.close()

    @contextmanager
    def _written(self) -> Iterator[None]:
        """Keep signals out of HDF5, and tell afterwards what the disk did not take."""
        with held_signals():
            yield
        self._storage.check()

    def _finish(self, h: h5py.Dataset) -> None:
        labels = {name: np.concatenate(part) for name, part in self._parts.items()}
        group = create_group(self._file, "labels")
        for name, value in labels.items():
            kind = self.label_kinds[name]
            stored = np.char.encode(value, "utf-8") if kind == "str" else value
            if stored.dtype.itemsize == 0:  # nothing but empty text
                stored = stored.astype("S1")
            item = group.create_dataset(
                name, data=stored, chunks=True, fletcher32=True, **_STORE
            )
            item.attrs["kind"] = _text(kind)
        self._write_axes()
        meta_json = self.meta.model_dump_json()
        self._file.attrs["meta"] = _text(meta_json)
        checksum = _schema.checksum(meta_json, self._hash.hexdigest(), h.shape, labels)
        self._file.attrs["checksum_sha256"] = _text(checksum)
        self._file.attrs["format"] = _text(_schema.FORMAT)
        self._file.attrs["version"] = _schema.VERSION
        if self._made is not None:
            self._file.attrs["made"] = _text(self._made)
        self._file.close()

    def _create(self, shape: tuple[int, ...]) -> h5py.Dataset:
        return self._file.create_dataset(
            "h",
            shape=(0, *shape[1:]),
            maxshape=(None, *shape[1:]),
            chunks=(_schema.chunk_rows(shape), *shape[1:]),
            dtype="<c8",
            fletcher32=True,
            **_STORE,
        )

    def _write_axes(self) -> None:
        h, group = self._file["h"], create_group(self._file, "axes")
        axes = _schema.axes_of(h.shape, self.meta)
        h.attrs["axes"] = np.array([_text(name) for name in axes])
        for index, (name, (unit, values)) in enumerate(axes.items()):
            if values is not None:
                item = group.create_dataset(
                    name, data=values, chunks=True, fletcher32=True, **_STORE
                )
                item.attrs["unit"] = _text(unit)
                item.attrs["axis"] = index


def _text(text: str) -> np.bytes_:
    """Return text of fixed length.

    HDF5 keeps text of variable length in a heap without checksums, and can loop for
    ever in one that is damaged. Text of fixed length is guarded.
    """
    return np.bytes_(text.encode())
