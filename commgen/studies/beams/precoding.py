"""Sum rates of precoders over channels unseen, known exactly and with an error."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen._random import complex_normal
from commgen.measures.decibel import noise_variance
from commgen.measures.intervals import RatioSums
from commgen.studies.beams.channels import umi_users
from commgen.studies.beams.patterns_figure import save_patterns_figure
from commgen.studies.beams.rates_figure import save_rates_figure
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

NUM_ANT = NUM_USERS = 8
SNR_DB = (10.0, 20.0)
ERR_VAR = 0.2
ONE_PASS, BOUND = "one pass", "dirty-paper limit"
SAMPLED, PERFECT = "sampled WMMSE", "WMMSE, channels known"
#: Share of the reference that was asked for, by site and SNR, or of beliefs.
SHARES = {("rayleigh", 10.0): 0.98, ("rayleigh", 20.0): 0.97, ("umi", None): 0.97}
SHARE_BELIEVED = 0.98
# Of what the precoder of channels that are not known learns with.
_ERRORS = (0.01, 0.5)


@dataclass(frozen=True)
class PrecodingSize:
    """How much is learned and judged.

    Parameters
    ----------
    num_steps, batch_size
        Of the training of each of the two precoders.
    num_drops
        Sets of eight channels at each SNR and site.
    num_believed
        Beliefs, at 20 dB.
    num_draws, num_unseen
        Channels of each belief that sampled WMMSE is shown, and that judge all.
    wmmse_steps
        Of WMMSE.
    dpc_steps
        Of the limit.
    """

    num_steps: int = 600
    batch_size: int = 256
    num_drops: int = 250
    num_believed: int = 100
    num_draws: int = 64
    num_unseen: int = 64
    wmmse_steps: int = 100
    dpc_steps: int = 100


#: All steps in seconds; the figures mean little.
QUICK = PrecodingSize(6, 8, 12, 4, 4, 4, 5, 5)


def precoding_study(
    output: Path, size: PrecodingSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn two precoders once, and judge them beside others on the same channels.

    Parameters
    ----------
    output
        Folder of the models ``known`` and ``believed``, of channels and two pictures.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured.

    Returns
    -------
    dict
        Rates with paired shares of those of WMMSE, with channels known and believed.
    """
    stages, told = Stages(output / "stages"), [seed, asdict(size)]
    rates = {}
    for site in ("rayleigh", "umi"):
        for snr_db in SNR_DB:
            rates[site, snr_db] = stages.result(
                f"{site}-{snr_db:g}-db",
                told,
                lambda site=site, snr_db=snr_db: _known(
                    output, site, snr_db, size, seed
                ),
            )
    believed = stages.result("believed", told, lambda: _believed(output, size, seed))
    save_rates_figure(
        output / "rates.png",
        {
            "8 users, Rayleigh, 20 dB, channels known": rates["rayleigh", 20.0],
            f"the same, an error of variance {ERR_VAR:g}": believed,
        },
    )
    _draw_patterns(output, size, seed)
    known = [
        {"site": site, "snr_db": snr_db, **row}
        for (site, snr_db), values in rates.items()
        for row in share_rows(values, _reference(size))
    ]
    for row in (r for r in known if r["precoder"] == ONE_PASS):
        at = row["site"], row["snr_db"] if row["site"] == "rayleigh" else None
        where = f"{row['site']}, {row['snr_db']:g} dB, of {_reference(size)}"
        _judge(asked, where, row, SHARES[at])
    rows = share_rows(believed, SAMPLED)
    one_pass = next(r for r in rows if r["precoder"] == ONE_PASS)
    _judge(asked, f"error {ERR_VAR:g}, 20 dB, of {SAMPLED}", one_pass, SHARE_BELIEVED)
    return {"Channels known": known, "Channels believed": rows}


def learned(output: Path, name: str, size: PrecodingSize, seed: int) -> Any:
    """Return a learned precoder, ``known`` or ``believed``, trained if it is not."""
    from commgen.phy.beams import LearnedPrecoder

    folder = output / name
    told = [seed, size.num_steps, size.batch_size]
    Stages(output / "stages").result(
        f"model-{name}", told, lambda: _train(folder, name, size, seed)
    )
    return LearnedPrecoder.load(folder)


def _train(folder: Path, name: str, size: PrecodingSize, seed: int) -> dict[str, Any]:
    """Train a precoder into its folder; return what its card says of it."""
    from commgen.phy.beams import LearnedPrecoder, PrecoderTraining, RayleighBeliefs

    beliefs = RayleighBeliefs(
        num_users=NUM_USERS,
        num_tx_ant=NUM_ANT,
        err_var_range=_ERRORS if name == "believed" else None,
        batch_size=size.batch_size,
    )
    own = part_seed(seed, f"beams/{name}")
    precoder = LearnedPrecoder.of_seed(own)
    precoder.card = {"seed": own, "beliefs": asdict(beliefs)}
    training = PrecoderTraining(size.num_steps)
    precoder.fit(beliefs, seed=own, training=training, progress=True)
    precoder.save(folder)
    return precoder.card


