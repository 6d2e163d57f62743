"""Points designed for a site by a model that has learned it, over channels unseen."""

import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import commgen.montecarlo as mc
from commgen.datasets.catalogue import VARIABLE
from commgen.design.goal import ConstellationGoal
from commgen.design.limits import Limits
from commgen.design.needed import snr_db_needed
from commgen.design.search import Found, best_first, design_constellation, settle
from commgen.design.variables import Variables
from commgen.frame.constellation import Constellation
from commgen.phy.ofdm.config import LinkConfig
from commgen.studies.seeds import part_seed
from commgen.studies.signal.site_blocks import QAM, SiteBlocks, SiteConfig
from commgen.studies.signal.sites import (
    MEASURED,
    SITES,
    Site,
    gains_of,
    threshold_gains_of,
)
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

CODERATE = 2 / 3
TARGETS = (0.1,)
AWGN, ALL, THRESHOLD = "for white noise", "for all gains", "for gains at the threshold"


@dataclass(frozen=True)
class ChannelSize:
    """How much is learned, searched and sent.

    Parameters
    ----------
    sites
        Of :data:`~commgen.studies.signal.sites.SITES`; the measured one is left out
        where ``COMMGEN_DATA`` does not say where it lies.
    num_bits_per_symbol
        Of the points, which carry two thirds of it.
    num_train, num_test
        Channels to learn from, and unseen ones.
    num_components
        Of the mixture that learns a site.
    num_draws, num_gains
        Channels that it draws for the design, and gains that stand for theirs.
    starts, kept
        Searches in white noise, and how many of the best are climbed on from for the
        gains: no design is better or worse for the luck of its starts.
    snr_step_db
        Of the blocks.
    max_num_blocks, target_block_errors, min_bler
        Of each point, as in :class:`~commgen.montecarlo.StoppingRule`.
    """

    sites: tuple[str, ...] = ("umi", "office")
    num_bits_per_symbol: int = 6
    num_train: int = 6000
    num_test: int = 3000
    num_components: int = 32
    num_draws: int = 4000
    num_gains: int = 64
    starts: int = 16
    kept: int = 4
    snr_step_db: float = 1.0
    max_num_blocks: int = 4000
    target_block_errors: int = 500
    min_bler: float = 0.02

    @property
    def rate(self) -> float:
        """Bits that a symbol carries."""
        return CODERATE * self.num_bits_per_symbol


#: All steps in seconds, without measured data; the figures mean little.
QUICK = ChannelSize(("umi",), 4, 60, 40, 1, 20, 4, 1, 1, 6.0, 32, 32)


