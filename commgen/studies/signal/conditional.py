"""One model of constellations for all SNRs beside searches, and its samples."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.design.climb import carried
from commgen.design.goal import ConstellationGoal
from commgen.design.sampler import sample_constellations, sample_rows
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

#: Most bits that the model may carry less than a search at the same SNR.
MOST_MISSED = 0.01


@dataclass(frozen=True)
class ConditionalSize:
    """How much is searched and learned.

    Parameters
    ----------
    num_bits_per_symbol
        Of all constellations.
    snr_db
        Lowest and highest SNR [dB].
    tracks, epochs, steps
        Of :func:`~commgen.design.model.learn_constellations`.
    starts
        Searches at each SNR, in steps of 1 dB.
    draws
        Constellations drawn at each SNR.
    samples
        Of the sampler, and SNR in the middle.
    """

    num_bits_per_symbol: int = 6
    snr_db: tuple[int, int] = (4, 20)
    tracks: int = 12
    epochs: int = 150
    steps: int = 1500
    starts: int = 8
    draws: int = 16
    samples: int = 8


#: In seconds; the figures mean little.
QUICK = ConditionalSize(2, (2, 4), 2, 2, 2, 1, 2, 2)


def conditional_study(
    output: Path, size: ConditionalSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn one model, and compare it with searches.

    Parameters
    ----------
    output
        Folder of the model.
    size, seed
        How much, and the seed of everything.
    asked
        Gets the worst gap.

    Returns
    -------
    dict
        Title to rows: bits at each SNR of search, model and draws; samples of the
        model under a limit of peak power and on a grid.
    """
    model = _model(output, size, seed)
    stages, rows = Stages(output / "stages"), []
    for snr_db in range(size.snr_db[0], size.snr_db[1] + 1):
        of = [seed, size.num_bits_per_symbol, size.starts, snr_db]
        separate = stages.result(
            f"search-{snr_db}", of, lambda at=snr_db: _searched(size, seed, at)
        )
        rows.append(_row(model, size, seed, snr_db, separate))
    worst = max(row["gap"] for row in rows)
    asked(
        f"one model, {2**size.num_bits_per_symbol} points, worst of {len(rows)} SNRs",
        f"within {MOST_MISSED} bit of the separate optimum",
        f"{worst:.4f} bit",
        worst <= MOST_MISSED,
    )
    return {"One model for all SNRs": rows, "Samples": _samples(model, size, seed)}


def _model(output, size, seed) -> Any:
    from commgen.design.model import (
        TRAINING,
        ConstellationModel,
        learn_constellations,
        sweep_of,
    )

    def learn():
        of: dict[str, Any] = {
            "num_tracks": size.tracks,
            "num_steps": size.steps,
            "progress": True,
        }
        of["training"] = TRAINING.model_copy(update={"num_epochs": size.epochs})
        sweep = sweep_of(*size.snr_db)
        at = part_seed(seed, "signal/model")
        model = learn_constellations(size.num_bits_per_symbol, sweep, seed=at, **of)
        model.save(output / "model", {"seed": at})
        return True

    told = [seed, size.num_bits_per_symbol, list(size.snr_db)]
    told += [size.tracks, size.epochs, size.steps]
    Stages(output / "stages").result("model", told, learn)
    return ConstellationModel.load(output / "model")


def _goal(size, snr_db, **more):
    of: dict[str, Any] = {"num_bits_per_symbol": size.num_bits_per_symbol}
    of["snr_db"] = float(snr_db)
    return ConstellationGoal(**of, **more)


def _searched(size, seed, snr_db) -> float:
    at = part_seed(seed, "signal/separate", snr_db)
    goal = _goal(size, snr_db)
    return design_constellation(goal, seed=at, num_starts=size.starts)[0].rate


def _row(model, size, seed, snr_db, separate) -> dict[str, float]:
    goal = _goal(size, snr_db)

    def rate(points):
        return carried(Constellation.of(points), goal, snr_db)

    found = rate(model.best(snr_db))
    at = part_seed(seed, "signal/draws", snr_db)
    drawn = [rate(x) for x in model.draw(snr_db, size.draws, seed=at)]
    return {
        "snr_db": snr_db,
        "shannon": goal.shannon(snr_db),
        "separate": separate,
        "model": found,
        "gap": separate - found,
        "median_draw": float(np.median(drawn)),
        "worst_draw": min(drawn),
    }


def _samples(model, size, seed) -> Rows:
    goal = _goal(size, sum(size.snr_db) // 2, peak_db=4.0, dac_bits=5)
    at = part_seed(seed, "signal/draws", 99)
    found = sample_constellations(goal, size.samples, seed=at, model=model)
    return sample_rows(found, goal)
