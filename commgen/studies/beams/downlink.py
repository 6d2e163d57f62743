"""Goodput of a downlink: whether rates of precoders hold as blocks of a code."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen.measures.intervals import RatioSums
from commgen.studies.beams.partial import (
    QUICK as QUICK_PARTIAL,
    PartialSize,
)
from commgen.studies.beams.precoding import ONE_PASS, PrecodingSize
from commgen.studies.beams.rates_figure import save_rates_figure
from commgen.studies.beams.sites import ADAPTATIONS, ON_THE_MEAN, SITES, thresholds
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows


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
    partial
        Of prior and precoder of UMi-64.
    num_seen_others, num_seen_drops, num_seen_draws
        The same of UMi-64.
    num_threshold_blocks
        Blocks at each step towards the SNR that a scheme needs.
    """

    precoding: PrecodingSize = field(default_factory=PrecodingSize)
    num_others: int = 200
    num_drops: int = 200
    num_draws: int = 64
    partial: PartialSize = field(default_factory=PartialSize)
    num_seen_others: int = 60
    num_seen_drops: int = 60
    num_seen_draws: int = 32
    num_threshold_blocks: int = 200


#: All steps in seconds; the figures mean little.
QUICK = DownlinkSize(
    PrecodingSize(6, 8, wmmse_steps=5), 4, 4, 4, QUICK_PARTIAL, 2, 2, 4, 10
)


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
    needed = stages.result("thresholds", told, lambda: thresholds(size, seed))
    found = {
        name: stages.result(
            name, told, lambda site=site: site(output, needed, size, seed)
        )
        for name, site in SITES.items()
    }
    save_rates_figure(
        output / "goodput.png",
        {
            f"{name}, schemes {how}": {k: v["goodput"] for k, v in value[how].items()}
            for name, value in found.items()
            for how in ADAPTATIONS
        },
        label="goodput [bit/s/Hz]",
    )
    tables = {}
    for how in ADAPTATIONS:
        rows = tables[f"Goodput, schemes {how}"] = []
        for name, value in found.items():
            own = _rows(value[how], ON_THE_MEAN)
            rows += [{"site": name, **row} for row in own]
            of = {row["precoder"]: row for row in own}
            where = f"{name}, schemes {how}"
            _judge(asked, where, of[ONE_PASS], of[ON_THE_MEAN])
    return tables


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
