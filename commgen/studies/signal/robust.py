"""Designed for a channel that does more than add noise, beside QAM at its best there.

QAM has all that designed points have: its demapper knows the phase noise as well, its
back-off is the best one, and what an amplifier makes of it is known to the receiver.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import commgen.montecarlo as mc
from commgen._random import complex_normal
from commgen._settings import Count, Float, Int, PositiveFloat, Settings
from commgen.design.climb import amplified
from commgen.design.goal import ConstellationGoal
from commgen.design.needed import best_back_off_db, snr_db_needed
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.measures.decibel import noise_variance
from commgen.montecarlo.experiment import nowhere
from commgen.studies.seeds import part_seed
from commgen.studies.signal.coded import PlainCode
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

#: What the channel does besides noise.
CASES: dict[str, dict[str, Any]] = {
    "Rapp amplifier, p = 2": {"saturation": 2.0},
    "hard limit, p = 20": {"saturation": 20.0},
    "phase noise of 4 deg": {"phase_noise_deg": 4.0},
    "phase noise of 8 deg": {"phase_noise_deg": 8.0},
    "Rayleigh fading": {"rice_factor": 0.0},
}
_CURVES = ("QAM", "designed")
_POINTS = "points"
# Gains of fading are known before a block: they are left to the exact figures.
_CODED = [c for c, does in CASES.items() if "rice_factor" not in does]


@dataclass(frozen=True)
class RobustSize:
    """How much is searched and sent.

    Parameters
    ----------
    cases
        How many of :data:`CASES`, from the first.
    starts
        Searches of each.
    num_bits_per_symbol, rate
        Of the constellations.
    num_symbols
        Of a coded block.
    span_db, step_db
        From how far above what the designed points need by theory, to how far above
        what QAM needs [dB].
    max_num_blocks, target_block_errors
        Of each SNR.
    """

    cases: int = len(CASES)
    starts: int = 6
    num_bits_per_symbol: int = 6
    rate: float = 4.0
    num_symbols: int = 1536
    span_db: tuple[float, float] = (0.4, 1.4)
    step_db: float = 0.2
    max_num_blocks: int = 2000
    target_block_errors: int = 200


#: In seconds; the figures mean little.
QUICK = RobustSize(1, 1, 4, 3.0, 96, (0.0, 4.0), 2.0, 16, 8)


class RobustConfig(Settings):
    """Blocks of two constellations with the same data, noise and phases.

    Parameters
    ----------
    seed
        Of data, noise and phases.
    rate, num_symbols
        Of all blocks.
    points
        As they go into the channel, by the name of their curve: real and imaginary
        parts, whose power counts.
    phase_noise_deg
        Standard deviation.
    sweep
        Power of one over noise [dB], and how many blocks.
    """

    seed: Int
    rate: PositiveFloat
    num_symbols: Count
    points: dict[str, tuple[tuple[Float, Float], ...]]
    phase_noise_deg: Float
    sweep: mc.SweepConfig


class RobustBlocks(mc.Experiment):
    """Block error rates with the NR LDPC code, under phase noise or of given power."""

    config_class = RobustConfig
    packages = ("numpy", "numba")

    @property
    def layout(self) -> mc.Layout:
        """Both constellations over SNR."""
        return mc.Layout(curves=_CURVES, points=self.sweep.snr_db, curve="signal")

    def build(self, keep=nowhere) -> mc.Trials:
        """Return what sends blocks and counts those that come wrong."""
        config, sigma = self.config, np.deg2rad(self.config.phase_noise_deg)
        sent = [np.array(config.points[c]) @ [1, 1j] for c in _CURVES]
        powers = [np.mean(np.abs(x) ** 2) for x in sent]
        of = (config.rate, config.num_symbols)
        codes = [PlainCode(Constellation.of(x), *of, phase_var=sigma**2) for x in sent]
        size, sweep_no = self.sweep.batch_size or 8, noise_variance(self.sweep.snr_db)

        def transmit(batch: int, pending: np.ndarray) -> mc.CountedBatch:
            rng, counts = np.random.default_rng([self.seed, batch]), {}
            noise = complex_normal(rng, (size, config.num_symbols))
            turns = np.exp(1j * sigma * rng.standard_normal(noise.shape))
            data = rng.integers(2, size=(size, codes[0].num_data_bits), dtype=np.uint8)
            for i, j in np.argwhere(pending):
                no = sweep_no[j] / powers[i]
                found = codes[i].through(data, np.sqrt(no) * noise, no, turns)
                wrong = (found != data).any(axis=1)
                counts[i, j] = mc.PointCounts(np.stack([wrong | True, wrong]))
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, transmit)


def robust_study(
    output: Path, size: RobustSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Design for each case, and count coded blocks beside those of QAM.

    Parameters
    ----------
    output
        Folder of the constellations and runs.
    size, seed
        How much, and the seed of everything.
    asked
        Gets whether there is a gain, whose interval is above zero.

    Returns
    -------
    dict
        Title to rows: SNR that each needs by theory; gain in coded blocks.
    """
    stages, needed, gains = Stages(output / "stages"), [], []
    for i, case in enumerate(list(CASES)[: size.cases]):
        of = part_seed(seed, "signal/robust", i)
        told = [of, size.starts, CASES[case]]
        row = stages.result(
            f"case-{i}",
            told,
            lambda i=i, case=case, of=of: _designed(output, i, case, size, of),
        )
        needed.append({k: v for k, v in row.items() if k != _POINTS})
        if case in _CODED:
            of = part_seed(seed, "signal/robust blocks", i)
            gains += _gains(output / f"coded-{i}", case, row, size, of, asked)
    return {"Designed for more than noise": needed, "Gain of robust points": gains}


