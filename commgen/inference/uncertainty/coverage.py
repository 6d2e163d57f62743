"""How often a region holds the channel, and how small it is."""

import numpy as np
from scipy.special import ive

from commgen._checks import check_int
from commgen.inference.uncertainty.regions import (
    Kind,
    gaussian_radius,
    per_channel,
    scores,
)
from commgen.measures.intervals import Coverage, share_interval


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
        As :func:`~commgen.inference.uncertainty.credible_region`.
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
        As :func:`~commgen.inference.uncertainty.scores` and :func:`share_interval`.
    """
    score = scores(h, h_hat, err_var, kind)
    size = 1 if kind == "entry" else int(np.prod(np.shape(h)[1:]))
    r = gaussian_radius(level, size) if radius is None else float(radius)
    held = (score <= r).reshape(len(score), -1).mean(axis=1)
    return share_interval(held, groups=groups, confidence=confidence)


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
