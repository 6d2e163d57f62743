"""Estimators where they were not trained: error, guard, detector, coverage."""

from typing import Any

import numpy as np

from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.inference.uncertainty import CalibratedPrior, GuardedPrior, NoveltyDetector
from commgen.inference.uncertainty.recalibration import Denoiser
from commgen.inference.uncertainty.regions import per_channel
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval
from commgen.studies.seeds import part_seed

SNR_DB = (-10.0, 0.0, 10.0, 20.0, 30.0)


def shift_rows(
    sets: dict[str, np.ndarray],
    prior: Any,
    *,
    density: Any,
    lmmse: Any,
    validation: np.ndarray,
    seed: int,
    block: int = 1,
    snr_db=SNR_DB,
    progress: bool = False,
) -> list[dict[str, Any]]:
    """Lead a prior astray, alone and under its guard.

    Parameters
    ----------
    sets
        Name to channels [n, num_ant], such as
        :func:`~commgen.studies.estimation.shifts.shift_sets` draws.
    prior
        Estimator that was trained elsewhere.
    density
        Mixture that was, for the detector.
    lmmse
        One Gaussian that was.
    validation : [m, num_ant], complex
        Channels of the place where all were trained: recalibration and detector see
        no others.
    seed
        Seed of the noise, and of recalibration and detector.
    block
        Channels of one place that are estimated together.
    snr_db
        SNR values [dB].
    progress
        Show a progress bar.

    Returns
    -------
    list of dict
        A row for each set and SNR. ``lmmse``, ``prior``, ``guarded``: NMSE over that of
        least squares [dB], with the paired 95 % interval of the last one as
        ``guarded_low`` and ``guarded_high``. ``flagged``, ``novel``: shares that the
        guard and the detector flag. ``covered``: share of entries within the guarded
        90 % regions.
    """
    guard = GuardedPrior(prior, block=block)
    calibrated = CalibratedPrior(guard).calibrate(validation, seed=seed)
    detector = NoveltyDetector(prior, density).fit(
        validation, seed=part_seed(seed, "shifts/detector")
    )
    denoisers = {"lmmse": Denoiser(lmmse), "prior": Denoiser(prior)}
    rows = []
    total = len(sets) * len(snr_db)
    with progress_bar("estimating elsewhere", total, enabled=progress) as advance:
        for name, h in sets.items():
            noise = complex_normal(np.random.default_rng(seed), h.shape)
            for level in snr_db:
                no = np.float32(noise_variance(level))
                y = h + np.sqrt(no) * noise
                ls = per_channel(np.abs(y - h) ** 2)
                row: dict[str, Any] = {"set": name, "snr_db": float(level)}
                for key, denoise in denoisers.items():
                    error = per_channel(np.abs(denoise(y, no)[0] - h) ** 2)
                    row[key] = to_db(error.sum() / ls.sum())
                region = calibrated.region(y, no, 0.9)
                error = per_channel(np.abs(region.centre - h) ** 2)
                value, low, high = nmse_interval(error, ls)
                row |= {
                    "guarded": to_db(value),
                    "guarded_low": to_db(low),
                    "guarded_high": to_db(high),
                    "flagged": float(guard.decide(y, no).flagged.numpy().mean()),
                    "novel": float(detector.flags(y, float(no), block=block).mean()),
                    "covered": float(region.contains(h).mean()),
                }
                rows.append(row)
                advance(1, note=name)
    return rows
