"""Constellations: SNR that they need by theory, and gains in coded blocks."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import commgen.montecarlo as mc
from commgen.coding.composition import CompositionMatcher
from commgen.coding.sphere_shaping import SphereShaper
from commgen.design.goal import ConstellationGoal
from commgen.design.report import shannon_snr_db
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.frame.shaped import matched_qam
from commgen.studies.seeds import part_seed
from commgen.studies.signal.coded import SHAPED_LENGTH, CodedBlocks, CodedConfig
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

#: Bits of a symbol, rate, shaping, and the SNR that was asked for [dB].
GOALS = (
    (6, 4.0, "geometric", 12.18),
    (8, 4.0, "geometric", 12.13),
    (8, 6.0, "geometric", 18.44),
    (4, 3.0, "joint", 8.86),
    (6, 4.0, "joint", 11.84),
    (6, 5.0, "joint", 15.39),
    (8, 6.0, "joint", 18.08),
)
#: Bits of a symbol, rate, bits of a sequence of the matcher, SNR asked for [dB].
MATCHED = ((6, 4.0, 410, 11.95), (8, 6.0, 664, 18.20))
_ORDER = 24


@dataclass(frozen=True)
class ConstellationSize:
    """How much is searched and sent.

    Parameters
    ----------
    goals, matched
        How many of :data:`GOALS` and :data:`MATCHED`, from the first.
    starts, starts_of_256
        Searches of each goal.
    num_symbols
        Of a coded block; a multiple of 128.
    snr_start_db, snr_stop_db, snr_step_db
        Of the coded blocks, 4 bits over 64 points.
    max_num_blocks, target_block_errors
        Of each point.
    """

    goals: int = len(GOALS)
    matched: int = len(MATCHED)
    starts: int = 16
    starts_of_256: int = 6
    num_symbols: int = 1536
    snr_start_db: float = 12.0
    snr_stop_db: float = 13.4
    snr_step_db: float = 0.1
    max_num_blocks: int = 6000
    target_block_errors: int = 200


#: All steps in seconds; the figures mean little.
QUICK = ConstellationSize(1, 1, 1, 1, 128, 12.0, 16.0, 1.0, 48, 10)


def constellation_study(
    output: Path, size: ConstellationSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Search constellations, match bits to QAM, and count coded blocks.

    Parameters
    ----------
    output
        Folder of the constellations found, and of the run ``coded``.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured.

    Returns
    -------
    dict
        SNR that each goal needs beside QAM and Shannon; gains of coded blocks beside
        those that theory says.
    """
    stages = Stages(output / "stages")
    told = {"seed": seed, **asdict(size)}
    needed = [
        stages.result(
            f"goal-{i}", [told, GOALS[i]], lambda i=i: _designed(output, i, size, seed)
        )
        for i in range(size.goals)
    ]
    matched = stages.result("matched", MATCHED[: size.matched], lambda: _matched(size))
    for row in [r for r in [*needed, *matched] if r["asked_db"] is not None]:
        asked(
            f"{row['points']} points at {row['rate']:g} bit, {row['signal']}",
            f"<= {row['asked_db']:.2f} dB",
            f"{row['snr_db']:.3f} dB",
            row["snr_db"] <= row["asked_db"],
        )
    gains = _gains(output, size, seed, needed[0], matched[0], asked)
    return {
        "SNR for a rate": needed + matched,
        "Gain of coded blocks over QAM": gains,
    }


def constellation_file(output: Path, i: int) -> Path:
    """Where the constellation of goal number ``i`` lies."""
    bits, rate, shaping, _ = GOALS[i]
    return output / f"{2**bits}-points-{rate:g}-bit-{shaping}.npz"


def _designed(output, i, size, seed) -> dict[str, Any]:
    bits, rate, shaping, wanted = GOALS[i]
    goal = ConstellationGoal(num_bits_per_symbol=bits, rate=rate, shaping=shaping)
    starts = size.starts_of_256 if bits == 8 else size.starts
    best = design_constellation(
        goal, seed=part_seed(seed, "signal/search", i), num_starts=starts, progress=True
    )[0]
    best.constellation.save(constellation_file(output, i))
    return _row(bits, rate, shaping, wanted, best.snr_db)


def _row(bits, rate, signal, wanted, snr_db) -> dict[str, Any]:
    return {
        "points": 2**bits,
        "rate": rate,
        "signal": signal,
        "qam_db": snr_db_for(Constellation.qam(bits), rate, order=_ORDER),
        "snr_db": float(snr_db),
        "shannon_db": shannon_snr_db(rate),
        "asked_db": wanted,
    }


def _matched(size) -> Rows:
    rows = []
    for bits, rate, num_bits, wanted in MATCHED[: size.matched]:
        shaper = SphereShaper.of_bits(2 ** (bits // 2 - 1), SHAPED_LENGTH, num_bits)
        row = _row(bits, rate, "sphere", wanted, _matched_snr_db(bits, rate, shaper))
        rows.append(row)
        if shaper.probabilities.min() * SHAPED_LENGTH >= 1:
            matcher = CompositionMatcher.of_probabilities(
                shaper.probabilities, SHAPED_LENGTH
            )
            snr_db = _matched_snr_db(bits, rate, matcher)
            rows.append(_row(bits, rate, "composition", None, snr_db))
    return rows


def _matched_snr_db(bits, rate, matcher) -> float:
    """SNR at which QAM of a matcher carries the rate, what it loses counted."""
    loss = 2 * matcher.rate_loss
    return snr_db_for(matched_qam(bits, matcher), rate + loss, order=_ORDER)


def _gains(output, size, seed, geometric, sphere, asked) -> Rows:
    """Send blocks of 64 points at 4 bits, and read gains off their error rates."""
    points = Constellation.load(constellation_file(output, 0)).points
    config = CodedConfig(
        seed=part_seed(seed, "signal/blocks"),
        num_bits_per_symbol=GOALS[0][0],
        rate=GOALS[0][1],
        num_symbols=size.num_symbols,
        points=tuple((float(x.real), float(x.imag)) for x in points),
        shaper_bits=MATCHED[0][2],
        sweep=mc.SweepConfig(
            snr_start_db=size.snr_start_db,
            snr_stop_db=size.snr_stop_db,
            snr_step_db=size.snr_step_db,
            batch_size=8,
            max_num_blocks=size.max_num_blocks,
            target_block_errors=size.target_block_errors,
        ),
    )
    found = mc.run_experiment(CodedBlocks(config), output / "coded")
    predicted = {
        "geometric": geometric["qam_db"] - geometric["snr_db"],
        "sphere-shaped": sphere["qam_db"] - sphere["snr_db"],
    }
    rows = []
    for reading in found.readings:
        if reading["signal"] not in predicted:
            continue
        expected = predicted[reading["signal"]]
        gain = {key: reading[key] for key in reading if key.startswith("gain")}
        row = {"signal": reading["signal"], "bler": reading["target"], **gain}
        rows.append({**row, "predicted_db": expected})
        value = reading["gain_db"]
        asked(
            f"coded gain over QAM at BLER {reading['target']:g}, {reading['signal']}",
            f"within 0.1 dB of the predicted {expected:.2f}",
            f"{value:.2f} dB",
            bool(abs(value - expected) <= 0.1),
        )
    return rows
