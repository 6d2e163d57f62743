"""What a ``.keras`` file must be before anything of it is built."""

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any

import h5py
import keras

from commgen._files.hdf5 import check_array, items_of

_WEIGHTS, _CONFIG = "model.weights.h5", "config.json"
_MEMBERS = sorted((_WEIGHTS, _CONFIG, "metadata.json"))
# Keras stores members as they are; weights that were compressed after that shrink by
# far less, and text of this length describes a thousand layers.
_LARGEST_RATIO = 100
_TEXT_BYTES = 2**24
# Layers without weights, which have no group in the file: for each group, and more.
_OTHER_LAYERS = 2, 300


@dataclass(frozen=True)
class Archive:
    """What a model file says of its model.

    Parameters
    ----------
    config
        Keras's configuration of the model.
    num_weights
        Numbers that the weights are.
    num_groups
        Groups that they lie in, about one for a layer.
    """

    config: Any
    num_weights: int
    num_groups: int

    @contextmanager
    def limits(self) -> Iterator[None]:
        """Refuse to build more layers and weights than the file has.

        A configuration is a few words long whatever size it asks for. Weights are
        allocated as layers are built, and read only after that.
        """
        layer: Any = keras.Layer
        plain_init, plain_add = layer.__init__, layer.add_weight
        for_each, more = _OTHER_LAYERS
        layers = (1 + for_each) * self.num_groups + more
        weights = self.num_weights

        def init(self, *args, **kwargs):
            nonlocal layers
            layers -= 1
            if layers < 0:
                raise ValueError(f"{_CONFIG} asks for more layers than {_WEIGHTS} has")
            plain_init(self, *args, **kwargs)

        def add_weight(self, shape=None, *args, **kwargs):
            nonlocal weights
            weights -= prod(int(n) for n in shape or ())
            if weights < 0:
                raise ValueError(f"{_CONFIG} asks for more weights than {_WEIGHTS} has")
            return plain_add(self, shape, *args, **kwargs)

        layer.__init__, layer.add_weight = init, add_weight
        try:
            yield
        finally:
            layer.__init__, layer.add_weight = plain_init, plain_add


def read_archive(file: Path) -> Archive:
    """Read what a ``.keras`` file says of its model, and what weights it holds.

    Raises
    ------
    ValueError
        If it has other members than Keras writes, one is too large, or the weights are
        not plain arrays that lie in the file.
    zipfile.BadZipFile, OSError
        If it is damaged.
    """
    with zipfile.ZipFile(file) as archive:
        if sorted(archive.namelist()) != _MEMBERS:
            raise ValueError(
                f"its members must be {_MEMBERS}, got {sorted(archive.namelist())[:9]}"
            )
        for member in archive.infolist():
            most = member.compress_size * _LARGEST_RATIO
            if member.filename != _WEIGHTS:
                most = min(most, _TEXT_BYTES)
            if member.file_size > most:
                raise ValueError(
                    f"{member.filename} must have at most {most} bytes, got "
                    f"{member.file_size}"
                )
        config = json.loads(archive.read(_CONFIG))
        weights = archive.read(_WEIGHTS)
    with h5py.File(io.BytesIO(weights), "r") as stored:
        sizes = list(_sizes(stored))
    return Archive(config, sum(sizes), len(sizes))


def _sizes(group: Any) -> Iterator[int]:
    """Yield the numbers of each data set below a group, and 0 for a group in it."""
    for _, found in items_of(group):
        if isinstance(found, h5py.Group):
            yield 0
            yield from _sizes(found)
            continue
        if check_array(found).chunks or found.dtype.kind not in "fiu":
            raise ValueError(
                f"{_WEIGHTS} must hold plain arrays of numbers, got {found.name}"
            )
        yield int(found.size)
