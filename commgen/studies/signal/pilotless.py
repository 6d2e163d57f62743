"""Slots without pilots: points and receiver learned end to end, against pilots."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

import commgen.montecarlo as mc
from commgen.design.goal import ConstellationGoal
from commgen.design.points_figure import save_points_figure
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.studies.seeds import part_seed
from commgen.studies.signal.slots import (
    CURVES,
    MEAN_POINTS,
    NETWORK,
    POINTS,
    REFERENCES,
    PilotlessSlots,
    SlotsConfig,
    covariance,
    simulation,
)
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

#: Share of the power in the mean: of QAM, and where learning begins.
MEAN = 0.07
_CHUNK = 128
_SNR_RANGE_DB = (6.0, 20.0)


@dataclass(frozen=True)
class PilotlessSize:
    """How much is learned and sent.

    Parameters
    ----------
    num_channels, num_epochs, width
        Of the training.
    snr_start_db, snr_stop_db, snr_step_db
        Of the slots.
    num_slots
        At each SNR, the same for all receivers.
    """

    num_channels: int = 2048
    num_epochs: int = 10
    width: int = 16
    snr_start_db: float = 13.0
    snr_stop_db: float = 16.0
    snr_step_db: float = 1.0
    num_slots: int = 2048


#: All steps in seconds; the figures mean little.
QUICK = PilotlessSize(64, 1, 4, 13.0, 17.0, 4.0, 32)


def pilotless_study(
    output: Path, size: PilotlessSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn points and network over drawn channels, and count slots over others.

    Parameters
    ----------
    output
        Folder of what was learned, its picture ``points.png``, and the run ``slots``.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes the goal.

    Returns
    -------
    dict
        Title to rows: goodput where the link with pilots has a block error rate of 0.1,
        and at all SNRs.
    """
    config = SlotsConfig(
        seed=part_seed(seed, "signal/slots"),
        model=output.resolve() / "learned",
        sweep=mc.SweepConfig(
            snr_start_db=size.snr_start_db,
            snr_stop_db=size.snr_stop_db,
            snr_step_db=size.snr_step_db,
            batch_size=min(64, size.num_slots),
            max_num_blocks=size.num_slots,
            target_block_errors=size.num_slots,
            target_bler=(0.1,),
        ),
    )
    stages = Stages(output / "stages")
    told = [seed, size.num_channels, size.num_epochs, size.width, _SNR_RANGE_DB]
    learned = stages.result("learned", told, lambda: _learn(config, size, seed))
    names = {"16-QAM with a mean": MEAN_POINTS, "learned without pilots": POINTS}
    drawn = {n: Constellation.load(config.model / f).points for n, f in names.items()}
    save_points_figure(output / "points.png", drawn)
    found = mc.run_experiment(PilotlessSlots(config), output / "slots")
    at = _where_pilots_fail(found.rows)
    gains = [column for columns in REFERENCES.values() for column in columns]
    keys = "receiver", "snr_db", "bler", "goodput_bits", *gains
    rows = [{key: row[key] for key in keys} for row in found.rows]
    best = [r for r in rows if r["snr_db"] == at and r["receiver"] in CURVES[5:]]
    _judge(best, asked)
    return {
        "Goodput with and without pilots": [r for r in rows if r["snr_db"] == at],
        "Goodput at all SNRs": rows,
        "Points learned end to end": [{**learned, **asdict(size)}],
    }


def _where_pilots_fail(rows) -> float:
    """Return the SNR of the sweep at which pilots are nearest to a BLER of 0.1."""
    pilots = [row for row in rows if row["receiver"] == CURVES[0]]
    return min(pilots, key=lambda r: abs(np.log(max(r["bler"], 1e-4) / 0.1)))["snr_db"]


def _judge(rows, asked: Asked) -> None:
    """Tell each gain with its interval, in percent; what is asked is a figure."""
    for row in rows:
        for name, columns in REFERENCES.items():
            value, low, high = (100 * row[column] for column in columns)
            gain = f"{value:.1f} % ({low:.1f} to {high:.1f})"
            asked(
                f"no pilots, {row['receiver']}: goodput at BLER 0.1 over {name}",
                'a gain with interval, or "none"',
                gain if low > 0 else f"none: {gain}",
                bool(np.isfinite(value)),
            )


def _learn(config: SlotsConfig, size: PilotlessSize, seed: int) -> dict[str, Any]:
    """Write the folder of what is learned."""
    from commgen.generative.training import TrainingConfig
    from commgen.phy.neural.files import save_neural_receiver
    from commgen.phy.neural.pilotless_training import train_pilotless
    from commgen.phy.signal.grid import build_resource_grid

    made, folder = simulation(config), config.model
    training = TrainingConfig(
        num_epochs=size.num_epochs,
        batch_size=32,
        learning_rate=4e-3,
        weight_decay=0.0,
        patience=size.num_epochs,
    )
    system = train_pilotless(
        _channels(made, size.num_channels, part_seed(seed, "signal/pilotless")),
        _start(config.num_bits_per_symbol, seed),
        covariance(made, build_resource_grid(made.link)),
        snr_range_db=_SNR_RANGE_DB,
        seed=part_seed(seed, "signal/pilotless", 1),
        width=size.width,
        folder=folder.with_name("training"),
        training=training,
        progress=True,
    )
    points = system.constellation({"made": "end to end, without pilots"})
    folder.mkdir(parents=True, exist_ok=True)
    points.save(folder / POINTS)
    with_mean(Constellation.qam(config.num_bits_per_symbol)).save(folder / MEAN_POINTS)
    card = {"pilots": False, "snr_range_db": list(_SNR_RANGE_DB)}
    save_neural_receiver(system.network, folder / NETWORK, card)
    return {
        "mean_power": float(abs(points.points.mean()) ** 2),
        "peak_db": points.peak_to_average_db,
        "least_distance": points.least_distance,
    }


def with_mean(constellation: Constellation) -> Constellation:
    """Return points of which :data:`MEAN` of the power is in their mean."""
    return Constellation.of(constellation.points * (1 - MEAN) ** 0.5 + MEAN**0.5)


def _start(num_bits_per_symbol: int, seed: int) -> Constellation:
    """Return the design for white noise, found from random points, with a mean."""
    goal = ConstellationGoal(
        num_bits_per_symbol=num_bits_per_symbol, rate=num_bits_per_symbol / 2
    )
    found = design_constellation(goal, seed=part_seed(seed, "signal/start"))
    points = found[0].constellation.points
    return with_mean(Constellation.of(points - points.mean()))


def _channels(made: Any, num: int, seed: int) -> np.ndarray:
    """Draw channels to learn from, [num, num_ofdm_symbols, fft_size], complex64."""
    from commgen.phy.ofdm.link import Link
    from commgen.phy.simulation.sources import build_source

    link = Link(made.link, build_source(made, seed=seed), seed=seed, jit_compile=False)
    parts = [link.slots(b, _CHUNK).h.numpy() for b in range(-(-num // _CHUNK))]
    return np.concatenate(parts)[:num, 0, 0, 0, 0]
