"""Reads sets of arrays of known shapes from files that strangers made."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from commgen._files.npz import read_npz


def load_npz(
    path: str | Path, shapes: Mapping[str, tuple[int, ...]]
) -> tuple[np.ndarray, ...]:
    """Read arrays of known shapes, [n, *shape] each with one n, in the order given."""
    arrays = tuple(read_npz(path, list(shapes)).values())
    length = len(arrays[0]) if arrays[0].ndim else 0
    for array, (name, shape) in zip(arrays, shapes.items(), strict=True):
        if array.shape != (length, *shape) or array.dtype.kind not in "iuf":
            raise ValueError(
                f"{path} must hold {name} : {[length, *shape]}, real, got "
                f"{list(array.shape)}, {array.dtype}."
            )
    if not length:
        raise ValueError(f"{path} is empty: its arrays have no samples.")
    return arrays
