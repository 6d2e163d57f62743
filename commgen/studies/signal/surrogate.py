"""Points designed through a link that is known by recorded pairs alone."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

import commgen.montecarlo as mc
from commgen._random import complex_normal
from commgen.design.goal import ConstellationGoal
from commgen.design.points_figure import save_points_figure
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.measures.decibel import noise_variance
from commgen.studies.seeds import part_seed
from commgen.studies.signal.linked import (
    SMOOTHNESS,
    TURN,
    LinkedBlocks,
    LinkedConfig,
    amplified,
    pairs_of,
)
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

#: Bits of a symbol, and what of them is data.
NUM_BITS, RATE = 6, 4.0
#: Saturated power over noise of the recording [dB], and its greatest amplitude.
RECORDED_DB, LARGEST = 15.5, 2.0
_DRIVES = (-2.5, 1.0)  # natural logarithms of what back-off is searched in
_ORDER = 20
LEARNED, KNOWN = "through the surrogate", "link known"


@dataclass(frozen=True)
class SurrogateSize:
    """How much is recorded, learned and sent.

    Parameters
    ----------
    num_pairs, num_epochs, width
        Of the recording, and of what learns it.
    num_steps
        Of the design through it.
    num_symbols
        Of a coded block.
    snr_start_db, snr_stop_db, snr_step_db
        Of the coded blocks.
    max_num_blocks
        At each SNR; with 60 wrong ones it has enough.
    """

    num_pairs: int = 60_000
    num_epochs: int = 12
    width: int = 64
    num_steps: int = 250
    num_symbols: int = 1536
    snr_start_db: float = 15.4
    snr_stop_db: float = 17.6
    snr_step_db: float = 0.2
    max_num_blocks: int = 800


#: All steps in seconds; the figures mean little.
QUICK = SurrogateSize(2000, 1, 8, 10, 128, 14.0, 18.0, 2.0, 16)


def surrogate_study(
    output: Path, size: SurrogateSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Record a link, learn it, design points through it, and send them.

    Parameters
    ----------
    output
        Folder of the picture ``points.png``, and of the run ``blocks``.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes the goal.

    Returns
    -------
    dict
        Title to rows: saturated power over noise that the rate needs on the true link,
        by exact quadrature; gains of coded blocks over Gray QAM.
    """
    stages = Stages(output / "stages")
    told = [seed, *vars(size).values()][:5]
    sent = {
        "QAM": _backed_off(Constellation.qam(NUM_BITS).points),
        "design for white noise": _backed_off(_for_white_noise(seed).points),
    }
    for name, make in ((LEARNED, _through_surrogate), (KNOWN, _through_link)):
        pairs = stages.result(name, told, lambda make=make: pairs_of(make(size, seed)))
        sent[name] = np.array(pairs) @ [1, 1j]
    output.mkdir(parents=True, exist_ok=True)
    titles = {f"sent: {n}": sent[n] for n in ("QAM", LEARNED)}
    arrives = {f"arrives: {LEARNED}": amplified(sent[LEARNED])}
    save_points_figure(output / "points.png", titles | arrives)
    rows = [_needed(name, points) for name, points in sent.items()]
    for row in rows:
        row["gain_db"] = rows[0]["needed_db"] - row["needed_db"]
    gains = _gains(output, size, seed, sent, rows)
    found = next(r for r in gains if r["signal"] == LEARNED and r["bler"] == 0.1)
    low, high = found["gain_low_db"], found["gain_high_db"]
    asked(
        "constellation designed through the surrogate of an amplifier, on the true one",
        "a gain with interval",
        f"{found['gain_db']:.2f} dB ({low:.2f} to {high:.2f}) at BLER 0.1",
        bool(low > 0),
    )
    return {
        "Saturated power over noise for a rate": rows,
        "Gain of coded blocks through the link": gains,
    }