def drops(output: Path, site: str, size: PrecodingSize, seed: int) -> np.ndarray:
    """Return channels that nothing learned from, [num_drops, users, 1, antennas]."""
    if site == "umi":
        return umi_users(output, size.num_drops, NUM_USERS, NUM_ANT, seed=seed)
    rng = np.random.default_rng(part_seed(seed, "beams/drops"))
    return complex_normal(rng, (size.num_drops, NUM_USERS, 1, NUM_ANT))


def precoders(one_pass: Any, num_steps: int) -> dict[str, Any]:
    """Return name to precoder of channels that are known, from worst to best."""
    from commgen.phy.beams import RZF, WMMSE, ZF

    cut = {f"WMMSE, {n} steps": WMMSE(num_steps=n) for n in (3, 6, 20)}
    more = {
        f"{ONE_PASS} and {n} step{'s' * (n > 1)}": WMMSE(num_steps=n, start=one_pass)
        for n in (1, 2, 6)
    }
    full = {f"WMMSE, {num_steps} steps": WMMSE(num_steps=num_steps)}
    return {"ZF": ZF(), "RZF": RZF(), **cut, **full, ONE_PASS: one_pass, **more}


def _known(output, site, snr_db, size, seed) -> dict[str, Any]:
    from commgen.phy.beams import dpc_capacity, sum_rate

    h, no = drops(output, site, size, seed), float(noise_variance(snr_db))
    members = precoders(learned(output, "known", size, seed), size.wmmse_steps)
    found = {
        name: sum_rate(h, precode(h, no), no).numpy().tolist()
        for name, precode in members.items()
    }
    return {**found, BOUND: dpc_capacity(h, no, num_steps=size.dpc_steps).tolist()}


def _draw_patterns(output, size, seed) -> None:
    """Draw where a drop's first users are sent their power, by three precoders."""
    from commgen.phy.beams import WMMSE, ZF

    h, no = drops(output, "umi", size, seed)[:1], float(noise_variance(SNR_DB[1]))
    members = {
        "ZF": ZF(),
        _reference(size): WMMSE(num_steps=size.wmmse_steps),
        ONE_PASS: learned(output, "known", size, seed),
    }
    weights = {
        name: precode(h, no)[0, :_NUM_DRAWN] for name, precode in members.items()
    }
    save_patterns_figure(output / "patterns.png", h[0, :_NUM_DRAWN], weights)


def _believed(output, size, seed) -> dict[str, Any]:
    from commgen.phy.beams import WMMSE, Belief, RobustRZF, sum_rate

    rng = np.random.default_rng(part_seed(seed, "beams/believed drops"))
    shape = (size.num_believed, NUM_USERS, 1, NUM_ANT)
    mean = np.float32(np.sqrt(1 - ERR_VAR)) * complex_normal(rng, shape)
    drawn, true = (
        mean + np.float32(np.sqrt(ERR_VAR)) * complex_normal(rng, (n, *shape))
        for n in (size.num_draws, size.num_unseen)
    )
    cov = np.tile(ERR_VAR * np.eye(NUM_ANT), (*shape[:2], 1, 1))
    belief, no = Belief.of(mean, cov, drawn), float(noise_variance(SNR_DB[1]))
    steps = size.wmmse_steps
    one_pass = learned(output, "believed", size, seed)
    members: dict[str, Callable] = {
        "WMMSE on the mean": WMMSE(num_steps=steps),
        "robust RZF": RobustRZF(),
        SAMPLED: WMMSE(num_steps=steps, of="samples"),
        ONE_PASS: one_pass,
        f"{ONE_PASS} and 2 steps": WMMSE(num_steps=2, of="samples", start=one_pass),
    }

    def rates(w) -> list[float]:
        return sum_rate(true, w, no).numpy().mean(axis=0).tolist()

    found = {n: rates(precode(belief, no)[None]) for n, precode in members.items()}
    exact = WMMSE(num_steps=steps)
    known = [sum_rate(h, exact(h, no), no).numpy() for h in true[:_PERFECT]]
    return {**found, PERFECT: np.mean(known, axis=0).tolist()}


# Users whose patterns are drawn.
_NUM_DRAWN = 4
# Of the unseen channels, those whose rate with all known is computed.
_PERFECT = 8


def _reference(size) -> str:
    return f"WMMSE, {size.wmmse_steps} steps"


def share_rows(rates: dict[str, Any], reference: str) -> Rows:
    """Return mean rates and their paired shares of a reference's."""
    rows = []
    for name, values in rates.items():
        sums = RatioSums.of(values, rates[reference])
        low, high = sums.interval()
        rows.append(
            {
                "precoder": name,
                "rate": float(np.mean(values)),
                "share": sums.ratio(),
                "share_low": low,
                "share_high": high,
            }
        )
    return rows


def _judge(asked, where, row, wanted) -> None:
    told = f"{row['share']:.4f} ({row['share_low']:.4f} to {row['share_high']:.4f})"
    asked(f"{ONE_PASS}, {where}", f">= {wanted:g}", told, row["share_low"] >= wanted)
