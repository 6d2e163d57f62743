"""Channels as single precision holds them: finite, and neither lost nor too large."""

import numpy as np

_SINGLE = np.finfo(np.float32)
#: Amplitudes that single precision holds with all its digits.
KEPT = (float(_SINGLE.tiny), float(_SINGLE.max))
#: Amplitudes whose squares, the powers, double precision holds.
SQUARED = (1e-150, 1e150)


def peaks(h: np.ndarray) -> np.ndarray:
    """Return the largest real or imaginary part of each sample, [num_samples]."""
    axes = tuple(range(1, h.ndim))
    # Not |h|, which overflows and underflows.
    parts = np.maximum(np.abs(np.real(h)), np.abs(np.imag(h)))
    peak = parts.max(axis=axes, initial=0)
    return peak.astype(np.result_type(peak, np.float64))


def to_single(
    h: np.ndarray, rows=None, advice: str = "", *, name: str = "h"
) -> np.ndarray:
    """Return finite channels as complex64.

    Small entries beside large ones of their sample may become zero, as rounding does.

    Parameters
    ----------
    h : [num_samples, ...], complex
        Channels.
    rows, advice, name
        As in :func:`check_peaks`.

    Raises
    ------
    ValueError
        If a sample with power would become all zero, lose digits, or overflow.
    """
    if h.dtype != np.complex64:
        check_peaks(peaks(h), KEPT, rows, advice, name=name)
    return np.ascontiguousarray(h, dtype=np.complex64)


def check_peaks(
    peak: np.ndarray,
    limits: tuple[float, float],
    rows=None,
    advice: str = "",
    *,
    name: str = "h",
) -> None:
    """Raise where the peak of a sample is neither 0 nor within ``limits``.

    ``rows`` has the number of each sample in the whole; ``advice`` ends the message,
    which begins with the ``name`` of the channels.
    """
    low, high = limits
    outside = (peak != 0) & ((peak < low) | (peak > high))
    if outside.any():
        first = int(np.argmax(outside))
        number = first if rows is None else int(rows[first])
        raise ValueError(
            f"{name} must have amplitudes from {low:.2g} to {high:.2g}, or 0; sample "
            f"{number} has at most {peak[first]:.3g}{advice}."
        )