def _designed(output, i, case, size, seed) -> dict[str, Any]:
    carries: dict[str, Any] = {
        "num_bits_per_symbol": size.num_bits_per_symbol,
        "rate": size.rate,
    }
    goal = ConstellationGoal(**carries, **CASES[case])
    white = ConstellationGoal(**carries)
    of: dict[str, Any] = {"num_starts": size.starts, "progress": True}
    best = design_constellation(goal, seed=seed, **of)[0]
    blind = design_constellation(white, seed=seed, **of)[0].constellation
    qam = Constellation.qam(size.num_bits_per_symbol)
    best.constellation.save(output / f"case-{i}.npz")
    back_off_db = best_back_off_db(qam, goal)
    qam_db = snr_db_needed(qam, goal, back_off_db=back_off_db)
    driven = {
        "QAM": (qam, back_off_db),
        "designed": (best.constellation, best.back_off_db),
    }
    return {
        "channel": case,
        "qam_db": qam_db,
        "for_white_noise_db": snr_db_needed(blind, goal),
        "designed_db": best.snr_db,
        "gain_db": qam_db - best.snr_db,
        "shannon_db": goal.shannon_snr_db,
        _POINTS: {name: _sent(c, goal, b) for name, (c, b) in driven.items()},
    }


def _sent(constellation, goal, back_off_db):
    x = amplified(constellation.points, goal, 10 ** (-back_off_db / 20))
    return [[float(v.real), float(v.imag)] for v in x]


def _gains(folder, case, row, size, seed, asked) -> Rows:
    low, high = size.span_db
    config = RobustConfig(
        seed=seed,
        rate=size.rate,
        num_symbols=size.num_symbols,
        points=row[_POINTS],
        phase_noise_deg=CASES[case].get("phase_noise_deg", 0.0),
        sweep=mc.SweepConfig(
            snr_start_db=round(row["designed_db"] + low, 2),
            snr_stop_db=round(row["qam_db"] + high, 2),
            snr_step_db=size.step_db,
            batch_size=8,
            max_num_blocks=size.max_num_blocks,
            target_block_errors=size.target_block_errors,
        ),
    )
    found, rows = mc.run_experiment(RobustBlocks(config), folder), []
    for reading in found.readings:
        if reading["signal"] != "designed":
            continue
        gain = {key: reading[key] for key in reading if key.startswith("gain")}
        rows.append({"channel": case, "bler": reading["target"], **gain})
        low, high = reading["gain_low_db"], reading["gain_high_db"]
        asked(
            f"gain over QAM optimised for the same, {case}, BLER {reading['target']:g}",
            "an interval above 0 dB, or none",
            f"{reading['gain_db']:.2f} ({low:.2f} to {high:.2f}) dB",
            bool(low > 0),
        )
    return rows
