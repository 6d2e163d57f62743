"""Plain arrays: complex channels in an ``.npz``, ``.npy`` or ``.mat`` file."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from commgen._files.npz import npz_names, read_npy, read_npz
from commgen.datasets._axes import check_axes, guess_axes, to_channels
from commgen.datasets.channel_meta import ChannelMeta
from commgen.datasets.kind import kind_of_file
from commgen.datasets.matlab import read_mat
from commgen.datasets.source import Source

# What follows the name of the real part, and of the imaginary part.
_PARTS = (("_real", "_imag"), ("_re", "_im"), ("_Re", "_Im"), ("_r", "_i"))


def open_plain(
    path: str | Path,
    meta: ChannelMeta,
    array: str | None = None,
    *,
    axes: Sequence[str] | None = None,
) -> Source:
    """Open a complex array of a file as channels.

    Parameters
    ----------
    path
        ``.npz``, ``.npy`` or ``.mat``, of MATLAB 7.3 too. Nothing in it is executed.
    meta
        What the channels are: the file cannot say.
    array : [n, subcarriers] up to [n, rx, tx, time, subcarriers], complex
        Name of the array; it may be left out where the file holds one only. A field of
        a MATLAB struct is "s.h". Real and imaginary part in two arrays are "re,im", or
        "h" where there are h_real and h_imag (h_re and h_im, h_r and h_i).
    axes
        Names of the axes of the array, of "sample", "rx", "tx", "time" and
        "subcarrier" (with domain "delay": "tap"); the others have length 1. Without
        them samples come first and subcarriers or taps last, between them rx, then tx,
        then time. The source's ``notes`` say how the axes were read.

    Raises
    ------
    ValueError
        If the file is damaged or of another kind, or the array is missing, not complex
        or of other axes.
    OSError
        If it is not a regular file.
    """
    kind = kind_of_file(path)
    if kind == "intel5300":
        raise ValueError(f"{path} must be an .npz, .npy or .mat file.")
    name, h = _complex_array(Path(path), kind, array)
    if axes is None:
        names = guess_axes(name, h, meta.domain)
    else:
        names = check_axes(axes, meta.domain)
        if kind == "mat" and h.ndim < len(names):
            # MATLAB leaves out last axes of length 1.
            h = h.reshape(*h.shape, *(1 for _ in names[h.ndim :]))
        if h.ndim != len(names):
            raise ValueError(
                f"axes must name the {h.ndim} axes of {name} {list(h.shape)}, got "
                f"{len(names)}."
            )
    read = f"{name} {list(h.shape)} read as {', '.join(names)}"
    h = to_channels(h, names, meta.domain)
    notes = (read,) if axes is not None else (read, "--axes would say otherwise")
    return Source(meta=meta, shape=h.shape, read=lambda rows: h[rows], notes=notes)


def _complex_array(path: Path, kind: str, array: str | None) -> tuple[str, np.ndarray]:
    """Return the array and its name."""
    if kind == "npy":
        if array is not None:
            raise ValueError(
                f"array must be left out: {path} holds one without a name, got {array}."
            )
        return "the array", _check_complex("the array", [read_npy(path)])
    choices = _choices(array)
    wanted = None if array is None else [name for names in choices for name in names]
    names, arrays = _arrays(path, kind, wanted)
    if array is None and len(names) != 1:
        raise ValueError(f"array must name one of {names} in {path} (--array NAME).")
    for choice in choices or [(names[0],)]:
        if set(choice) <= set(arrays):
            told = ",".join(choice)
            parts = [arrays[name] for name in choice]
            return f"array {told}", _check_complex(f"array {told}", parts)
    raise ValueError(f"{path} has no array {array!r}; it holds {names} (--array NAME).")


def _choices(array: str | None) -> list[tuple[str, ...]]:
    """Return what a name can mean: an array, or the two parts of one."""
    if array is None:
        return []
    two = tuple(part.strip() for part in array.split(","))
    named = [two] if len(two) == 2 else []
    return [(array,), *named, *((array + re, array + im) for re, im in _PARTS)]


def _arrays(
    path: Path, kind: str, wanted: list[str] | None
) -> tuple[list[str], dict[str, np.ndarray]]:
    """Return all names, and those arrays of ``wanted`` that are there.

    Without ``wanted`` it is the only array, if it is.
    """
    if kind == "mat":
        return read_mat(path, wanted)
    names = npz_names(path)
    if wanted is None:
        wanted = names if len(names) == 1 else []
    return names, read_npz(path, [name for name in names if name in wanted])


def _check_complex(name: str, parts: list[np.ndarray]) -> np.ndarray:
    """Return a complex array, or the sum of its real and its imaginary part."""
    if len(parts) == 1:
        if parts[0].dtype.kind != "c":
            raise ValueError(
                f"{name} must be complex, got {parts[0].dtype}; two arrays with its "
                "parts are named by --array RE,IM."
            )
        return parts[0]
    real, imag = parts
    if real.shape != imag.shape or not {real.dtype.kind, imag.dtype.kind} <= set("fiu"):
        raise ValueError(
            f"{name} must be real and of one shape, got {real.shape}, {real.dtype} and "
            f"{imag.shape}, {imag.dtype}."
        )
    h = np.empty(real.shape, np.result_type(real, imag, np.complex64))
    h.real, h.imag = real, imag
    return h
