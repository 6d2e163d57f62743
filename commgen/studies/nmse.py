"""The error of estimators over SNR: as one number, and as rows with an interval."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from commgen.generative.model import Posterior
from commgen.inference import sweep_nmse
from commgen.measures.decibel import to_db
from commgen.measures.error import nmse_interval

#: SNR of all means [dB].
SNR_DB = np.arange(-10, 21, 5)


def mean_nmse_db(
    models: dict[str, Any], h: np.ndarray, *, seed: int
) -> dict[str, float]:
    """Return each model's NMSE of y = h + n, mean over -10 to 20 dB SNR [dB].

    Parameters
    ----------
    models
        Name to :class:`~commgen.generative.Prior`.
    h : [n, *event_shape], complex
        Channels that no model has seen.
    seed
        Seed of the noise, the same for all.
    """
    sweep = sweep_nmse(h, models, SNR_DB, seed=seed)
    return {name: float(sweep.column(name, "nmse_db").mean()) for name in models}


def error_row(h: np.ndarray, h_hat: Any, err_var: Any = None) -> dict[str, Any]:
    """Return what an estimate is worth, as the columns of ``estimation.csv``.

    Parameters
    ----------
    h, h_hat : [n, *event_shape], complex
        Channels, and what was estimated of them.
    err_var : [n, *event_shape], float, or None
        Error variance that was promised; None where nothing was.

    Returns
    -------
    dict
        ``nmse_db`` with its 95 % interval ``nmse_low_db`` and ``nmse_high_db``,
        ``err_var_db`` (what was promised of it; NaN without a promise) and
        ``num_channels``.
    """
    error, power = (
        np.sum(np.abs(x.reshape(len(h), -1)) ** 2, axis=1, dtype=np.float64)
        for x in (np.asarray(h_hat) - h, h)
    )
    value, low, high = (to_db(x) for x in nmse_interval(error, power))
    promised = float("nan")
    if err_var is not None:
        variance = np.broadcast_to(np.asarray(err_var), h.shape)
        promised = to_db(variance.sum(dtype=np.float64) / power.sum())
    return {
        "nmse_db": value,
        "nmse_low_db": low,
        "nmse_high_db": high,
        "err_var_db": promised,
        "num_channels": len(h),
    }


class Estimated(NamedTuple):
    """Estimated channels, [n, *event_shape], and what is promised of their error."""

    mean: np.ndarray
    err_var: np.ndarray | None = None


def timed_row(
    h: np.ndarray, estimate: Callable[[], Posterior | Estimated]
) -> dict[str, Any]:
    """Return :func:`error_row` of a posterior, with ``cpu_ms`` for each channel.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels.
    estimate
        Infers them; its CPU time is taken, with whatever it still has to trace.
    """
    started = time.process_time()
    found = estimate()
    cpu = (time.process_time() - started) / len(h)
    return {**error_row(h, found.mean, found.err_var), "cpu_ms": 1e3 * cpu}
