"""Calibration report: what estimators promise, and what they keep, over SNR."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._checks import check_amplitudes, check_int, check_snr_db
from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.generative.chunks import ChunkedDenoiser
from commgen.generative.model import check_prior
from commgen.inference.uncertainty.coverage import energy_score, log_score, sharpness
from commgen.inference.uncertainty.recalibration import LEVELS
from commgen.inference.uncertainty.regions import (
    KINDS,
    Kind,
    gaussian_radius,
    per_channel,
    scores,
)
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval
from commgen.measures.intervals import share_interval

#: SNR of a report that is not told otherwise [dB].
SNR_DB = np.arange(-10.0, 31.0, 5.0)
_NUM_BINS = 10


@dataclass(frozen=True)
class CalibrationReport:
    """Promised and measured errors of estimators over SNR.

    Parameters
    ----------
    rows
        One dict for each estimator and SNR: ``estimator``, ``snr_db``, ``nmse_db``,
        ``promised_db`` (mean of err_var over the power), ``excess_db`` (measured over
        promised), ``KIND_LEVEL``, ``..._low``, ``..._high`` (coverage of regions of
        kind "entry" and "channel" at levels in percent, with 95 % intervals),
        ``radius90_db`` (sharpness: mean squared radius of the entries' 90 % regions
        over the power), ``log_score`` [nats per entry], ``energy_score``.
    bins
        The reliability curve, one dict for each estimator, SNR and decile of the
        promise: ``estimator``, ``snr_db``, ``bin``, ``promised_db``, ``measured_db``,
        ``measured_low_db``, ``measured_high_db`` (mean squared errors of the
        channels in the bin).
    """

    rows: list[dict[str, Any]]
    bins: list[dict[str, Any]]

    def column(self, estimator: str, name: str) -> np.ndarray:
        """Return one column of one estimator, [num_snr]."""
        return np.array([r[name] for r in self.rows if r["estimator"] == estimator])

    def save(self, folder: str | Path, title: str = "") -> None:
        """Write ``calibration.csv``, ``reliability.csv`` and ``calibration.png``."""
        from commgen.inference.uncertainty.figure import save_calibration_figure

        folder = Path(folder)
        folder.mkdir(parents=True, exist_ok=True)
        write_csv(folder / "calibration.csv", self.rows, tuple(self.rows[0]))
        write_csv(folder / "reliability.csv", self.bins, tuple(self.bins[0]))
        save_calibration_figure(folder / "calibration.png", self, title)


def calibration_report(
    h: np.ndarray,
    priors: dict[str, Any],
    snr_db: Any = SNR_DB,
    *,
    seed: int,
    groups=None,
) -> CalibrationReport:
    """Compare what priors promise of y = h + n with what they keep.

    Regions of a :class:`~commgen.inference.uncertainty.CalibratedPrior` have its radii,
    those of others a Gaussian's with independent entries.

    Parameters
    ----------
    h : [n, *event_shape], complex
        Channels that neither models nor recalibrations have seen.
    priors
        Name to :class:`~commgen.generative.Prior`.
    snr_db
        SNR values, 1/no [dB].
    seed
        Seed of the noise, the same for all.
    groups : [n], optional
        Which channels were recorded together.

    Returns
    -------
    CalibrationReport

    Raises
    ------
    ValueError
        If there are no priors or SNRs, one is out of range, or ``h`` does not fit a
        prior.
    """
    check_amplitudes("h", h)
    h = np.asarray(h, np.complex64)
    check_int("seed", seed, low=0)
    snr_db = np.atleast_1d(np.asarray(snr_db, float))
    if not priors or len(snr_db) == 0:
        raise ValueError(
            f"priors and snr_db must not be empty, got {len(priors)} and {len(snr_db)}."
        )
    check_snr_db("snr_db", snr_db)
    rows, bins = [], []
    noise = complex_normal(np.random.default_rng(seed), h.shape)
    for name, prior in priors.items():
        if tuple(check_prior(name, prior).event_shape) != h.shape[1:]:
            raise ValueError(
                f"h must be [n, *{tuple(prior.event_shape)}] for {name}, got {h.shape}."
            )
        run = ChunkedDenoiser(prior)
        for level in snr_db:
            no = np.float32(noise_variance(level))
            h_hat, err_var = run(h + np.sqrt(no) * noise, no)
            radii = _radii(prior, no, h[0].size)
            head = {"estimator": name, "snr_db": float(level)}
            rows.append(head | _row(h, h_hat, err_var, radii, groups))
            bins += [head | part for part in _bins(h, h_hat, err_var, groups)]
    return CalibrationReport(rows, bins)


def _radii(prior, no, size) -> dict[tuple[Kind, float], float]:
    """Squared radii by kind and level, in units of the promised variance."""
    known = getattr(prior, "recalibration", None)
    if known is None:
        sizes = {"entry": 1, "channel": size}
        return {
            (kind, level): gaussian_radius(level, sizes[kind])
            for kind in KINDS
            for level in LEVELS
        }
    return {
        (kind, float(level)): float(known.radius(no, level, kind))
        for kind in KINDS
        for level in known.levels
    }


def _row(h, h_hat, err_var, radii, groups) -> dict[str, Any]:
    error, power = per_channel(np.abs(h - h_hat) ** 2), per_channel(np.abs(h) ** 2)
    value = nmse_interval(error, power, groups=groups)[0]
    promised = float(err_var.sum(dtype=np.float64) / power.sum())
    row: dict[str, Any] = {
        "nmse_db": to_db(value),
        "promised_db": to_db(promised),
        "excess_db": to_db(value) - to_db(promised),
    }
    for (kind, level), radius in radii.items():
        held = scores(h, h_hat, err_var, kind) <= radius
        share, low, high = share_interval(
            held.reshape(len(held), -1).mean(axis=1), groups=groups
        )
        column = f"{kind}_{100 * level:g}"
        row |= {column: share, f"{column}_low": low, f"{column}_high": high}
    r90 = radii.get(("entry", 0.9), gaussian_radius(0.9))
    return row | {
        "radius90_db": to_db(sharpness(h, err_var, r90)),
        "log_score": float(log_score(h, h_hat, err_var).mean()),
        "energy_score": float(energy_score(h, h_hat, err_var).mean()),
    }


def _bins(h, h_hat, err_var, groups):
    """Yield promised and measured error of the channels by deciles of the promise."""
    size = h[0].size
    promised = per_channel(err_var) / size
    error = per_channel(np.abs(h - h_hat) ** 2) / size
    order = np.argsort(promised, kind="stable")
    for i, rows in enumerate(np.array_split(order, min(_NUM_BINS, len(order)))):
        own = None if groups is None else np.asarray(groups)[rows]
        value, low, high = nmse_interval(error[rows], np.ones(len(rows)), groups=own)
        yield {
            "bin": i,
            "promised_db": to_db(promised[rows].mean()),
            "measured_db": to_db(value),
            "measured_low_db": to_db(low),
            "measured_high_db": to_db(high),
        }
