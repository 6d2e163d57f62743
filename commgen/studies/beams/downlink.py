"""Goodput of a downlink: whether rates of precoders hold as blocks of a code."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import RatioSums
from commgen.studies.beams.precoding import (
    ERR_VAR,
    NUM_ANT,
    NUM_USERS,
    ONE_PASS,
    PERFECT,
    SAMPLED,
    SNR_DB,
    PrecodingSize,
    learned,
)
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

ON_THE_MEAN = "WMMSE on the mean"
#: Elements of a block, and pilots behind the weights that a user averages over.
NUM_RE, NUM_PILOTS = 288, 24
#: How schemes are chosen: by what the base station expects, or by what users report.
ADAPTATIONS = ("believed", "reported")


@dataclass(frozen=True)
class DownlinkSize:
    """How much is learned, chosen on, and judged.

    Parameters
    ----------
    precoding
        Of the precoder that learns.
    num_others, num_drops
        Drops that offsets are found on, and that judge.
    num_draws
        Channels of each belief that weights are made of, and as many others that
        schemes are chosen by.
    num_threshold_blocks
        Blocks at each step towards the SNR that a scheme needs.
    """

    precoding: PrecodingSize = field(default_factory=PrecodingSize)
    num_others: int = 200
    num_drops: int = 200
    num_draws: int = 64
    num_threshold_blocks: int = 200


#: All steps in seconds; the figures mean little.
QUICK = DownlinkSize(PrecodingSize(6, 8, wmmse_steps=5), 4, 4, 4, 10)


def downlink_study(
    output: Path, size: DownlinkSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Send blocks of the NR code with several precoders over the same drops.

    Parameters
    ----------
    output
        Folder of models and steps.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured.

    Returns
    -------
    dict
        For each way to choose schemes: rate, goodput, block error rate.
    """
    stages, told = Stages(output / "stages"), [seed, asdict(size)]
    needed = stages.result("thresholds", told, lambda: _thresholds(size, seed))
    found = stages.result("error", told, lambda: _error(output, needed, size, seed))
    tables = {
        f"Goodput, schemes {how}": _rows(found[how], ON_THE_MEAN) for how in ADAPTATIONS
    }
    for how in ADAPTATIONS:
        rows = {row["precoder"]: row for row in tables[f"Goodput, schemes {how}"]}
        where = f"error {ERR_VAR:g}, schemes {how}"
        _judge(asked, where, rows[ONE_PASS], rows[ON_THE_MEAN])
    return tables


def link() -> Any:
    """Return the link that all are judged on."""
    from commgen.phy.downlink import DownlinkLink

    return DownlinkLink(NUM_RE, num_pilots=NUM_PILOTS)


def judged(precoders: Any, needed, others: Any, test: Any, no: float) -> dict[str, Any]:
    """Return what each precoder delivers, as JSON, by the way to choose schemes."""
    from commgen.studies.beams.goodput import judge

    weights = {
        name: (precode(others), precode(test)) for name, precode in precoders.items()
    }
    return {
        how: {
            name: asdict(value)
            for name, value in judge(
                link(),
                np.asarray(needed),
                weights,
                others,
                test,
                no,
                adaptation=how,
                knowing=PERFECT,
            ).items()
        }
        for how in ADAPTATIONS
    }


def _thresholds(size: DownlinkSize, seed: int) -> list[float]:
    from commgen.phy.downlink import decoding_thresholds

    own = part_seed(seed, "beams/downlink thresholds")
    blocks = size.num_threshold_blocks
    return decoding_thresholds(link().codec, seed=own, num_blocks=blocks).tolist()


def _error(output: Path, needed, size: DownlinkSize, seed: int) -> dict[str, Any]:
    """Judge precoders of Rayleigh channels that are known with an error."""
    from commgen.phy.beams import WMMSE, RobustRZF

    no, steps = float(noise_variance(SNR_DB[1])), size.precoding.wmmse_steps
    members = {
        ON_THE_MEAN: WMMSE(num_steps=steps),
        "robust RZF": RobustRZF(),
        SAMPLED: WMMSE(num_steps=steps, of="samples"),
        ONE_PASS: learned(output, "believed", size.precoding, seed),
    }
    precoders = {
        name: lambda drops, member=member: member(drops.belief, no).numpy()
        for name, member in members.items()
    }
    exact = WMMSE(num_steps=steps)
    precoders[PERFECT] = lambda drops: exact(drops.h, no).numpy()
    others, test = (
        _drops(num, size.num_draws, part_seed(seed, f"beams/downlink {part}"))
        for part, num in (("others", size.num_others), ("drops", size.num_drops))
    )
    return judged(precoders, needed, others, test, no)


def _drops(num: int, num_draws: int, seed: int) -> Any:
    from commgen.phy.beams import Belief
    from commgen.studies.beams.goodput import Known

    rng, v = np.random.default_rng(seed), np.float32(ERR_VAR)
    mean = np.sqrt(1 - v) * complex_normal(rng, (num, NUM_USERS, 1, NUM_ANT))

    def drawn(n: int) -> np.ndarray:
        return mean + np.sqrt(v) * complex_normal(rng, (n, *mean.shape))

    cov = np.tile(v * np.eye(NUM_ANT), (num, NUM_USERS, 1, 1))
    h = drawn(1)[0]
    belief = Belief.of(mean, cov, drawn(num_draws))
    draws = link().draws(rng, num, NUM_USERS, 1)
    return Known(h, belief, drawn(num_draws), draws)


def _rows(found: dict[str, Any], reference: str) -> Rows:
    """Return means, and shares of a reference's, paired over drops."""
    rows, base = [], found[reference]
    for name, value in found.items():
        sums = RatioSums.of(value["goodput"], base["goodput"])
        low, high = sums.interval()
        lost = RatioSums.of(value["wrong"], value["sent"])
        bler_low, bler_high = lost.interval()
        rows.append(
            {
                "precoder": name,
                "rate": float(np.mean(value["rate"])),
                "goodput": float(np.mean(value["goodput"])),
                "share": sums.ratio(),
                "share_low": low,
                "share_high": high,
                "bler": lost.ratio(),
                "bler_low": bler_low,
                "bler_high": bler_high,
                "users_sent": float(np.mean(value["sent"])),
                "offset_db": value["offset_db"],
            }
        )
    return rows


def _judge(asked: Asked, where: str, row: dict[str, Any], mean: dict[str, Any]) -> None:
    told = f"{row['share']:.3f} ({row['share_low']:.3f} to {row['share_high']:.3f})"
    asked(
        f"goodput of {ONE_PASS} over {ON_THE_MEAN}, {where}",
        "above 1",
        told,
        row["share_low"] > 1,
    )
    gain, wanted = row["goodput"] - mean["goodput"], (row["rate"] - mean["rate"]) / 2
    asked(
        f"half of the gain in rate as goodput, {where}",
        f">= {wanted:.2f} bit/s/Hz",
        f"{gain:.2f} bit/s/Hz",
        gain >= wanted,
    )
