"""Checks at the door: one clear line with the argument, the rule and the value."""

from numbers import Integral, Real
from typing import Any

import numpy as np

#: Range of amplitudes and noise variances, 150 dB of SNR either way: their squares and
#: reciprocals are single precision too, which ends at 1e-38 and 3e38.
FLOAT_RANGE = (1e-15, 1e15)
SNR_LIMIT_DB = 150.0
_ROUNDING = 1e-5  # of a noise variance that was single precision once
# Of what is no amplitude: hertz, seconds, steps; their products are numbers still.
_POSITIVE_RANGE = (1e-30, 1e30)


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
    """Return ``value`` as float, or raise unless it is above zero and in range."""
    if isinstance(value, bool) or not isinstance(value, Real):
        raise TypeError(f"{name} must be a number, got {value!r}.")
    value = float(value)
    if not np.isfinite(value) or value <= 0:
        raise ValueError(f"{name} must be finite and above 0, got {value}.")
    low, high = _POSITIVE_RANGE
    if not low <= value <= high:
        raise ValueError(f"{name} must be between {low:g} and {high:g}, got {value}.")
    return value


def check_noise_variance(name: str, value: Any, *, zero: bool = False) -> np.ndarray:
    """Return noise variances as float64 of any shape, or raise what is wrong.

    Parameters
    ----------
    name, value
        The argument.
    zero
        Whether there may be no noise at all.

    Raises
    ------
    TypeError
        If they are no real numbers.
    ValueError
        If there is none, or one is not in ``FLOAT_RANGE``: an SNR of 150 dB either way.
    """
    no = np.asarray(value)
    if no.dtype.kind not in "iuf":
        raise TypeError(f"{name} must be a number, got {no.tolist()!r:.60}.")
    if no.size == 0:
        raise ValueError(f"{name} must hold a number, got shape {no.shape}.")
    least, rule = (0.0, "at least") if zero else (np.finfo(float).tiny, "above")
    _raise_at(~(np.isfinite(no) & (no >= least)), name, no, f"finite and {rule} 0")
    low, high = FLOAT_RANGE
    outside = (no > high * (1 + _ROUNDING)) | (no < low * (1 - _ROUNDING))
    _raise_at(outside & (no > 0), name, no, f"between {low:g} and {high:g}")
    return no.astype(np.float64)


def check_snr_db(name: str, value: Any) -> np.ndarray:
    """Return SNRs in dB as float64, or raise unless all lie within 150 dB of 0."""
    snr_db = np.asarray(value)
    if snr_db.dtype.kind not in "iuf" or snr_db.size == 0:
        raise ValueError(
            f"{name} must be real numbers, got {snr_db.dtype} {snr_db.shape}."
        )
    most = SNR_LIMIT_DB
    outside = ~(np.abs(snr_db) <= most)  # NaN is outside, too
    _raise_at(outside, name, snr_db, f"between -{most:g} and {most:g} dB")
    return snr_db.astype(np.float64)


def _raise_at(bad: np.ndarray, name: str, value: np.ndarray, rule: str) -> None:
    if bad.any():
        raise ValueError(f"{name} must be {rule}, got {value[bad].ravel()[0]:g}.")


def check_amplitudes(name: str, value: Any) -> None:
    """Raise if an entry is NaN, infinite, or above what single precision squares."""
    value = np.asarray(value)
    check_finite(name, value)
    largest = float(np.abs(value).max(initial=0.0))
    if largest > FLOAT_RANGE[1]:
        raise ValueError(
            f"{name} must have entries of at most {FLOAT_RANGE[1]:g}, got {largest:g}."
        )


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
