"""Checks at the door: one clear line with the argument, the rule and the value."""

from numbers import Integral, Real
from typing import Any

import numpy as np


def check_int(name: str, value: Any, *, low: int, high: int | None = None) -> int:
    """Return ``value`` as int, or raise unless it is a whole number in range."""
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise TypeError(f"{name} must be a whole number, got {value!r}.")
    value = int(value)
    if value < low:
        raise ValueError(f"{name} must be at least {low}, got {value}.")
    if high is not None and value > high:
        raise ValueError(f"{name} must be at most {high}, got {value}.")
    return value


def check_positive(name: str, value: Any) -> float:
    """Return ``value`` as float, or raise unless it is finite and above zero."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    value = float(value)
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be finite and above 0, got {value}.")
    return value


def check_rank(name: str, value: Any, shape: str) -> None:
    """Raise unless ``value`` has the rank of ``shape``, such as ``"[n, num_rx]"``."""
    rank = shape.count(",") + 1
    if len(value.shape) != rank:
        raise ValueError(
            f"{name} must be {shape}, got {len(value.shape)} dimensions "
            f"{tuple(value.shape)}."
        )


def check_finite(name: str, value: np.ndarray) -> None:
    """Raise if ``value`` holds NaN or infinity, and say where the first one is."""
    bad = ~np.isfinite(value)
    if bad.any():
        first = tuple(int(i) for i in np.argwhere(bad)[0])
        raise ValueError(
            f"{name} must be finite, got {int(bad.sum())} NaN or infinite entries, "
            f"the first at index {first}."
        )
