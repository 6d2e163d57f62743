"""Estimators of y = h + n side by side over SNR, on the same channels and noise."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_int, check_snr_db
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import check_channels
from commgen.inference.genie import GenieEstimator
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval

_CHUNK = 512


@dataclass(frozen=True)
class NmseSweep:
    """NMSE of several estimators over SNR.

    Parameters
    ----------
    snr_db : [num_snr], float
        SNR, 1/no.
    rows
        One dict for each estimator and SNR, with the columns of ``estimation.csv``.
    """

    snr_db: np.ndarray
    rows: list[dict[str, Any]]

    def column(self, estimator: str, name: str) -> np.ndarray:
        """Return one column of one estimator, [num_snr]."""
        rows = [row for row in self.rows if row["estimator"] == estimator]
        return np.array([row[name] for row in rows])


def sweep_nmse(
    h: np.ndarray,
    models: dict[str, Any],
    snr_db,
    *,
    seed: int,
    covariance: np.ndarray | None = None,
    covariance_tx: np.ndarray | None = None,
    groups: np.ndarray | None = None,
    progress: bool = False,
) -> NmseSweep:
    """Measure the NMSE of least squares, models and, where it is known, the genie.

    Parameters
    ----------
    h : [num_channels, *event_shape], complex
        Channels that no model has seen.
    models
        Name to :class:`~commgen.generative.Prior`.
    snr_db
        SNR values, 1/no for channels of unit mean power [dB].
    seed
        Seed of the noise, which is the same for all estimators, and at all SNR but for
        its scale.
    covariance : [num_channels, num_rx_ant], complex, or None
        First column of the Toeplitz covariance of each channel: adds the LMMSE
        estimator that knows it, a bound for all others.
    covariance_tx : [num_channels, num_tx_ant], complex, or None
        That of the transmit antennas, for ``h`` [num_channels, num_rx_ant, num_tx_ant]
        whose covariance is the Kronecker product.
    groups : [num_channels], optional
        Which channels were recorded together; see
        :func:`~commgen.measures.error.nmse_interval`.
    progress
        Show a progress bar.

    Returns
    -------
    NmseSweep
        With intervals of 95 %, and the error that each estimator promised.

    Raises
    ------
    TypeError
        If a model cannot estimate.
    ValueError
        If ``h`` is not as :func:`~commgen.generative.check_channels` asks, or an SNR is
        more than 150 dB from 0.
    """
    check_int("seed", seed, low=0)
    check_channels("h", h, np.shape(h)[1:])
    snr_db = check_snr_db("snr_db", snr_db)
    noise = complex_normal(np.random.default_rng(seed), h.shape)
    estimators: dict[str, Callable] = {"ls": _least_squares}
    estimators |= {name: _one_pass(model) for name, model in models.items()}
    if covariance is not None:
        estimators["genie"] = GenieEstimator(covariance, covariance_tx)
    rows = []
    total = len(estimators) * len(snr_db)
    with progress_bar("measuring NMSE", total, enabled=progress) as advance:
        for name, estimator in estimators.items():
            for level in snr_db:
                rows.append(_row(name, level, h, noise, estimator, groups))
                advance()
    return NmseSweep(snr_db, rows)


def _row(name, snr_db, h, noise, estimator, groups):
    no = noise_variance(snr_db)
    error, promised = np.empty(len(h)), np.empty(len(h))
    for i in range(0, len(h), _CHUNK):
        rows = slice(i, i + _CHUNK)
        y = h[rows] + np.float32(np.sqrt(no)) * noise[rows]
        h_hat, err_var = estimator(y, no, rows)
        error[rows] = _sum(np.abs(h_hat - h[rows]) ** 2)
        promised[rows] = _sum(err_var)
    power = _sum(np.abs(h) ** 2)
    value, low, high = nmse_interval(error, power, groups=groups)
    return {
        "estimator": name,
        "snr_db": float(snr_db),
        "nmse_db": to_db(value),
        "nmse_low_db": to_db(low),
        "nmse_high_db": to_db(high),
        "err_var_db": to_db(promised.sum() / power.sum()),
        "num_channels": len(h),
    }


def _least_squares(y, no, rows):
    return y, np.full(y.shape, no)


def _one_pass(model):
    denoise = ChunkedDenoiser(model, size=_CHUNK, graph="each")
    return lambda y, no, rows: denoise(y, no)


def save_nmse_sweep(sweep: NmseSweep, folder: Path, title: str) -> None:
    """Write ``estimation.csv`` and ``estimation.png`` to a folder."""
    from commgen._files.tables import ESTIMATION_COLUMNS, write_csv
    from commgen.inference.nmse_figure import save_nmse_figure

    write_csv(folder / "estimation.csv", sweep.rows, ESTIMATION_COLUMNS)
    save_nmse_figure(folder / "estimation.png", sweep.rows, title)


def _sum(x):
    return x.reshape(len(x), -1).sum(axis=1)