def record(num_pairs: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return what went into the link and what came out, [num_pairs], complex64.

    What goes in is uniform over a disk up to :data:`LARGEST`.
    """
    rng = np.random.default_rng(seed)
    turn = np.exp(2j * np.pi * rng.random(num_pairs))
    x = LARGEST * np.sqrt(rng.random(num_pairs)) * turn
    noise = np.sqrt(noise_variance(RECORDED_DB)) * complex_normal(rng, x.shape)
    return x.astype(np.complex64), (amplified(x) + noise).astype(np.complex64)


def needed_db(sent: np.ndarray) -> float:
    """Saturated power over noise at which points carry the rate, exactly [dB]."""
    arrived = amplified(sent)
    power = float(np.mean(np.abs(arrived) ** 2))
    snr_db = snr_db_for(Constellation.of(arrived), RATE, order=_ORDER)
    return snr_db - 10 * np.log10(power)


def _backed_off(points: np.ndarray) -> np.ndarray:
    """Return points with the drive that needs the least power, strongest bit first."""

    def cost(log_drive):
        try:
            return needed_db(np.exp(log_drive) * points)
        except ValueError:  # points that fall together never carry the rate
            return 100.0

    found: Any = minimize_scalar(cost, bounds=_DRIVES, method="bounded")
    return np.exp(found.x) * points


@cache
def _for_white_noise(seed: int) -> Constellation:
    goal = ConstellationGoal(num_bits_per_symbol=NUM_BITS, rate=RATE)
    found = design_constellation(goal, seed=part_seed(seed, "signal/start"))
    return found[0].constellation


def _through_surrogate(size: SurrogateSize, seed: int) -> np.ndarray:
    """Learn the link from pairs, and design through what was learned."""
    import keras

    from commgen.channels.surrogate import SurrogateChannel
    from commgen.generative.training import TrainingConfig

    x, y = record(size.num_pairs, part_seed(seed, "signal/link"))
    words = part_seed(seed, "signal/link", 1)
    keras.utils.set_random_seed(words)
    training = TrainingConfig(
        num_epochs=size.num_epochs, batch_size=256, learning_rate=4e-3
    )
    surrogate = SurrogateChannel(width=size.width).fit(
        x, y, seed=words, training=training, num_pairs=size.num_pairs // 3
    )
    return _design(surrogate, size, seed)


def _through_link(size: SurrogateSize, seed: int) -> np.ndarray:
    """Design through the true link: what no recording can beat."""
    import tensorflow as tf

    no = float(noise_variance(RECORDED_DB))

    def link(x, *, seed):
        power = tf.abs(x) ** 2
        gain = (1 + power**SMOOTHNESS) ** (-0.5 / SMOOTHNESS)
        turn = TURN * power / (1 + power)
        noise = tf.random.stateless_normal((2, *x.shape), seed, stddev=(no / 2) ** 0.5)
        return x * tf.cast(gain, x.dtype) * _unit(turn) + tf.complex(*tf.unstack(noise))

    def _unit(turn):
        return tf.complex(tf.cos(turn), tf.sin(turn))

    return _design(link, size, seed)


def _design(link: Any, size: SurrogateSize, seed: int) -> np.ndarray:
    """Go on from the design for white noise, through a link."""
    from commgen.phy.neural.linked import LINK_TRAINING, design_through

    training = LINK_TRAINING.model_copy(update={"num_steps": size.num_steps})
    start = _for_white_noise(seed)
    options: Any = {"largest": LARGEST, "seed": seed, "training": training}
    return design_through(link, start, **options, progress=True).sent


def _needed(name: str, sent: np.ndarray) -> dict[str, Any]:
    arrived = amplified(sent)
    return {
        "signal": name,
        "needed_db": needed_db(sent),
        "input_power_db": float(10 * np.log10(np.mean(np.abs(sent) ** 2))),
        "output_power_db": float(10 * np.log10(np.mean(np.abs(arrived) ** 2))),
        "peak_db": Constellation.of(sent).peak_to_average_db,
    }


def _gains(output, size, seed, sent, rows) -> Rows:
    """Send coded blocks of all points through the true link."""
    config = LinkedConfig(
        seed=part_seed(seed, "signal/link", 3),
        num_bits_per_symbol=NUM_BITS,
        rate=RATE,
        num_symbols=size.num_symbols,
        sent={name: pairs_of(points) for name, points in sent.items()},
        sweep=mc.SweepConfig(
            snr_start_db=size.snr_start_db,
            snr_stop_db=size.snr_stop_db,
            snr_step_db=size.snr_step_db,
            batch_size=8,
            max_num_blocks=size.max_num_blocks,
            target_block_errors=60,
            target_bler=(0.1, 0.01),
        ),
    )
    found = mc.run_experiment(LinkedBlocks(config), output / "blocks")
    predicted = {row["signal"]: row["gain_db"] for row in rows}
    keys = "gain_db", "gain_low_db", "gain_high_db"
    return [
        {
            "signal": r["signal"],
            "bler": r["target"],
            **{key: r[key] for key in keys},
            "predicted_db": predicted[r["signal"]],
        }
        for r in found.readings
        if r["signal"] != "QAM"
    ]
