"""Estimators where they were not trained: error, guard, detector, coverage."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen._random import complex_normal
from commgen.datasets.events import load_events
from commgen.generative import GaussianMixture
from commgen.generative.chunks import ChunkedDenoiser
from commgen.inference.uncertainty import CalibratedPrior, GuardedPrior, NoveltyDetector
from commgen.inference.uncertainty.regions import per_channel
from commgen.measures.decibel import noise_variance, to_db
from commgen.measures.error import nmse_interval
from commgen.studies.estimation.shifts import SHIFTS, as_array_events, shift_sets
from commgen.studies.seeds import part_seed
from commgen.studies.tables import Rows
from commgen.studies.trained import trained_models

SNR_DB = (-10.0, 0.0, 10.0, 20.0, 30.0)
#: Recordings that are led here, where a folder has them.
MEASURED = ("polyu", "uwb")


@dataclass(frozen=True)
class ShiftSize:
    """How much the study of shifts draws.

    Parameters
    ----------
    num_channels
        Of each set.
    block
        Channels of one place that are estimated together.
    snr_db
        SNR [dB].
    names
        Of :data:`~commgen.studies.estimation.shifts.SHIFTS`.
    """

    num_channels: int = 320
    block: int = 1
    snr_db: tuple[float, ...] = SNR_DB
    names: tuple[str, ...] = tuple(SHIFTS)


#: Sets that are drawn fast; the figures mean little.
QUICK = ShiftSize(64, snr_db=(0.0, 20.0), names=("cdl-d", "rayleigh"))


def shift_study(
    output: Path,
    size: ShiftSize,
    *,
    models: Path | None,
    prior: str = "gmm",
    measured: Path | None = None,
    seed: int,
) -> dict[str, Rows]:
    """Lead a model of 64 antennas astray, alone and under its guard.

    Parameters
    ----------
    output
        Folder of ``shifts.csv``.
    size
        How much.
    models
        That of ``commgen benchmark generative``; None trains small ones.
    prior
        Name of the model; where it is no mixture, ``gmm`` is the detector's density.
    measured
        Folder of recordings, ``polyu-test.h5`` and ``uwb-test.h5``, cut to 64 entries.
    seed
        Of channels and noise.

    Returns
    -------
    dict
        Title to rows, see :func:`shift_rows`.
    """
    known = trained_models(models, output, sorted({prior, "gmm"}), seed=seed)
    sets = shift_sets(size.num_channels, seed, size.names)
    for name in MEASURED if measured else ():
        path = Path(measured or "") / f"{name}-test.h5"
        if path.is_file():
            h = as_array_events(load_events(path).h)
            order = np.random.default_rng(seed).permutation(len(h))
            sets[name] = h[order[: size.num_channels]]
    led = known.load(prior)
    rows = shift_rows(
        sets,
        led,
        density=led if isinstance(led, GaussianMixture) else known.load("gmm"),
        lmmse=GaussianMixture(led.event_shape, 1).fit(known.channels("train"), seed=0),
        validation=known.channels("validation"),
        seed=seed,
        block=size.block,
        snr_db=size.snr_db,
        progress=True,
    )
    write_csv(output / "shifts.csv", rows)
    return {f"{prior}, blocks of {size.block}: NMSE over that of LS in dB": rows}


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
    denoisers = {"lmmse": ChunkedDenoiser(lmmse), "prior": ChunkedDenoiser(prior)}
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
