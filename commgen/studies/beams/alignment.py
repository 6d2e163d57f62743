"""Angle of a path by 14 looks of one chain: rules beside a learned one and bounds."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import mean_interval, paired_interval_db
from commgen.studies.beams.looks_figure import save_looks_figure
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE = "Angle by 14 looks"
NUM_ANT, NUM_LOOKS = 64, 14
SECTORS, COHERENT, LEARNED = "bisection by sectors", "coherent bisection", "learned"
PHASES, PURSUIT = f"{COHERENT}, phases only", "random phases, matching pursuit"
KNOWN, EVERY = f"{LEARNED}, gain known", "a chain at every antenna"
#: Squared error [rad^2] that was asked for, by SNR in dB.
GOALS = {0.0: 0.062, 10.0: 0.0085}


@dataclass(frozen=True)
class AlignmentSize:
    """How much is learned and judged.

    Parameters
    ----------
    num_paths
        At each SNR.
    num_angles
        Cells of the grid.
    num_steps, batch_size
        Of the training.
    """

    num_paths: int = 4000
    num_angles: int = 256
    num_steps: int = 600
    batch_size: int = 192


#: All steps in seconds; the figures mean little.
QUICK = AlignmentSize(400, 128, 2, 8)


def alignment_study(
    output: Path, size: AlignmentSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn where to look, and judge all rules on the same paths in the same noise.

    Parameters
    ----------
    output
        Folder of the model ``looks``, of steps and a picture.
    size
        How much.
    seed
        Seed of everything.
    asked
        Gets :data:`GOALS` beside what is reached.

    Returns
    -------
    dict
        Title to rows: squared errors, promised and met, of each rule at each SNR.
    """
    stages, told = Stages(output / "stages"), [seed, asdict(size)]
    found = {
        snr_db: stages.result(
            f"{snr_db:g}-db",
            told,
            lambda snr_db=snr_db: _errors(output, snr_db, size, seed),
        )
        for snr_db in GOALS
    }
    panels = {
        f"64 antennas, {snr_db:g} dB": {
            name: [np.mean(e) for e in one["errors"]]
            for name, one in result.items()
            if len(one["errors"]) > 1
        }
        for snr_db, result in found.items()
    }
    save_looks_figure(output / "error.png", panels, "squared error [rad$^2$]", log=True)
    rows = [
        {"snr_db": snr_db, **row}
        for snr_db, result in found.items()
        for row in _rows(result)
    ]
    for row in rows:
        if row["rule"] in (PHASES, COHERENT, LEARNED):
            _judge(asked, row, GOALS[row["snr_db"]])
    return {TITLE: rows}


def learned_looks(output: Path, size: AlignmentSize, seed: int) -> Any:
    """Return the learned rule, trained if it is not."""
    from commgen.phy.looks import LearnedLooks

    told = [seed, size.num_angles, size.num_steps, size.batch_size]
    Stages(output / "stages").result(
        "model", told, lambda: _train(output / "looks", size, seed)
    )
    return LearnedLooks.load(output / "looks")


def _train(folder: Path, size: AlignmentSize, seed: int) -> dict[str, Any]:
    from commgen.phy.looks import LearnedLooks, LookTraining

    own = part_seed(seed, "beams/alignment model")
    looks = LearnedLooks.of_seed(own, num_ant=NUM_ANT, num_angles=size.num_angles)
    training = LookTraining(size.num_steps, size.batch_size)
    looks.card = {"seed": own, "training": asdict(training)}
    looks.fit(seed=own, training=training, progress=True)
    looks.save(folder)
    return looks.card


def _errors(output, snr_db, size, seed) -> dict[str, Any]:
    """Return squared errors of all rules after each look, and what they promised."""
    from commgen.phy import looks

    angles = looks.AngleFilter(NUM_ANT, size.num_angles)
    rng = np.random.default_rng(part_seed(seed, "beams/alignment paths"))
    draws = looks.PathDraws.of(rng, size.num_paths, NUM_LOOKS, angles)
    no = float(noise_variance(snr_db))
    learned = learned_looks(output, size, seed)
    random = looks.RandomLooks(NUM_ANT, seed=part_seed(seed, "beams/alignment looks"))
    rules = {
        "random phases": random,
        SECTORS: looks.BisectionLooks(angles),
        PHASES: looks.CoherentLooks(angles, phases_only=True),
        COHERENT: looks.CoherentLooks(angles),
        LEARNED: learned,
        KNOWN: learned,
    }
    found: dict[str, Any] = {}
    for name, rule in rules.items():
        done = looks.align(rule, angles, draws, no, gain_known=name == KNOWN)
        found[name] = _told(done.mean, done.variance, draws.angle)
        if rule is random:
            pursued = angles.most_aligned(done.sums).numpy()
            found[PURSUIT] = _told(pursued[None], None, draws.angle)
    every = looks.every_antenna(angles, draws, no)
    mean, variance = every.mean.numpy()[None], every.variance.numpy()[None]
    found[EVERY] = _told(mean, variance, draws.angle)
    return found


def _told(mean, variance, angle) -> dict[str, Any]:
    """Return errors and promise of what was believed after looks, [looks, n]."""
    errors = np.square(mean - angle, dtype=np.float64)
    promised = None if variance is None else float(np.mean(variance[-1]))
    return {"errors": errors.tolist(), "promised": promised}


def _rows(result: dict[str, Any]) -> Rows:
    """Return mean errors, and their paired ratio to that of coherent bisection."""
    reference, rows = np.array(result[COHERENT]["errors"][-1]), []
    for name, one in result.items():
        errors = np.array(one["errors"][-1])
        mean, low, high = mean_interval(errors)
        better = paired_interval_db(
            errors[None], reference[None], np.arange(len(errors))
        )
        rows.append(
            {
                "rule": name,
                "error": mean,
                "low": low,
                "high": high,
                "promised": one["promised"],
                "over_coherent_low_db": better[0],
                "over_coherent_high_db": better[1],
            }
        )
    return rows


def _judge(asked, row, wanted) -> None:
    told = f"{row['error']:.4f} ({row['low']:.4f} to {row['high']:.4f}) rad^2"
    asked(
        f"angle by 14 looks, {row['snr_db']:g} dB, {row['rule']}",
        f"<= {wanted:g} rad^2",
        told,
        row["high"] <= wanted,
    )
