"""Search for a waveform: one is learned for each roll-off, the best is kept."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int
from commgen.design.goal import ConstellationGoal
from commgen.design.search import design_constellation, strongest_first
from commgen.design.waveform.back_off import check_reachable, least_degradation
from commgen.design.waveform.goal import WaveformGoal
from commgen.design.waveform.training import TrainingSize, train
from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.waveform.degradation import Degradation, Transmission
from commgen.waveform.designed import DesignedWaveform

# OFDM symbols by which roll-off and back-off are chosen.
_NUM_BLOCKS = 60
_ORDER = 20
# Searches of the points to start from.
_NUM_STARTS = 3


@dataclass(frozen=True)
class DesignedFor:
    """A learned waveform, and what it costs on the symbols that chose it.

    Parameters
    ----------
    waveform
        At its best back-off, with goal and seed in its card.
    degradation
        By symbols that learning has not seen; for others than these it may differ.
    """

    waveform: DesignedWaveform
    degradation: Degradation


def design_waveform(
    goal: WaveformGoal,
    *,
    seed: int = 0,
    size: TrainingSize | None = None,
    progress: bool = False,
) -> list[DesignedFor]:
    """Learn a waveform for each of the goal's roll-offs; the best one comes first.

    Parameters
    ----------
    goal
        What is asked for.
    seed
        Of symbols and noise: those of learning, and others for the choice.
    size
        How long each is learned.
    progress
        Show a progress bar.

    Raises
    ------
    ValueError
        If none keeps the goal's limits; what is kept is said.
    """
    check_int("seed", seed, low=0)
    found = []
    for roll_off in goal.roll_offs:
        points = _first_points(goal, roll_off, seed)
        free = train(
            goal, roll_off, seed=seed, points=points, size=size, progress=progress
        )
        found.append(_finished(free.fixed(), goal, roll_off, seed))
    return sorted(found, key=lambda one: one.degradation.total_db)


def _first_points(goal, roll_off, seed):
    """Return points that are good in white noise, or None where QAM is to stay."""
    if not goal.learn_points:
        return None
    rate = goal.rate * goal.num_tones / goal.num_data(roll_off)
    asked = ConstellationGoal(num_bits_per_symbol=goal.num_bits_per_symbol, rate=rate)
    found = design_constellation(asked, seed=seed, num_starts=_NUM_STARTS)
    return found[0].constellation.points


def _finished(raw: DesignedWaveform, goal, roll_off, seed) -> DesignedFor:
    """Sort the bits, scale to unit power, and find the best back-off."""
    share = raw.num_subcarriers / goal.num_tones
    qam = Constellation.qam(goal.num_bits_per_symbol)
    near_db = snr_db_for(qam, goal.rate / share, order=_ORDER)
    points = strongest_first(raw.constellation, near_db)
    chosen = np.random.default_rng([seed, 1])
    labels = chosen.integers(
        len(qam.points), size=(_NUM_BLOCKS, 1, raw.num_subcarriers)
    )
    power = float(np.mean(np.abs(raw.to_tones(points.points[labels])) ** 2))
    parts = raw.waveform, raw.network, points
    numbers: dict[str, Any] = {"drive": raw.drive, "power": power}
    waveform = DesignedWaveform(*parts, **numbers, back_off_db=0.0)
    sent = Transmission(waveform, points, seed=seed + 1, num_blocks=_NUM_BLOCKS)
    check_reachable(sent, goal)
    found: Any = least_degradation(sent, goal)
    card = {
        "goal": goal.model_dump(mode="json"),
        **{"seed": seed, "roll_off": roll_off},
        **{key: round(value, 4) for key, value in asdict(found).items()},
    }
    return DesignedFor(
        DesignedWaveform(*parts, **numbers, back_off_db=found.back_off_db, card=card),
        found,
    )
