"""Sum rates over UMi-64 where some antennas of each user were seen in noise."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commgen.measures.decibel import noise_variance
from commgen.studies.beams.believed import Believed
from commgen.studies.beams.precoding import share_rows
from commgen.studies.beams.rates_figure import save_rates_figure
from commgen.studies.beams.selecting import selected_rates
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

ON_MEAN, ONE_PASS, PERFECT = "WMMSE on the mean", "one pass", "WMMSE, channels known"
#: Share of sampled WMMSE that one pass is to reach, and draws of the one that is meant.
SHARE, DRAWS = 0.98, 32
#: Of the total power over the noise of a user.
POWER_DB = 10.0


@dataclass(frozen=True)
class PartialSize:
    """How much is learned and judged.

    Parameters
    ----------
    num_train, num_components
        Channels that priors learn from, and components of the mixture.
    num_epochs
        Of the learned prior.
    num_pool, num_steps, batch_size
        Users of whom the precoder learns, and its training.
    num_drops, num_learned
        Drops of eight users that judge, and those of the learned prior, whose draws
        are chains.
    num_seen
        Antennas of 64 that are seen of each user, at 10 dB.
    num_draws
        Of each channel that sampled WMMSE averages over, ascending.
    wmmse_steps
        Of WMMSE.
    num_asking, num_selections
        Users of whom eight are chosen, and drops of them.
    """

    num_train: int = 8000
    num_components: int = 64
    num_epochs: int = 20
    num_pool: int = 1000
    num_steps: int = 400
    batch_size: int = 32
    num_drops: int = 60
    num_learned: int = 10
    num_seen: tuple[int, ...] = (16, 8)
    num_draws: tuple[int, ...] = (16, 32, 64, 128)
    wmmse_steps: int = 100
    num_asking: int = 16
    num_selections: int = 24


#: All steps in seconds but for the channels; the figures mean little.
QUICK = PartialSize(200, 4, 1, 12, 3, 4, 3, 2, (16,), (4, 8), 4, 9, 2)


def partial_study(
    output: Path, size: PartialSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Infer what was not seen with three priors, precode, and judge on the channels.

    Parameters
    ----------
    output
        Folder of priors, precoder, channels and a picture.
    size
        How much.
    seed
        Seed of everything.
    asked
        Takes what was asked for beside what was measured.

    Returns
    -------
    dict
        Rates with paired shares of those of WMMSE on the mean and of sampled WMMSE, and
        rates of chosen users.
    """
    stages, told = Stages(output / "stages"), [seed, asdict(size)]
    believed = Believed(output, size, seed)
    chosen = stages.result(
        "selection", told, lambda: selected_rates(believed, max(size.num_seen), size)
    )
    rates = {
        (prior, n): stages.result(
            f"{prior.replace(' ', '-')}-{n}",
            told,
            lambda prior=prior, n=n: _rates(believed, prior, n, size),
        )
        for prior in believed.priors
        for n in size.num_seen
    }
    first = next(iter(believed.priors))
    most, few = (_sampled(n) for n in (max(size.num_draws), _few(size)))
    shown = ("robust RZF", ON_MEAN, few, most, ONE_PASS, PERFECT)
    save_rates_figure(
        output / "partial.png",
        {
            f"{n} of 64 antennas seen": {p: rates[first, n][p] for p in shown}
            for n in size.num_seen
        },
    )
    rows = []
    for (prior, n), values in rates.items():
        where = f"{prior}, {n} of 64 antennas"
        found = _with_both_shares(values, few)
        for name, of, wanted in (
            (ONE_PASS, "sampled", SHARE),
            (few, "mean", 1.0),
            (most, "mean", 1.0),
        ):
            row = next(r for r in found if r["precoder"] == name)
            _judge(asked, f"{name}, {where}", row, of, wanted)
        rows += [{"prior": prior, "num_seen": n, **row} for row in found]
    return {
        "Channels seen in part": rows,
        "Eight users chosen": share_rows(chosen, next(iter(chosen))),
    }


def precoders(
    one_pass: Any, num_draws: tuple[int, ...], num_steps: int
) -> dict[str, tuple[Any, int]]:
    """Return name to precoder and the draws that it is shown."""
    from commgen.phy.beams import MRT, RZF, WMMSE, RobustRZF

    most = max(num_draws)
    sampled = WMMSE(num_steps=num_steps, of="samples")
    behind = WMMSE(num_steps=2, of="samples", start=one_pass)
    return {
        "MRT": (MRT(), 1),
        "RZF": (RZF(), 1),
        "robust RZF": (RobustRZF(), 1),
        ON_MEAN: (WMMSE(num_steps=num_steps), 1),
        **{_sampled(n): (sampled, n) for n in num_draws},
        ONE_PASS: (one_pass, 1),
        f"{ONE_PASS} and 2 steps over {most}": (behind, most),
    }


def _rates(believed: Believed, prior: str, num_seen: int, size) -> dict[str, Any]:
    from commgen.phy.beams import WMMSE, Belief, sum_rate

    h, belief = believed.drops(prior, num_seen, max(size.num_draws))
    no = float(noise_variance(POWER_DB))
    members = precoders(believed.one_pass(), size.num_draws, size.wmmse_steps)

    def rates(precode: Callable, told: Any) -> list[float]:
        return sum_rate(h, precode(told, no), no).numpy().tolist()

    found = {
        name: rates(
            precode, Belief(belief.mean, belief.err_cov, belief.samples[:num_draws])
        )
        for name, (precode, num_draws) in members.items()
    }
    return {**found, PERFECT: rates(WMMSE(num_steps=size.wmmse_steps), h)}


def _sampled(num_draws: int) -> str:
    return f"sampled WMMSE, {num_draws} draws"


def _few(size) -> int:
    return DRAWS if DRAWS in size.num_draws else min(size.num_draws)


def _with_both_shares(values, sampled) -> Rows:
    """Return rates with shares of WMMSE on the mean and of sampled WMMSE."""
    rows = []
    for mean, of in zip(
        share_rows(values, ON_MEAN), share_rows(values, sampled), strict=True
    ):
        row = {"precoder": mean["precoder"], "rate": mean["rate"]}
        for told, shares in (("mean", mean), ("sampled", of)):
            for end in ("", "_low", "_high"):
                row[f"of_{told}{end}"] = shares[f"share{end}"]
        rows.append(row)
    return rows


def _judge(asked, where, row, of, wanted) -> None:
    share, low, high = (row[f"of_{of}{end}"] for end in ("", "_low", "_high"))
    reference = ON_MEAN if of == "mean" else "sampled WMMSE"
    sign = "above" if wanted == 1 else ">="
    asked(
        f"{where}, of {reference}",
        f"{sign} {wanted:g}",
        f"{share:.4f} ({low:.4f} to {high:.4f})",
        low > wanted if wanted == 1 else low >= wanted,
    )
