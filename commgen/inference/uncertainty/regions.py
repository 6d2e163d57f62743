"""Credible regions of a channel estimate: discs of entries, balls of channels."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import gammaincinv

from commgen._checks import check_finite, check_int

#: What a region is about: each entry by itself, or a channel as a whole.
Kind = Literal["entry", "channel"]
KINDS: tuple[Kind, ...] = ("entry", "channel")


@dataclass(frozen=True)
class Region:
    r"""Set that holds the channel with a stated probability.

    Parameters
    ----------
    centre : [batch, *event_shape], complex
        The estimate.
    radius_sq : [batch, *event_shape] or [batch], float
        Squared radius of the disc :math:`|h_i - \hat h_i|^2 \le r_i` of each entry, or
        of the ball :math:`\sum_i |h_i - \hat h_i|^2 \le r` of each channel.
    level
        Probability.
    kind
        ``"entry"`` or ``"channel"``.
    """

    centre: np.ndarray
    radius_sq: np.ndarray
    level: float
    kind: Kind

    def contains(self, h) -> np.ndarray:
        """Return which entries, or which channels, the region holds.

        Parameters
        ----------
        h : [batch, *event_shape], complex

        Returns
        -------
        bool
            Of the shape of ``radius_sq``. The border belongs to the region.

        Raises
        ------
        ValueError
            If ``h`` has another shape than the centre.
        """
        h = np.asarray(h)
        if h.shape != self.centre.shape:
            raise ValueError(f"h must be {self.centre.shape}, got {h.shape}.")
        error = np.abs(h - self.centre) ** 2
        if self.kind == "channel":
            error = error.reshape(len(error), -1).sum(axis=1)
        return error <= self.radius_sq


def check_level(level: float) -> float:
    """Return ``level``, or raise unless it is a probability between 0 and 1."""
    if not 0 < level < 1:
        raise ValueError(f"level must be in (0, 1), got {level}.")
    return float(level)


def check_kind(kind: str) -> None:
    """Raise unless ``kind`` is ``"entry"`` or ``"channel"``."""
    if kind not in KINDS:
        raise ValueError(f"kind must be of {KINDS}, got {kind!r}.")


def gaussian_radius(level: float, size: int = 1) -> float:
    r"""Squared radius of a Gaussian posterior's region, in units of ``err_var``.

    The squared error of ``size`` independent circular Gaussian entries is a Gamma
    variable of that shape. For one entry the quantile is :math:`-\ln(1 - level)`.

    Parameters
    ----------
    level
        Probability in (0, 1).
    size
        Entries of the ball; the radius is in units of their summed variance.

    Examples
    --------
    >>> round(gaussian_radius(0.9), 4)
    2.3026
    """
    size = check_int("size", size, low=1)
    return float(gammaincinv(size, check_level(level)) / size)


def credible_region(
    h_hat, err_var, level: float, kind: Kind = "entry", *, radius: float | None = None
) -> Region:
    """Return the region of an estimate.

    Parameters
    ----------
    h_hat : [batch, *event_shape], complex
        Estimate.
    err_var : [batch, *event_shape], float
        Its promised error variance.
    level
        Probability in (0, 1).
    kind
        ``"entry"`` or ``"channel"``.
    radius
        Squared radius in units of the (summed) ``err_var``; that of
        :func:`gaussian_radius` where None, for a ball with all entries independent.

    Raises
    ------
    ValueError
        If shapes differ, a variance is negative or not finite, or ``level`` or
        ``kind`` are none.
    """
    check_kind(kind)
    h_hat, err_var = check_estimate(h_hat, err_var)
    size = 1 if kind == "entry" else int(np.prod(h_hat.shape[1:]))
    r = gaussian_radius(level, size) if radius is None else float(radius)
    total = err_var if kind == "entry" else per_channel(err_var)
    return Region(h_hat, r * total, check_level(level), kind)


def check_estimate(h_hat, err_var) -> tuple[np.ndarray, np.ndarray]:
    """Return estimate and promised variance as arrays of one shape, or raise."""
    h_hat, err_var = np.asarray(h_hat), np.asarray(err_var)
    if h_hat.shape != err_var.shape or h_hat.ndim < 2 or len(h_hat) == 0:
        raise ValueError(
            "h_hat and err_var must have one shape [n, *event_shape] with n >= 1, got "
            f"{h_hat.shape} and {err_var.shape}."
        )
    check_finite("h_hat", h_hat)
    check_finite("err_var", err_var)
    if err_var.min() < 0:
        raise ValueError(f"err_var must be at least 0, got {err_var.min()}.")
    return h_hat, err_var


def scores(h, h_hat, err_var, kind: Kind) -> np.ndarray:
    """Squared error in units of the promised one: what a radius is compared with.

    Parameters
    ----------
    h, h_hat : [n, *event_shape], complex
        Channels, and their estimates.
    err_var : [n, *event_shape], float
        Promised error variance.
    kind
        ``"entry"``: of each entry, [n, *event_shape]; ``"channel"``: the sum of the
        errors over the sum of the variances, [n].

    Returns
    -------
    float
        Infinite where an error was made and none was promised; 0 where neither was.
    """
    check_kind(kind)
    h_hat, err_var = check_estimate(h_hat, err_var)
    h = np.asarray(h)
    if h.shape != h_hat.shape:
        raise ValueError(f"h must be {h_hat.shape} as h_hat, got {h.shape}.")
    error = np.abs(h.astype(np.complex128) - h_hat) ** 2
    promised = err_var.astype(np.float64)
    if kind == "channel":
        error, promised = per_channel(error), per_channel(promised)
    ratio = np.where(error > 0, np.inf, 0.0)
    return np.divide(error, promised, out=ratio, where=promised > 0)


def per_channel(x: np.ndarray) -> np.ndarray:
    """Sum over all axes but the first, [n]."""
    return x.reshape(len(x), -1).sum(axis=1, dtype=np.float64)
