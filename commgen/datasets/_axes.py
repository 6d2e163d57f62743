"""The axes of other people's arrays, and those of a channel array."""

from collections.abc import Sequence

import numpy as np

_GUESSES = {2: (0, 4), 3: (0, 1, 4), 4: (0, 1, 2, 4), 5: (0, 1, 2, 3, 4)}


def axes_of_domain(domain: str) -> tuple[str, ...]:
    """Return the names of the axes of a channel array."""
    last = "subcarrier" if domain == "frequency" else "tap"
    return ("sample", "rx", "tx", "time", last)


def guess_axes(name: str, h: np.ndarray, domain: str) -> tuple[str, ...]:
    """Return the axes of an array that nobody has named: samples first, rx, tx, time.

    Raises
    ------
    ValueError
        If it has less than two dimensions, or more than five.
    """
    if h.ndim not in _GUESSES:
        raise ValueError(
            f"{name} must be [n, subcarriers], [n, rx, subcarriers], [n, rx, tx, "
            "subcarriers] or [n, rx, tx, time, subcarriers], or have its axes named by "
            f"--axes, got {h.shape}."
        )
    return tuple(axes_of_domain(domain)[k] for k in _GUESSES[h.ndim])


def check_axes(axes: Sequence[str], domain: str) -> tuple[str, ...]:
    """Return names of axes, or raise unless each is one of a channel array, once."""
    known = axes_of_domain(domain)
    if not axes or not set(axes) <= set(known) or len(set(axes)) != len(axes):
        raise ValueError(
            f"axes must be of {', '.join(known)}, each at most once, got "
            f"{', '.join(axes)!r}."
        )
    return tuple(axes)


def to_channels(h: np.ndarray, axes: Sequence[str], domain: str) -> np.ndarray:
    """Lay an array out as a channel array; axes that it lacks get length 1."""
    order = axes_of_domain(domain)
    missing = [name for name in order if name not in axes]
    h = h.reshape(*h.shape, *(1 for _ in missing))
    named = [*axes, *missing]
    return h.transpose([named.index(name) for name in order])
