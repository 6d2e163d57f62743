"""How often a region holds the channel, and how small it is."""

from typing import NamedTuple

import numpy as np
from scipy import stats
from scipy.special import ive

from commgen._checks import check_int
from commgen.phy.metrics import wilson_interval
from commgen.phy.uncertainty.regions import (
    Kind,
    gaussian_radius,
    per_channel,
    scores,
)


class Coverage(NamedTuple):
    """Share of what a region held, with the ends of its interval."""

    share: float
    low: float
    high: float


def coverage(
    h,
    h_hat,
    err_var,
    level: float,
    kind: Kind = "entry",
    *,
    radius: float | None = None,
    groups=None,
    confidence: float = 0.95,
) -> Coverage:
    """Measure how often the regions of :func:`credible_region` hold the channel.

    Parameters
    ----------
    h, h_hat : [n, *event_shape], complex
        Channels, and their estimates.
    err_var : [n, *event_shape], float
        Promised error variance.
    level, kind, radius
        As :func:`~commgen.phy.uncertainty.credible_region`.
    groups : [n], optional
        Which channels were recorded together; see :func:`share_interval`.
    confidence
        Of the interval.

    Returns
    -------
    Coverage

    Raises
    ------
    ValueError
        As :func:`~commgen.phy.uncertainty.scores` and :func:`share_interval`.
    """
    score = scores(h, h_hat, err_var, kind)
    size = 1 if kind == "entry" else int(np.prod(np.shape(h)[1:]))
    r = gaussian_radius(level, size) if radius is None else float(radius)
    held = (score <= r).reshape(len(score), -1).mean(axis=1)
    return share_interval(held, groups=groups, confidence=confidence)


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
    wilson_interval(0, 0, confidence)  # checks the confidence
    if num < 2:
        return Coverage(p, 0.0, 1.0)
    residual = float(np.sum((sums - p * sizes) ** 2))
    variance = num / (num - 1) * residual / len(x) ** 2
    # Groups that all agree are worth no more than their number.
    worth = float(num) if variance == 0 else p * (1 - p) / variance
    level = (1 + confidence) / 2
    worth *= float((stats.norm.ppf(level) / stats.t.ppf(level, num - 1)) ** 2)
    return Coverage(p, *wilson_interval(p * worth, worth, confidence))


def attained_level(h, samples, *, seed: int) -> np.ndarray:
    """Return the level of the least region of posterior samples that holds a channel.

    The region is the ball around the samples' mean. Channel and samples are draws of
    one distribution if the posterior is right; the rank of the channel's distance from
    the mean of all others among them is then uniform, whatever the distribution
    (exchangeability). A region of level L holds a share L of such channels.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    samples : [num_samples, n, *event_shape], complex
        Posterior draws, at least 2 each.
    seed
        Of the place between two ranks.

    Returns
    -------
    [n], float
        In 0 to 1. ``share_interval(attained <= level)`` is the coverage.

    Raises
    ------
    ValueError
        If the shapes do not belong together.
    """
    h, samples = np.asarray(h), np.asarray(samples)
    check_int("seed", seed, low=0)
    if samples.shape[1:] != h.shape or h.ndim < 2 or len(samples) < 2:
        raise ValueError(
            f"samples must be [num_samples >= 2, *{h.shape}] as h, got {samples.shape}."
        )
    together = np.concatenate([h[None], samples]).astype(np.complex128)
    # The mean of the others is farther off by the same factor for each of them.
    spread = np.abs(together - together.mean(axis=0)) ** 2
    distance = spread.reshape(*spread.shape[:2], -1).sum(axis=2)
    rank = np.sum(distance[1:] < distance[0], axis=0)
    between = np.random.default_rng(seed).random(len(h))
    return (rank + between) / len(together)


def log_score(h, h_hat, err_var) -> np.ndarray:
    r"""Negative log-density of the channels under the promise, nats per entry, [n].

    The mean over the entries of :math:`\ln(\pi v_i) + |h_i - \hat h_i|^2 / v_i`, for
    independent circular Gaussian errors; infinite where an error was made and none
    promised.
    """
    score = scores(h, h_hat, err_var, "entry")
    with np.errstate(divide="ignore"):
        volume = np.log(np.pi * np.asarray(err_var, np.float64))
    return per_channel(volume + score) / score[0].size


def energy_score(h, h_hat, err_var) -> np.ndarray:
    r"""Energy score, the CRPS of a complex number, mean over the entries, [n].

    .. math:: E|X - h| - \tfrac12 E|X - X'| = \frac{\sqrt{\pi v}}{2}
        \left(L_{1/2}\!\left(-|h - \hat h|^2 / v\right) - \frac{1}{\sqrt 2}\right)

    for independent :math:`X, X' \sim \mathcal{CN}(\hat h, v)` (Gneiting and Raftery, J.
    Am. Stat. Assoc. 102, 2007, eq. 22); the first term is the mean of a Rice variable,
    with the Laguerre function of order one half. In units of the channel; 0 is best,
    and without any promised error it is the absolute error.
    """
    v = np.asarray(err_var, np.float64)
    error = np.abs(np.asarray(h).astype(np.complex128) - h_hat)
    scores(h, h_hat, err_var, "entry")  # checks the shapes
    x = np.divide(error**2, 2 * v, out=np.zeros_like(v), where=v > 0)
    laguerre = (1 + 2 * x) * ive(0, x) + 2 * x * ive(1, x)
    score = np.sqrt(np.pi * v) / 2 * (laguerre - np.sqrt(0.5))
    return per_channel(np.where(v > 0, score, error)) / v[0].size


def sharpness(h, err_var, radius: float) -> float:
    """Mean squared radius of the regions of entries over the mean power of a channel.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    err_var : [n, *event_shape], float
        Promised error variance.
    radius
        Squared radius in units of ``err_var``, as of :func:`gaussian_radius`.

    Raises
    ------
    ValueError
        If ``h`` is all zero.
    """
    power = float(np.mean(np.abs(np.asarray(h)) ** 2, dtype=np.float64))
    if power == 0:
        raise ValueError("h must not be all zero.")
    return float(radius * np.mean(err_var, dtype=np.float64) / power)
