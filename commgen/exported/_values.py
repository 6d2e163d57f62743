"""Checks of the values in a contract."""

import json
import math
import re
from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

import numpy as np


def check_text(name: str, value: Any) -> None:
    """Raise unless ``value`` is a text with something in it."""
    if not isinstance(value, str) or not value.strip():
        raise ValueError(f"{name} must be a text that is not empty, got {value!r}.")


def check_keys(name: str, values: Any, keys: Iterable[str]) -> None:
    """Raise unless ``values`` is a dict with just these keys."""
    if not isinstance(values, dict):
        raise ValueError(f"{name} must be a JSON object, got {values!r}.")
    keys = list(keys)
    missing = [key for key in keys if key not in values]
    if missing:
        raise ValueError(f"{name} must have the key {missing[0]!r}, it is missing.")
    unknown = [key for key in values if key not in keys]
    if unknown:
        raise ValueError(f"{name} has the unknown key {unknown[0]!r}.")


def checked_range(name: str, value: Any, *, low: float | None = None):
    """Return ``value`` as two floats, or raise unless it is a range from ``low`` on."""
    if not (isinstance(value, list | tuple) and len(value) == 2):
        raise ValueError(f"{name} must be a lowest and a highest number, got {value}.")
    if not all(isinstance(v, Real) and not isinstance(v, bool) for v in value):
        raise ValueError(f"{name} must be two numbers, got {value!r}.")
    first, last = float(value[0]), float(value[1])
    if not (math.isfinite(first) and math.isfinite(last) and first <= last):
        raise ValueError(f"{name} must be finite and ascend, got {first:g}, {last:g}.")
    if low is not None and first < low:
        raise ValueError(f"{name} must be at least {low:g}, got {first:g}.")
    return first, last


def json_copy(name: str, values: Any) -> dict[str, Any]:
    """Return a mapping as JSON gives it back, tuples as lists."""
    if not isinstance(values, Mapping):
        raise ValueError(f"{name} must be a mapping, got {values!r}.")
    try:
        return json.loads(json.dumps(dict(values), allow_nan=False))
    except (TypeError, ValueError) as error:
        raise ValueError(f"{name} must hold JSON values only: {error}.") from error


def check_digest(name: str, value: Any) -> None:
    """Raise unless ``value`` is None or a SHA-256."""
    fits = isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)
    if value is not None and not fits:
        raise ValueError(f"{name} must be 64 hexadecimal digits, got {value!r}.")


def check_within(name: str, value: Any, limits: tuple[float, float]) -> None:
    """Raise unless all numbers lie within what a model was trained at."""
    # As an array: NumPy 1 takes a float32 scalar for less precise than the limits.
    values = np.atleast_1d(value)
    if values.dtype.kind not in "iuf":
        raise ValueError(f"{name} must be real numbers, got {value!r}.")
    low, high = limits
    outside = ~((values >= low) & (values <= high))
    if outside.any():
        index = tuple(int(i) for i in np.argwhere(outside)[0])
        where = f" at index {index}" if np.ndim(value) else ""
        raise ValueError(
            f"{name} must be in {low:g}..{high:g}, the range of the model's training, "
            f"got {values[index]:g}{where}."
        )


def check_format(values: Any, name: str, version: int) -> None:
    """Raise unless ``values`` is a dict of this format, in this version or older."""
    if not isinstance(values, dict) or values.get("format") != name:
        raise ValueError(f"it must be a JSON object with format {name}.")
    found = values.get("version")
    if isinstance(found, bool) or not isinstance(found, int) or found < 1:
        raise ValueError(f"version must be a whole number from 1 on, got {found!r}.")
    if found > version:
        raise ValueError(
            f"it has version {found}, newer than the {version} that this commgen "
            "reads; update commgen."
        )


def strict_json(text: str) -> Any:
    """Parse JSON; NaN, infinity and a key that stands twice are refused."""
    try:
        return json.loads(
            text, object_pairs_hook=_distinct, parse_constant=_no_constant
        )
    except ValueError as error:
        raise ValueError(f"it is not valid JSON: {error}.") from error


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        raise ValueError(f"the key {twice!r} stands there twice")
    return values


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no number of JSON")