def channel_study(
    output: Path, size: ChannelSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn sites, design points over what the models draw, and test over the truth.

    Parameters
    ----------
    output
        Folder of channels, models, points, and a run for each site.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured.

    Returns
    -------
    dict
        Of each site the gains over QAM of points designed for white noise and for the
        gains of the model, in coded blocks behind an estimator with that model.
    """
    rows = []
    for name in size.sites:
        if name == MEASURED and VARIABLE not in os.environ:
            continue
        folder = output / name
        made = SITES[name](folder, size.num_train, size.num_test, seed=seed)
        rows += _site(folder, made, size, seed)
    for row in rows:
        if row["points"] in (ALL, THRESHOLD):
            _judge(row, asked)
    return {"Points designed for a site": rows}


def _judge(row, asked) -> None:
    low, high = row["over_awgn_low_db"], row["over_awgn_high_db"]
    verdict = "a gain" if low > 0 else "a loss" if high < 0 else "none"
    verdict = verdict if low <= high else "not reached"  # NaN
    asked(
        f"{row['site']}, {row['points']}, BLER {row['bler']:g}",
        "gain over QAM and over the design for white noise, or none",
        f"{row['gain_db']:.2f} dB over QAM, {row['over_awgn_db']:.3f} "
        f"({low:.3f} to {high:.3f}) over white noise: {verdict}",
        bool(row["gain_low_db"] > 0),
    )


def _site(folder: Path, site: Site, size: ChannelSize, seed: int) -> Rows:
    model, stages = folder / "model", Stages(folder / "stages")
    told = [seed, size.num_train, size.num_components]
    stages.result("model", told, lambda: _learn(model, site, size, seed))
    designed = stages.result(
        "points", [seed, asdict(size)], lambda: _designs(folder, model, size, seed)
    )
    config = _config(folder, site, model, size, part_seed(seed, "site/blocks"))
    found = mc.run_experiment(SiteBlocks(config), folder / "blocks")
    return _rows(site, designed, found)


def _learn(folder: Path, site: Site, size: ChannelSize, seed: int) -> int:
    """Fit the mixture of a site into a folder; return of how many channels it is."""
    from commgen.generative import GaussianMixture

    learned = GaussianMixture(site.h.shape[1:], size.num_components)
    learned.fit(site.h, seed=part_seed(seed, "site/model")).save(folder)
    return len(site.h)


def _rows(site: Site, designed: dict[str, Any], found: mc.RunResult) -> Rows:
    """Return what each constellation gains over QAM and over that for white noise."""
    reader = mc.CurveReader(found.tally, found.layout)
    rows = []
    for target in TARGETS:
        curves = found.layout.curves
        read = {name: reader.read(i, target) for i, name in enumerate(curves)}
        for name, reading in read.items():
            row = {"site": site.name, "points": name, "bler": target}
            row["snr_db"] = reading.value
            for key, other in (("gain", QAM), ("over_awgn", AWGN)):
                gain = reader.gain(reading, read[other])
                ends = (f"{key}_db", f"{key}_low_db", f"{key}_high_db")
                row |= dict(zip(ends, gain, strict=True))
            for kind in (ALL, THRESHOLD):
                key = f"predicted_{'all' if kind == ALL else 'threshold'}_db"
                row[key] = designed[kind][name]
            rows.append(row)
    return rows


def _designs(folder: Path, model: Path, size: ChannelSize, seed: int) -> dict[str, Any]:
    """Design points for the gains of a model's draws.

    Returns what each needs for the rate over the gains, all or at the threshold [dB].
    """
    from commgen.generative.load import load_prior

    h = load_prior(model).sample(size.num_draws, seed=part_seed(seed, "site/draws"))
    at_threshold = threshold_gains_of(
        h, size.rate, size.num_bits_per_symbol, size.num_gains
    )
    gains = {AWGN: None, ALL: gains_of(h, size.num_gains), THRESHOLD: at_threshold}
    goals = {
        name: ConstellationGoal(
            num_bits_per_symbol=size.num_bits_per_symbol, rate=size.rate, gains=values
        )
        for name, values in gains.items()
    }
    own = part_seed(seed, "site/search")
    found = design_constellation(goals[AWGN], seed=own, num_starts=size.starts)
    made = {QAM: Constellation.qam(size.num_bits_per_symbol)}
    for name, goal in goals.items():
        best = found[0] if name == AWGN else _climbed(found[: size.kept], goal)
        made[name] = best.constellation
        made[name].save(_file(folder, name))
    return {
        kind: {name: snr_db_needed(c, goals[kind]) for name, c in made.items()}
        for kind in (ALL, THRESHOLD)
    }


def _climbed(found: list[Found], goal: ConstellationGoal) -> Found:
    """Go on from points for another channel, and return the best for a goal."""
    variables, limits = Variables(goal, shaped=False), Limits(goal)
    every = (
        settle(variables, limits, variables.of(f.constellation.points)) for f in found
    )
    return best_first([one for one in every if one is not None])[0]


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name.replace(' ', '-')}.npz"


def _config(folder, site, model, size, seed) -> SiteConfig:
    _, num_rx_ant, _, num_subcarriers = site.h.shape
    link = LinkConfig(
        fft_size=num_subcarriers,
        subcarrier_spacing_hz=site.subcarrier_spacing_hz,
        num_rx_ant=num_rx_ant,
        num_bits_per_symbol=size.num_bits_per_symbol,
        coderate=CODERATE,
        time_interpolation="average",
    )
    low, high = site.snr_db
    estimator: Any = {"kind": "gmm", "name": "gmm", "event": "grid", "model": model}
    channel: Any = {"source": "recorded", "path": site.test}
    return SiteConfig(
        seed=seed,
        channel=channel,
        link=link,
        estimator=estimator,
        constellations={n: _file(folder, n) for n in (AWGN, ALL, THRESHOLD)},
        sweep=mc.SweepConfig(
            snr_start_db=low,
            snr_stop_db=high,
            snr_step_db=size.snr_step_db,
            batch_size=min(size.max_num_blocks, 100),
            max_num_blocks=size.max_num_blocks,
            target_block_errors=size.target_block_errors,
            min_bler=size.min_bler,
            target_bler=TARGETS,
        ),
    )
