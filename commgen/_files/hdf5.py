"""HDF5 files of others: what they hold themselves, and no more than they can."""

import math
from collections.abc import Iterator
from typing import Any

import h5py
import numpy as np

from commgen._files.inputs import check_declared
from commgen._memory import check_room


def items_of(group: Any) -> Iterator[tuple[str, Any]]:
    """Yield name and item of what lies in a group.

    Raises
    ------
    ValueError
        At a link, which could lead to another file.
    """
    for name in group:
        yield name, item_of(group, name)


def item_of(group: Any, name: str) -> Any:
    """Return an item that lies in a group; KeyError where there is none.

    Raises
    ------
    ValueError
        If it is a link, which could lead to another file.
    """
    link = group.get(name, getlink=True)
    if link is None:
        raise KeyError(f"there is no {name}")
    if not isinstance(link, h5py.HardLink):
        raise ValueError(f"{name} must lie in the file itself, it is a link")
    return group[name]


def check_array(item: Any) -> h5py.Dataset:
    """Return a dataset, or raise unless the file itself holds all that it declares.

    External storage and virtual datasets would read other files.
    """
    name = str(item.name).removeprefix("/")
    if not isinstance(item, h5py.Dataset):
        raise ValueError(f"{name} must be an array, it is a group")
    if item.external or item.is_virtual:
        raise ValueError(
            f"{name} must lie in the file itself, its storage is elsewhere"
        )
    if item.dtype.hasobject:  # text and arrays of variable length, references
        raise ValueError(f"{name} must be of a fixed size, got {item.dtype}")
    if not item.size:
        return item
    chunk = math.prod(item.chunks or (0,)) * item.dtype.itemsize
    packed = item.id.get_create_plist().get_nfilters() > 0
    declared = max(item.nbytes, chunk)
    check_declared(f"array {name}", declared, item.id.get_storage_size(), packed=packed)
    check_room(f"a piece of array {name}", chunk)
    pieces = zip(item.shape, item.chunks or item.shape, strict=True)
    wanted = math.prod(-(-length // piece) for length, piece in pieces)
    found = item.id.get_num_chunks() if item.chunks else 1
    if found != wanted:  # what was never written would be read as zeros
        raise ValueError(f"{found} of the {wanted} pieces of array {name} are there")
    return item


def own_array(item: Any) -> np.ndarray:
    """Return the content of a dataset; errors as :func:`check_array`."""
    check_room(f"array {item.name}", check_array(item).nbytes)
    return item[()]


def attribute_of(item: Any, name: str) -> Any:
    """Return an attribute of one number or one text of fixed length; None without it.

    HDF5 does not guard text of variable length, and can loop for ever in it.
    """
    if name not in item.attrs:
        return None
    stored = item.attrs.get_id(name)
    if stored.shape != () or stored.dtype.hasobject:
        raise ValueError(f"attribute {name} must be one value of fixed length")
    value = item.attrs[name]
    return value.decode() if isinstance(value, bytes) else value
