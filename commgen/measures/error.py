"""Errors of estimates, and the intervals that belong to them."""

import numpy as np

from commgen._checks import check_finite
from commgen.measures.intervals import RatioSums


def nmse(h, h_hat) -> float:
    r"""Normalised mean squared error, the ratio of summed powers.

    .. math:: \sum_i |\hat{h}_i - h_i|^2 \big/ \sum_i |h_i|^2

    The mean of per-sample ratios is another number: there one deep fade outweighs the
    rest of the batch.

    Parameters
    ----------
    h, h_hat : [...], complex
        True and estimated channel, of one shape.

    Returns
    -------
    float
        Linear, not dB. 1 is the error of the all-zero estimate.

    Raises
    ------
    ValueError
        If the shapes differ (they are not broadcast), or ``h`` is all zero.

    Examples
    --------
    >>> nmse([1, 1j], [1, 0])
    0.5
    """
    h, h_hat = np.asarray(h), np.asarray(h_hat)
    if h.shape != h_hat.shape:
        raise ValueError(
            f"h and h_hat must have one shape, got {h.shape} and {h_hat.shape}."
        )
    power = np.sum(np.abs(h) ** 2, dtype=np.float64)
    if power == 0:
        raise ValueError("h is all zero, its NMSE is undefined.")
    return float(np.sum(np.abs(h_hat - h) ** 2, dtype=np.float64) / power)


def nmse_interval(
    error_power, channel_power, *, groups=None, confidence: float = 0.95
) -> tuple[float, float, float]:
    """NMSE of many channels with its interval, for channels that may come in groups.

    Packets recorded together see one channel, so they count as one unit: their powers
    are summed within each group before the spread between groups is taken.

    Parameters
    ----------
    error_power, channel_power : [n], float
        Of each channel: sum of |h_hat - h|^2, and of |h|^2, over its entries.
    groups : [n], int or str, optional
        Label of the group of each channel. Without it, each channel is its own.
    confidence
        Probability that the interval covers the NMSE, two-sided.

    Returns
    -------
    nmse, low, high : float
        Linear; see :meth:`RatioSums.interval`.

    Raises
    ------
    ValueError
        If the lengths differ, an entry is negative or not finite, or all channels
        are zero.
    """
    x = np.asarray(error_power, np.float64)
    y = np.asarray(channel_power, np.float64)
    if x.ndim != 1 or x.shape != y.shape or len(x) == 0:
        raise ValueError(
            "error_power and channel_power must be [n] with n >= 1, "
            f"got {x.shape} and {y.shape}."
        )
    check_finite("error_power", x)
    check_finite("channel_power", y)
    if x.min() < 0 or y.min() < 0 or y.sum() == 0:
        raise ValueError(
            "error_power and channel_power must be at least 0 and not all channels 0."
        )
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != x.shape:
            raise ValueError(f"groups must be [{len(x)}], got {groups.shape}.")
        index = np.unique(groups, return_inverse=True)[1]
        x, y = np.bincount(index, x), np.bincount(index, y)
    sums = RatioSums.of(x, y)
    return sums.ratio(), *sums.interval(confidence)
