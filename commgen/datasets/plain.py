"""Plain arrays: a complex array in an ``.npz`` or ``.mat`` file."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._npz import npz_names, read_npz, unreadable
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.source import Source

_SHAPES = (
    "[n, subcarriers], [n, rx, subcarriers], [n, rx, tx, subcarriers] or "
    "[n, rx, tx, time, subcarriers]"
)


def open_plain(path: str | Path, meta: ChannelMeta, array: str | None = None) -> Source:
    """Open a complex array of an ``.npz`` or ``.mat`` file as channels.

    Parameters
    ----------
    path
        ``.npz``, or ``.mat`` up to version 7. Nothing in it is executed.
    meta
        What the channels are: the file cannot say.
    array : [n, subcarriers] up to [n, rx, tx, time, subcarriers], complex
        Name of the array; it may be left out where the file holds one only. With domain
        "delay" the last axis is taps.

    Raises
    ------
    ValueError
        If the file is damaged or of another kind, or the array is missing, not complex
        or of another rank.
    FileNotFoundError
        If there is no such file.
    """
    path = Path(path)
    if not path.is_file():
        raise FileNotFoundError(f"there is no file {path}.")
    if path.suffix not in (".npz", ".mat"):
        raise ValueError(f"{path} must be an .npz or .mat file.")
    names = npz_names(path) if path.suffix == ".npz" else _mat(path, None)
    if array is None and len(names) != 1:
        raise ValueError(f"array must name one of {names} in {path}.")
    name = array or names[0]
    if name not in names:
        raise ValueError(f"{path} has no array {name!r}; it holds {names}.")
    h = read_npz(path, [name])[name] if path.suffix == ".npz" else _mat(path, name)
    if h.dtype.kind != "c":
        raise ValueError(f"array {name} must be complex, got {h.dtype}.")
    if not 2 <= h.ndim <= 5:
        raise ValueError(f"array {name} must be {_SHAPES}, got {h.shape}.")
    while h.ndim < 5:
        # rx first, then tx, then time: the axes that a shorter array leaves out.
        h = np.expand_dims(h, axis=h.ndim - 1)
    return Source(meta=meta, shape=h.shape, read=lambda rows: h[rows])


def _mat(path: Path, name: str | None) -> Any:
    """Return the names in a MATLAB file, or one of its arrays."""
    from scipy.io import loadmat, whosmat
    from scipy.io.matlab import MatReadError

    try:
        if name is None:
            return [found for found, _shape, _kind in whosmat(path)]
        return np.asarray(loadmat(path, variable_names=[name])[name])
    except NotImplementedError as error:
        raise ValueError(
            f"{path} is a MATLAB 7.3 file; save it with the option -v7 instead."
        ) from error
    except (MatReadError, ValueError, TypeError, OSError, KeyError) as error:
        raise unreadable(path, ".mat", error) from error
