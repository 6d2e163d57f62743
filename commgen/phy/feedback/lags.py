"""Coefficients that go on from slot to slot: a Gaussian process of some lags."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.linalg import toeplitz

from commgen._checks import check_positive

#: Share of the power taken for white, so that no process is foreseen for certain.
_WHITE = 1e-3


@dataclass(frozen=True, eq=False)
class Lags:
    """What is known of coefficients in this slot and those before it.

    Parameters
    ----------
    mean : [n, rank, order], complex
        Means, this slot first.
    cov : [n, rank, order, order], float
        Covariances.
    """

    mean: np.ndarray
    cov: np.ndarray


class LagProcess:
    r"""Autoregression of coefficients whose correlation over lags is the same.

    .. math:: c_t = \sum_{l=1}^p a_l\,c_{t-l} + w_t, \qquad
        w_t \sim \mathcal{CN}(0, \sigma^2 \lambda)

    with the coefficients of the Yule-Walker equations, and Kalman's filter over the
    last p slots (Anderson and Moore, *Optimal Filtering*, 1979, ch. 3), of which only
    what was decoded of each slot is told.

    Parameters
    ----------
    correlations : [order], float
        Of one slot with the next one, the one after that, and so on; those of a
        stationary process.

    Raises
    ------
    ValueError
        If no process has such correlations.
    """

    def __init__(self, correlations: Any):
        r = np.asarray(correlations, np.float64)
        if r.ndim != 1 or not len(r) or not np.isfinite(r).all():
            raise ValueError(
                f"correlations must be [order] finite numbers, got {r.tolist()}."
            )
        r = np.concatenate([[1.0], (1 - _WHITE) * r])
        if np.linalg.eigvalsh(toeplitz(r)).min() <= 0:
            raise ValueError(
                "correlations must be those of a stationary process, got "
                f"{np.asarray(correlations).tolist()}."
            )
        self.order = len(r) - 1
        self._still = toeplitz(r[:-1])
        a = np.linalg.solve(self._still, r[1:])
        self._next = np.eye(self.order, k=-1)
        self._next[0] = a
        self._new = float(1 - a @ r[1:])

    def start(self, variances: np.ndarray) -> Lags:
        """Return what is known before all slots, for variances [n, rank]."""
        mean = np.zeros((*variances.shape, self.order), complex)
        return Lags(mean, variances[..., None, None] * self._still)

    def predict(self, lags: Lags, variances: np.ndarray) -> Lags:
        """Return what is known one slot later, before anything of it is told."""
        cov = self._next @ lags.cov @ self._next.T
        cov[..., 0, 0] += self._new * variances
        return Lags(lags.mean @ self._next.T, cov)

    def update(self, lags: Lags, c: np.ndarray, errors: np.ndarray) -> Lags:
        """Return what is known when this slot is.

        Parameters
        ----------
        lags
            Of before.
        c : [n, rank], complex
            Decoded coefficients of this slot.
        errors : [n, rank], float
            Their variances; where they are those of before nothing was told.
        """
        v = np.maximum(lags.cov[..., 0, 0], 1e-30)
        gain = lags.cov[..., 0] / v[..., None]
        mean = lags.mean + gain * (c - lags.mean[..., 0])[..., None]
        less = (v - errors)[..., None, None] * gain[..., None] * gain[..., None, :]
        return Lags(mean, lags.cov - less)


def lag_correlations(h: Any, order: int) -> np.ndarray:
    """Return the correlations of channels over slots.

    Parameters
    ----------
    h : [n, num_slots, *event_shape], complex
        Channels slot by slot.
    order
        Lags, fewer than slots.

    Returns
    -------
    [order], float
        Of lag one and more.
    """
    h = np.asarray(h)
    if h.ndim < 3 or not 1 <= order < h.shape[1]:
        raise ValueError(
            "h must be [n, num_slots, *event_shape] of more slots than order "
            f"{order}, got {h.shape}."
        )
    power = check_positive("power of h", float(np.mean(np.abs(h) ** 2)))
    found = [
        np.mean((h[:, lag:] * h[:, :-lag].conj()).real) for lag in range(1, order + 1)
    ]
    return np.array(found) / power
