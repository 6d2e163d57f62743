"""Intervals of rates, shares, ratios and means, for units that may come in groups."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


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
    z = normal_quantile(confidence)
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
        normal_quantile(confidence)
        r = self.ratio()
        if r == 0:
            return 0.0, 0.0
        if self.count < 2 or not np.isfinite(r):
            return 0.0, float("inf")
        n = self.count
        residual = max(self.xx - 2 * r * self.xy + r**2 * self.yy, 0.0)
        deviation = np.sqrt(n / (n - 1) * residual) / self.x
        spread = np.exp(_stdtrit(n - 1, level) * deviation)
        return float(r / spread), float(r * spread)


def normal_quantile(confidence: float) -> float:
    """Return how many standard deviations a two-sided normal interval reaches."""
    if not 0 < confidence < 1:
        raise ValueError(f"confidence must be in (0, 1), got {confidence}.")
    return float(_ndtri((1 + confidence) / 2))


def paired_interval_db(
    a: np.ndarray, b: np.ndarray, groups: np.ndarray, confidence: float = 0.95
) -> tuple[float, float]:
    r"""Interval of the mean over rows of 10 log10(sum a / sum b).

    By the delta method: channel i contributes :math:`a_i / \sum a - b_i / \sum b`, so
    that what is hard for both estimators cancels (Cochran, *Sampling Techniques*, 1977,
    sec. 2.11).

    Parameters
    ----------
    a, b : [rows, n], float
        Squared errors of the same n channels, each row with a sum above 0.
    groups : [n], int
        Channels of one group count as one.
    confidence
        Probability that the interval covers the mean, two-sided.

    Returns
    -------
    low, high : float
        In dB. Without end where there is but one group.
    """
    share_a, share_b = (x / x.sum(axis=1, keepdims=True) for x in (a, b))
    centre = float(np.mean(10 * np.log10(a.sum(axis=1) / b.sum(axis=1))))
    influence = np.bincount(groups, (share_a - share_b).mean(axis=0))
    n = len(influence)
    if n < 2:
        return float("-inf"), float("inf")
    deviation = np.sqrt(n / (n - 1) * np.sum(influence**2)) * 10 / np.log(10)
    half = float(_stdtrit(n - 1, (1 + confidence) / 2) * deviation)
    return centre - half, centre + half


class Coverage(NamedTuple):
    """Share of what a region held, with the ends of its interval."""

    share: float
    low: float
    high: float


def share_interval(share, *, groups=None, confidence: float = 0.95) -> Coverage:
    r"""Mean of shares with an interval, for channels that may come in groups.

    The variance of the mean is that between the groups, weighted by their sizes. It
    says how many independent channels n the mean is worth, :math:`p(1-p)/n`, and
    Wilson's interval is taken at that number, reduced by :math:`(z/t)^2` for the few
    groups the variance is known from (Korn and Graubard, Survey Methodology 24, 1998,
    193-201, there with the interval of Clopper and Pearson).

    Parameters
    ----------
    share : [n], float
        Of each channel, in 0 to 1.
    groups : [n], int or str, optional
        Label of the group of each channel. Without it, each is its own.
    confidence
        Probability that the interval covers the share, two-sided.

    Returns
    -------
    Coverage
        One group alone says nothing about the spread: the interval is then (0, 1).

    Raises
    ------
    ValueError
        If a share is not in 0 to 1, lengths differ, or ``confidence`` is no
        probability.
    """
    x = np.asarray(share, np.float64)
    if x.ndim != 1 or len(x) == 0 or not ((x >= 0) & (x <= 1)).all():
        raise ValueError(
            f"share must be [n] with n >= 1 and entries in 0..1, got {x.shape}."
        )
    index = np.arange(len(x))
    if groups is not None:
        groups = np.asarray(groups)
        if groups.shape != x.shape:
            raise ValueError(f"groups must be [{len(x)}], got {groups.shape}.")
        index = np.unique(groups, return_inverse=True)[1]
    sizes, sums = np.bincount(index), np.bincount(index, x)
    p, num = float(np.clip(x.mean(), 0.0, 1.0)), len(sizes)
    normal_quantile(confidence)  # checks the confidence
    if num < 2:
        return Coverage(p, 0.0, 1.0)
    residual = float(np.sum((sums - p * sizes) ** 2))
    variance = num / (num - 1) * residual / len(x) ** 2
    # Groups that all agree are worth no more than their number.
    worth = float(num) if variance == 0 else p * (1 - p) / variance
    level = (1 + confidence) / 2
    worth *= float((_ndtri(level) / _stdtrit(num - 1, level)) ** 2)
    return Coverage(p, *wilson_interval(p * worth, worth, confidence))


def mean_interval(x, confidence: float = 0.95) -> tuple[float, float, float]:
    """Return mean and interval of independent numbers [n], by the central limit.

    Raises
    ------
    ValueError
        If there are fewer than two.
    """
    x = np.asarray(x, np.float64)
    if x.ndim != 1 or len(x) < 2:
        raise ValueError(f"x must be [n] with n >= 2, got {x.shape}.")
    z = normal_quantile(confidence)
    mean, half = x.mean(), z * x.std(ddof=1) / np.sqrt(len(x))
    return float(mean), float(mean - half), float(mean + half)


# SciPy takes half a second to load: what counts nothing need not wait for it.
def _ndtri(probability: float) -> float:
    """Quantile of the normal law."""
    from scipy.special import ndtri

    return ndtri(probability)


def _stdtrit(freedom: float, probability: float) -> float:
    """Quantile of Student's law with so many degrees of freedom."""
    from scipy.special import stdtrit

    return stdtrit(freedom, probability)
