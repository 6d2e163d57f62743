"""Plain values by dotted key, and the paths among them."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

PathKeys = Callable[[Any], Iterable[str]]


def resolve_paths(data: Any, folder: Path, path_keys: PathKeys) -> Any:
    """Make the relative paths of a configuration absolute, in place.

    Parameters
    ----------
    data
        Plain values, such as YAML gives them.
    folder
        What its paths are relative to.
    path_keys
        Returns the dotted keys of ``data`` that name files or folders.

    Returns
    -------
    data
    """
    return change_paths(data, path_keys, lambda path: absolute(path, folder))


def change_paths(data: Any, path_keys: PathKeys, change: Callable[[str], str]) -> Any:
    """Replace the paths among plain values, in place, and return these."""
    for key in path_keys(data):
        value = get_value(data, key)
        if isinstance(value, str):
            set_value(data, key, change(value))
    return data


def absolute(path: str, folder: Path) -> str:
    """Return a path that is relative to ``folder``, or to a home, as an absolute."""
    return os.path.normpath(folder / Path(path).expanduser())


def relative(path: str | Path, folder: Path) -> str:
    """Return a path relative to ``folder``: both may move together."""
    return os.path.relpath(path, folder.resolve())


def get_value(data: Any, key: str) -> Any:
    """Return the value of a dotted key, None where it is not there."""
    for part in key.split("."):
        if isinstance(data, list) and part.isdigit() and int(part) < len(data):
            data = data[int(part)]
        else:
            data = data.get(part) if isinstance(data, dict) else None
    return data


def set_value(data: Any, key: str, value: Any) -> None:
    """Set a dotted key, whose parents must be there, in place.

    Raises
    ------
    ValueError
        If a parent is missing, or is neither a mapping nor a list.
    """
    *parents, last = key.split(".")
    for part in parents:
        data = _child(data, part, key)
    if isinstance(data, list):
        _child(data, last, key)
        data[int(last)] = value
    elif isinstance(data, dict):
        data[last] = value
    else:
        raise ValueError(
            f"grid: {key} must lie in a mapping or list of the simulation."
        )


def _child(data: Any, part: str, key: str) -> Any:
    if isinstance(data, dict) and part in data:
        return data[part]
    if isinstance(data, list) and part.isdigit() and int(part) < len(data):
        return data[int(part)]
    raise ValueError(f"grid: {key} must be a key of the simulation, it has no {part}.")
