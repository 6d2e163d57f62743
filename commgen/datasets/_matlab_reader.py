"""The process that reads a MATLAB file for ``matlab.py``, under limits.

It takes a task as JSON and answers likewise on standard output; arrays go to files.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from scipy.io import loadmat, whosmat

from commgen._files.hdf5 import items_of, own_array

# MATLAB's classes of numbers; scipy calls them likewise.
_NUMBERS = {"double", "single"}
_NUMBERS |= {f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)}


def main(task: dict[str, Any]) -> dict[str, Any]:
    """Write the arrays of a task to its folder; return all names and those read."""
    path, wanted = task["path"], task["wanted"]
    _limit(task["memory"], task["seconds"])
    if h5py.is_hdf5(path):
        with h5py.File(path, "r") as file:
            found = dict(_in_hdf5(file, ""))
            read = {name: _turned(found[name]) for name in _chosen(found, wanted)}
    else:
        read, found = _read_old(path, wanted)
    for k, array in enumerate(read.values()):
        np.save(Path(task["folder"]) / f"{k}.npy", array, allow_pickle=False)
    return {"names": list(found), "read": list(read)}


def _chosen(found: Any, wanted: list[str] | None) -> list[str]:
    if wanted is None:
        return list(found) if len(found) == 1 else []
    return [name for name in found if name in wanted]


def _read_old(path: str, wanted: list[str] | None) -> tuple[dict, list[str]]:
    """Read a file of version 4 to 7: arrays, and the names of all."""
    kinds = {name: kind for name, _shape, kind in whosmat(path)}
    structs = [name for name, kind in kinds.items() if kind == "struct"]
    fields = {}
    if structs:
        content = loadmat(path, variable_names=structs)
        for name in structs:
            fields |= dict(_in_struct(content[name], name))
    plain = [name for name, kind in kinds.items() if kind in _NUMBERS]
    chosen = _chosen([*plain, *fields], wanted)
    top = [name for name in chosen if name in plain]
    content = loadmat(path, variable_names=top) if top else {}
    return {name: (content | fields)[name] for name in chosen}, [*plain, *fields]


def _in_struct(value: Any, name: str) -> Iterator[tuple[str, np.ndarray]]:
    """Yield the arrays of numbers in a struct of one element, at any depth."""
    if not isinstance(value, np.ndarray):
        return
    if value.dtype.names is not None and value.size == 1:
        for field in value.dtype.names:
            yield from _in_struct(value.flat[0][field], f"{name}.{field}")
    elif value.dtype.kind in "fiuc":
        yield name, value


def _in_hdf5(group: h5py.Group, prefix: str) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the arrays of numbers in a file of version 7.3, at any depth of structs."""
    for name, item in items_of(group):
        if name.startswith("#"):  # what cells refer to
            continue
        kind = _text(item.attrs.get("MATLAB_class", b""))
        if isinstance(item, h5py.Group):
            if kind in ("", "struct"):
                yield from _in_hdf5(item, f"{prefix}{name}.")
        elif kind in ("", *_NUMBERS) and "MATLAB_empty" not in item.attrs:
            fields = item.dtype.names
            if item.dtype.kind in "fiu" or set(fields or ()) == {"real", "imag"}:
                yield prefix + name, item


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _turned(item: h5py.Dataset) -> np.ndarray:
    """Read an array; MATLAB counts axes from the other end."""
    stored = own_array(item)
    if stored.dtype.names is None:
        return stored.T
    h = np.empty(stored.shape, np.result_type(stored["real"], np.complex64))
    h.real, h.imag = stored["real"], stored["imag"]
    return h.T


def _limit(memory: int, seconds: int) -> None:
    """Bound what this process takes on top of what it has."""
    try:
        import resource
    except ImportError:  # not on this system
        return
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    total = pages * resource.getpagesize() + memory
    for kind, limit in (("AS", total), ("CPU", seconds), ("CORE", 0)):
        number = getattr(resource, f"RLIMIT_{kind}")
        hard = resource.getrlimit(number)[1]
        if hard != resource.RLIM_INFINITY:
            limit = min(limit, hard)
        resource.setrlimit(number, (limit, limit))


if __name__ == "__main__":
    try:
        answer = main(json.loads(sys.argv[1]))
    except MemoryError:
        answer = {"error": "it declares more than it can hold, or than memory does"}
    except Exception as error:  # scipy and h5py raise a dozen kinds
        answer = {"error": str(error) or type(error).__name__}
    print(json.dumps(answer))
