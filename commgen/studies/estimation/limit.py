"""How low the error can be for who knows the distribution, and not the channel."""

from typing import Any

import numpy as np
from scipy.linalg import toeplitz

from commgen._checks import check_int
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval

_CHUNK = 250


def bayes_limit(
    h: np.ndarray,
    covariance: np.ndarray,
    snr_db,
    *,
    seed: int,
    progress: bool = False,
) -> list[dict[str, Any]]:
    r"""Estimate the error of the posterior mean under the true distribution.

    Channels that are Gaussian given their covariance are a mixture of as many
    components as there are covariances. With those of K further draws from the
    simulator as components, all of equal weight, the posterior mean

    .. math:: \hat h = \sum_k p(k \mid y)\, R_k (R_k + N_0 I)^{-1} y

    tends to the true one as K grows, from above in its error. It is near where noise
    leaves many covariances possible, and useless where it leaves one: so each row also
    has the error with the first half of the components, and what both differ by tells
    how far the limit is. No estimator could be that well informed by channels alone.

    Parameters
    ----------
    h : [n, num_ant], complex
        Test channels.
    covariance : [K, num_ant], complex
        First columns of the covariances of other channels.
    snr_db
        SNR values [dB].
    seed
        Seed of the noise.
    progress
        Show a progress bar.

    Returns
    -------
    list of dict
        ``snr_db``, ``nmse_db``, ``nmse_low_db``, ``nmse_high_db``, ``half_db`` (with
        half of the components), ``num_components``.
    """
    check_int("seed", seed, low=0)
    noise = complex_normal(np.random.default_rng(seed), h.shape)
    power = np.sum(np.abs(h) ** 2, axis=1)
    half = max(1, len(covariance) // 2)
    rows = []
    total = len(snr_db) * len(covariance)
    with progress_bar(
        "Bayes limit", total, unit="components", enabled=progress
    ) as advance:
        for level in snr_db:
            no = noise_variance(level)
            mixture = _PosteriorMean((h + np.sqrt(no) * noise).T, no)
            by_half = np.inf
            for start, stop in ((0, half), (half, len(covariance))):
                for i in range(start, stop, _CHUNK):
                    columns = covariance[i : min(i + _CHUNK, stop)]
                    mixture.add(np.stack([toeplitz(r, r.conj()) for r in columns]))
                    advance(len(columns))
                error = np.sum(np.abs(mixture.mean().T - h) ** 2, axis=1)
                value, low, high = nmse_interval(error, power)
                if start == 0:
                    by_half = value
            rows.append(
                {
                    "snr_db": float(level),
                    "nmse_db": to_db(value),
                    "nmse_low_db": to_db(low),
                    "nmse_high_db": to_db(high),
                    "half_db": to_db(by_half),
                    "num_components": len(covariance),
                }
            )
    return rows


class _PosteriorMean:
    """Posterior mean of y [num_ant, n], to which components are added."""

    def __init__(self, y: np.ndarray, no: float):
        self._y, self._no = y.astype(np.complex128), no
        self._top = np.full(y.shape[1], -np.inf)
        self._weight = np.zeros(y.shape[1])
        self._total = np.zeros(y.shape, np.complex128)

    def add(self, R: np.ndarray) -> None:
        """Add components of covariances R : [k, num_ant, num_ant]."""
        L = np.linalg.cholesky(R + self._no * np.eye(R.shape[-1]))
        white = np.linalg.inv(L)
        x = white @ self._y
        diagonal = np.log(np.diagonal(L, axis1=1, axis2=2).real).sum(axis=1)
        log_p = -np.sum(np.abs(x) ** 2, axis=1) - 2 * diagonal[:, None]
        h_hat = self._y - self._no * (np.conj(np.swapaxes(white, 1, 2)) @ x)
        top = np.maximum(self._top, log_p.max(axis=0))
        shrink, p = np.exp(self._top - top), np.exp(log_p - top)
        self._total = self._total * shrink + np.einsum("kn,kin->in", p, h_hat)
        self._weight = self._weight * shrink + p.sum(axis=0)
        self._top = top

    def mean(self) -> np.ndarray:
        """Return the mean under what was added, [num_ant, n]."""
        return self._total / self._weight
