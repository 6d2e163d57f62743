"""What all measures ask of a set of channels, and the views that they take of it."""

from typing import Any

import numpy as np

from commgen._checks import check_finite

#: Fewer channels say too little: the neighbours of a channel are then anywhere.
MIN_CHANNELS = 20
_POWER_RANGE = (1e-3, 1e3)
# Relative to its power, what a set must vary by to be more than one channel.
_LEAST_VARIANCE = 1e-12


def check_set(name: str, h: Any, event_shape: tuple[int, ...] | None = None):
    """Return a set as complex64 [n, *event_shape], or raise what is wrong with it.

    Parameters
    ----------
    name
        Of the argument, for the message.
    h : [n, *event_shape], complex
        Channels of about unit mean power.
    event_shape
        Shape that they must have, of the set that they are compared with.

    Raises
    ------
    TypeError
        If the entries are not complex numbers.
    ValueError
        If there are fewer than ``MIN_CHANNELS``, the shape is another one, an entry is
        NaN or infinite, the mean power is not near one, or all channels are the same.
    """
    h = np.asarray(h)
    if not np.iscomplexobj(h):
        raise TypeError(f"{name} must be complex, got {h.dtype}.")
    if h.ndim < 2 or h.size == 0:
        raise ValueError(f"{name} must be [n, *event_shape], got {h.shape}.")
    if event_shape is not None and h.shape[1:] != tuple(event_shape):
        raise ValueError(
            f"{name} must hold channels of the shape {tuple(event_shape)}, as the set "
            f"that it is compared with, got {h.shape[1:]}."
        )
    if len(h) < MIN_CHANNELS:
        raise ValueError(
            f"{name} must hold at least {MIN_CHANNELS} channels, got {len(h)}."
        )
    check_finite(name, h)
    power = float(np.mean(np.abs(h.astype(np.complex128)) ** 2))
    low, high = _POWER_RANGE
    if not low <= power <= high:
        raise ValueError(
            f"{name} must have a mean power |h|^2 near 1 (between {low:g} and "
            f"{high:g}), got {power:.3g}; normalise it first."
        )
    if np.mean(np.var(h, axis=0, dtype=np.complex128)) < _LEAST_VARIANCE * power:
        raise ValueError(
            f"{name} must hold different channels, got one channel {len(h)} times."
        )
    return h.astype(np.complex64)


def check_groups(name: str, groups: Any, n: int) -> np.ndarray:
    """Return labels [n] as whole numbers; without labels each channel is its own."""
    if groups is None:
        return np.arange(n)
    groups = np.asarray(groups)
    if groups.shape != (n,):
        raise ValueError(
            f"{name} must be [{n}], one for each channel, got {groups.shape}."
        )
    return np.unique(groups, return_inverse=True)[1]


def as_features(x: Any, *, unit_norm: bool = False) -> np.ndarray:
    """Flatten samples to real features, [n, features], float64.

    A complex sample becomes its real parts and then its imaginary parts, so that the
    Euclidean distance of two rows is that of the samples.

    Parameters
    ----------
    x : [n, ...], real or complex
        Samples.
    unit_norm
        Scale each sample to norm one (an all-zero one stays), which leaves the shape
        of a channel and takes its power.

    Raises
    ------
    ValueError
        If there is no sample axis or no entry, or an entry is NaN or infinite.
    """
    x = np.asarray(x)
    if x.ndim < 2 or x.size == 0:
        raise ValueError(f"x must be [n, ...] with entries, got {x.shape}.")
    check_finite("x", x)
    x = x.reshape(len(x), -1)
    if np.iscomplexobj(x):
        x = np.concatenate([x.real, x.imag], axis=1)
    x = x.astype(np.float64)
    if unit_norm:
        norm = np.linalg.norm(x, axis=1, keepdims=True)
        x = x / np.where(norm > 0, norm, 1)
    return x


def features_of_pair(x: Any, y: Any, *, unit_norm: bool = False):
    """Return :func:`as_features` of two sets whose samples must have one shape."""
    a, b = as_features(x, unit_norm=unit_norm), as_features(y, unit_norm=unit_norm)
    if a.shape[1] != b.shape[1] or np.iscomplexobj(x) != np.iscomplexobj(y):
        raise ValueError(
            f"x and y must hold samples of one shape and kind, got {np.shape(x)} and "
            f"{np.shape(y)}, {np.asarray(x).dtype} and {np.asarray(y).dtype}."
        )
    if min(len(a), len(b)) < 2:
        raise ValueError(
            f"x and y must hold at least 2 samples each, got {len(a)} and {len(b)}."
        )
    return a, b


def subset(n: int, size: int, rng: np.random.Generator) -> np.ndarray:
    """Choose ``size`` of ``n`` rows without repetition, in their order."""
    return np.sort(rng.permutation(n)[:size])
