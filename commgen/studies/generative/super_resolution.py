"""All subcarriers from every fourth: interpolation, LMMSE, and learned posteriors."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from scipy.interpolate import CubicSpline

from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval

COLUMNS = ("method", "nmse_db", "low_db", "high_db", "err_var_db", "num_channels")
_CHUNK = 256


def super_resolution_study(
    models: Mapping[str, Any],
    h: np.ndarray,
    *,
    step: int = 4,
    snr_db: float = 20.0,
    groups: np.ndarray | None = None,
    seed: int,
) -> list[dict[str, Any]]:
    """Infer channels from every ``step``-th subcarrier, in noise.

    Parameters
    ----------
    models
        Name to :class:`~commgen.generative.Prior`; call one of a single Gaussian
        "sample-covariance LMMSE".
    h : [n, *event_shape], complex
        Channels that no model has seen; subcarriers last.
    step
        Distance of the subcarriers that are observed.
    snr_db
        SNR of an observed entry, 1/no [dB].
    groups : [n], optional
        Which channels are near-copies, for the intervals.
    seed
        Seed of the noise.

    Returns
    -------
    list of dict
        ``COLUMNS``; linear interpolation and cubic splines come first, which promise
        no error (NaN). Beyond the last observed subcarrier they hold the last value,
        and the last cubic.
    """
    no = noise_variance(snr_db)
    noise = complex_normal(np.random.default_rng(seed), h.shape)
    seen = np.arange(0, h.shape[-1], step)
    y = (h + np.sqrt(no) * noise)[..., seen]
    rows = [
        _row("linear", h, linear(y, seen, h.shape[-1]), None, groups),
        _row("cubic spline", h, spline(y, seen, h.shape[-1]), None, groups),
    ]
    A = subcarrier_mask(h.shape[1:], seen)
    for name, model in models.items():
        parts = [
            model.posterior(y[i : i + _CHUNK].reshape(-1, len(A)), A, no)
            for i in range(0, len(y), _CHUNK)
        ]
        mean = np.concatenate([part.mean for part in parts])
        err_var = np.concatenate([part.err_var for part in parts])
        rows.append(_row(name, h, mean, err_var, groups))
    return rows


def subcarrier_mask(event_shape: tuple[int, ...], seen: np.ndarray) -> np.ndarray:
    """Return A that takes subcarriers ``seen`` out of a flattened event."""
    chosen = np.zeros(event_shape, bool)
    chosen[..., seen] = True
    return np.eye(chosen.size, dtype=np.float32)[chosen.reshape(-1)]


def linear(y: np.ndarray, seen: np.ndarray, num_subcarriers: int) -> np.ndarray:
    """Interpolate linearly along the last axis; hold the last value beyond."""
    position = np.clip(np.arange(num_subcarriers), seen[0], seen[-1])
    left = np.clip(np.searchsorted(seen, position, "right") - 1, 0, len(seen) - 2)
    w = (position - seen[left]) / (seen[left + 1] - seen[left])
    return (1 - w) * y[..., left] + w * y[..., left + 1]


def spline(y: np.ndarray, seen: np.ndarray, num_subcarriers: int) -> np.ndarray:
    """Interpolate by cubic splines along the last axis, also beyond the last one."""
    return CubicSpline(seen, y, axis=-1)(np.arange(num_subcarriers))


def _row(name, h, h_hat, err_var, groups) -> dict[str, Any]:
    error, power = (
        np.sum(np.abs(x.reshape(len(h), -1)) ** 2, axis=1) for x in (h_hat - h, h)
    )
    value, low, high = (to_db(v) for v in nmse_interval(error, power, groups=groups))
    promised = np.nan
    if err_var is not None:
        promised = to_db(float(np.sum(err_var, dtype=np.float64)) / power.sum())
    return dict(zip(COLUMNS, (name, value, low, high, promised, len(h)), strict=True))
