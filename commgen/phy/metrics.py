"""Error measures of a link, and the intervals that belong to them."""

from dataclasses import dataclass

import numpy as np
from scipy import stats

from commgen._checks import check_finite


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


def to_db(value) -> float:
    """Return 10 log10 of a power ratio; 0 gives minus infinity, without a warning."""
    value = float(value)
    if value < 0:
        raise ValueError(f"value must be a power, at least 0, got {value}.")
    return float("-inf") if value == 0 else float(10 * np.log10(value))


def from_db(value_db: float) -> float:
    """Return the power ratio of a value in dB."""
    return float(10 ** (float(value_db) / 10))


def wilson_interval(
    errors: float, trials: float, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Wilson's score interval of an error rate.

    It stays inside [0, 1] and has a width even at zero errors, where the usual normal
    interval is a point (Wilson, J. Am. Stat. Assoc. 22, 1927, 209-212).

    Parameters
    ----------
    errors, trials
        Errors counted in that many independent trials; fractions where they are
        effective numbers.
    confidence
        Probability that the interval covers the rate, two-sided.

    Returns
    -------
    low, high : float
        With zero errors ``low`` is 0; with no trials the interval is (0, 1).

    Raises
    ------
    ValueError
        If ``errors`` is not in 0..``trials`` or ``confidence`` not in (0, 1).

    Examples
    --------
    >>> low, high = wilson_interval(0, 100)
    >>> round(low, 4), round(high, 4)
    (0.0, 0.037)
    """
    if not 0 <= errors <= trials:
        raise ValueError(f"errors must be in 0..trials, got {errors} of {trials}.")
    z = _normal_quantile(confidence)
    if trials == 0:
        return 0.0, 1.0
    p = errors / trials
    centre = (p + z**2 / (2 * trials)) / (1 + z**2 / trials)
    root = np.sqrt(p * (1 - p) / trials + z**2 / (4 * trials**2))
    half = z / (1 + z**2 / trials) * root
    # The ends 0 and 1 are exact; rounding must not push a bound past the rate.
    low = 0.0 if errors == 0 else min(centre - half, p)
    high = 1.0 if errors == trials else max(centre + half, p)
    return float(low), float(high)


@dataclass(frozen=True)
class RatioSums:
    """What the interval of a ratio of sums needs, addable over batches.

    Parameters
    ----------
    count
        Number of independent units (channels, or groups of channels).
    x, y, xx, xy, yy
        Sums over the units of numerator, denominator, and their products.
    """

    count: float = 0.0
    x: float = 0.0
    y: float = 0.0
    xx: float = 0.0
    xy: float = 0.0
    yy: float = 0.0

    @classmethod
    def of(cls, x, y) -> "RatioSums":
        """Return the sums of the numerators ``x`` and denominators ``y``, [n]."""
        x, y = np.asarray(x, np.float64), np.asarray(y, np.float64)
        products = float(x @ x), float(x @ y), float(y @ y)
        return cls(float(len(x)), float(x.sum()), float(y.sum()), *products)

    def ratio(self) -> float:
        """Return sum(x) / sum(y); NaN if nothing was counted."""
        return self.x / self.y if self.y > 0 else float("nan")

    def interval(self, confidence: float = 0.95) -> tuple[float, float]:
        r"""Return the delta-method interval of the ratio, on a logarithmic scale.

        With :math:`r = \sum x / \sum y`, the variance of :math:`\log r` is
        :math:`\frac{n}{n-1} \sum (x_i - r y_i)^2 / (r \sum y)^2`
        (Cochran, *Sampling Techniques*, 1977, eq. 2.46), and Student's t with
        :math:`n-1` degrees of freedom gives the factor. One unit says nothing about
        its spread: the interval is then (0, infinity). A ratio of 0 gives (0, 0).
        """
        level = (1 + confidence) / 2
        _normal_quantile(confidence)
        r = self.ratio()
        if r == 0:
            return 0.0, 0.0
        if self.count < 2 or not np.isfinite(r):
            return 0.0, float("inf")
        n = self.count
        residual = max(self.xx - 2 * r * self.xy + r**2 * self.yy, 0.0)
        deviation = np.sqrt(n / (n - 1) * residual) / self.x
        spread = np.exp(stats.t.ppf(level, n - 1) * deviation)
        return float(r / spread), float(r * spread)


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


def _normal_quantile(confidence: float) -> float:
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}.")
    return float(stats.norm.ppf((1 + confidence) / 2))
