"""Estimators of one set side by side: error, promise and coverage over SNR."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.whole import sha256
from commgen.generative.files import MODEL_FILE
from commgen.inference import sweep_nmse
from commgen.inference.uncertainty import (
    CalibratedPrior,
    GuardedPrior,
    calibration_report,
)
from commgen.studies.estimation.sets import Genie
from commgen.studies.sets import StudySet

#: SNR of the tables [dB], and of the means that are asked for.
SNR_DB = np.arange(-10.0, 31.0, 5.0)
MEAN_SNR_DB = (-10.0, 20.0)
LEVELS = (50, 90, 99)


def calibrated(
    data: StudySet, models: dict[str, Any], folder: Path, *, seed: int
) -> dict[str, Any]:
    """Recalibrate models on the validation channels, or load those that were.

    Parameters
    ----------
    data
        The set.
    models
        Name to :class:`~commgen.generative.Prior`.
    folder
        That of the set; a recalibrated model is kept in ``folder/calibrated/NAME``.
    seed
        Seed of the noise.
    """
    from commgen.generative import load_model

    made = {}
    for name, model in models.items():
        path = folder / "calibrated" / name
        digest = sha256(folder / name / MODEL_FILE)
        if path.is_dir():
            made[name] = load_model(path)
            continue
        # Where the test channels are of another day or place, the guard keeps watch.
        watched = GuardedPrior(model) if data.group_by else model
        prior = CalibratedPrior(watched).calibrate(
            data.validation.h, seed=seed, groups=data.groups("validation")
        )
        prior.save(path, card={"calibrated": name, "model_sha256": digest})
        made[name] = prior
    return made


def judge(
    data: StudySet,
    priors: dict[str, Any],
    *,
    seed: int,
    known: Genie | None = None,
    snr_db=SNR_DB,
) -> list[dict[str, Any]]:
    """Measure recalibrated estimators on the test channels.

    Parameters
    ----------
    data
        The set.
    priors
        Name to :class:`~commgen.inference.uncertainty.CalibratedPrior`.
    seed
        Seed of the noise, the same for all.
    known
        What a genie knows of the test channels.
    snr_db
        SNR values, 1/no [dB].

    Returns
    -------
    list of dict
        A row for each estimator and SNR: the columns of ``estimation.csv``, ``set``,
        and for priors ``coverage_50``, ``_90`` and ``_99`` of their entries' regions,
        with ``_low`` and ``_high``, and ``radius90_db``.
    """
    h, groups = data.test.h, data.groups("test")
    bounds = {}
    if known is not None:
        bounds = {
            "covariance": known.covariance,
            "covariance_tx": known.covariance_tx,
        }
    sweep = sweep_nmse(
        h, priors, snr_db, seed=seed, groups=groups, progress=True, **bounds
    )
    report = calibration_report(h, priors, snr_db, seed=seed, groups=groups)
    kept = {(row["estimator"], row["snr_db"]): row for row in report.rows}
    rows = []
    for row in sweep.rows:
        found = kept.get((row["estimator"], row["snr_db"]))
        rows.append({"set": data.name, **row, **(_coverage(found) if found else {})})
    return rows


def _coverage(row: dict[str, Any]) -> dict[str, float]:
    columns = {"radius90_db": row["radius90_db"]}
    for level in LEVELS:
        for end in ("", "_low", "_high"):
            columns[f"coverage_{level}{end}"] = row[f"entry_{level}{end}"]
    return columns


def mean_nmse_db(rows: list[dict[str, Any]], estimator: str) -> float:
    """Return the mean NMSE over -10 to 20 dB SNR of one estimator [dB]."""
    low, high = MEAN_SNR_DB
    values = [
        row["nmse_db"]
        for row in rows
        if row["estimator"] == estimator and low <= row["snr_db"] <= high
    ]
    return float(np.mean(values))


def estimators_of(rows: list[dict[str, Any]]) -> list[str]:
    """Return the estimators of a table, in their order."""
    return list(dict.fromkeys(row["estimator"] for row in rows))
