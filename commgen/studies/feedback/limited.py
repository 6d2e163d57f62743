"""Sum rates of two users whose reports have so many bits, from few pilots."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from commgen.measures import mean_interval
from commgen.studies.feedback import path_users as users
from commgen.studies.feedback.figure import save_rate_figure
from commgen.studies.feedback.mixed_paths import MixedSize, OneModel, mixed_rates
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE, MIXED_TITLE = "Two users of two paths", "Users of more paths, one model"
PATHS = "paths of the posterior mean"
#: Sum rate [bit/s/Hz] that reports of so many bits are to reach.
GOALS = {15: 13.5, 30: 14.3, 60: 14.7}
#: The same for 30 bits, by number of paths, with one model for all.
MIXED_GOALS = {4: 12.0, 8: 10.0}
#: Bits that there are, to paths, points, amplitude and phase bits, and step of a codec;
#: chosen on channels of another seed.
WORDS = {
    15: (2, 64, 0, 3, 9.0),
    30: (2, 1024, 5, 5, 1.5),
    60: (4, 512, 3, 5, 3.0),
}
_RANDOM_BITS = 15


@dataclass(frozen=True)
class LimitedSize:
    """How much is drawn.

    Parameters
    ----------
    num_pairs
        Of users, that are judged.
    num_sets
        Sets of angles of the estimator, for each number of paths.
    num_steps
        Of the design of the pilots.
    num_random_bits
        Of the random codebook.
    mixed
        Of users of more paths.
    """

    num_pairs: int = 2000
    num_sets: int = 60_000
    num_steps: int = 400
    num_random_bits: int = _RANDOM_BITS
    mixed: MixedSize = field(default_factory=MixedSize)


#: In seconds; the figures mean little.
QUICK = LimitedSize(40, 2000, 50, 8, MixedSize((4,), 10, 5, 600, 5, 2, 300, 8, 2))


def limited_study(
    output: Path, size: LimitedSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Estimate from eight pilots, report in few bits, and precode by zero forcing.

    Parameters
    ----------
    output
        Folder of steps and picture.
    size, seed
        How much, and the seed of everything.
    asked
        Gets :data:`GOALS` beside what is reached.

    Returns
    -------
    dict
        Title to rows: bits and sum rate of each way.
    """
    stages = Stages(output / "stages")
    told = [seed, {k: v for k, v in asdict(size).items() if k != "mixed"}]
    rows = stages.result("two-paths", told, lambda: _two_paths(size, seed))
    drawn = [row for row in rows if row["num_bits"] is not None]
    save_rate_figure(output / "rate.png", drawn, "rate", "sum rate [bit/s/Hz]")
    for row in rows:
        if row["codec"] == PATHS:
            bits = row["of_bits"]
            asked(
                f"{TITLE}, {bits} bits",
                f">= {GOALS[bits]:g} bit/s/Hz",
                f"{row['rate']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
                row["low"] >= GOALS[bits],
            )
    return {TITLE: rows, MIXED_TITLE: _mixed(output, size, seed, asked)}


def _mixed(output, size, seed, asked) -> Rows:
    stages, own = Stages(output / "stages"), size.mixed
    found: Rows = []
    for paths in own.num_paths:
        told = [seed, size.num_steps, asdict(own), paths]

        def measure(paths=paths):
            pilots = designed_pilots(size, seed)
            model = OneModel(output / "one-model", pilots, own, seed)
            return mixed_rates(model, paths, own, seed)

        found += stages.result(f"mixed-{paths}-paths", told, measure)
    for row in found:
        if row["num_bits"] and row["way"].endswith("WMMSE"):
            goal = MIXED_GOALS.get(row["num_paths"])
            if goal:
                asked(
                    f"{row['num_paths']} paths, {row['num_bits']} bits, one model",
                    f">= {goal:g} bit/s/Hz",
                    f"{row['rate']:.2f} ({row['low']:.2f} to {row['high']:.2f})",
                    row["low"] >= goal,
                )
    return found


def designed_pilots(size: LimitedSize, seed: int) -> np.ndarray:
    """Return the pilots of all users, [NUM_ANT, NUM_PILOTS]."""
    from commgen.phy.feedback import sector_pilots

    return sector_pilots(
        users.AXIS,
        users.NUM_PILOTS,
        users.NO,
        seed=part_seed(seed, "feedback/limited pilots"),
        num_steps=size.num_steps,
    )


def path_codec(bits: int) -> Any:
    """Return the codec of paths for so many bits."""
    from commgen.phy.feedback import PathCodec

    *fields, step_db = WORDS[bits]
    return PathCodec(users.AXIS, *fields, step_db=step_db)


def _two_paths(size, seed) -> Rows:
    from commgen.inference.parameters import DrawnPaths

    h = users.draw_users(
        2 * size.num_pairs, 2, seed=part_seed(seed, "feedback/limited users")
    )
    noise = part_seed(seed, "feedback/limited noise")
    pilots = designed_pilots(size, seed)
    random = sector_pilots_at_random(size, seed)
    y = users.observed(h, pilots, seed=noise)
    y_random = users.observed(h, random, seed=noise)
    prior = DrawnPaths(
        users.AXIS,
        pilots.T,
        users.NO,
        {2: size.num_sets},
        seed=part_seed(seed, "feedback/limited sets"),
    )
    h_hat = prior.posterior(y).mean
    rows = [
        _row("ZF scaled as a whole, channels known", users.pair_rates_as_published(h)),
        _row("ZF, channels known", users.pair_rates(h, h)),
        _row("posterior mean as it is", users.pair_rates(h, h_hat)),
    ]
    for bits in WORDS:
        rows.append(_reported(PATHS, bits, h, h_hat))
    for name, seen, through in (
        ("OMP, random pilots", y_random, random),
        ("OMP, designed pilots", y, pilots),
    ):
        rows.append(_reported(name, 30, h, users.matching_pursuit(seen, through, 2)))
    c = _random_codebook(h_hat, size, seed)
    name = "random codebook, posterior mean"
    bits = size.num_random_bits
    return [*rows, _row(name, users.pair_rates(h, c), bits, bits)]


def sector_pilots_at_random(size: LimitedSize, seed: int) -> np.ndarray:
    """Return the pilots that the designed ones start from."""
    from dataclasses import replace

    return designed_pilots(replace(size, num_steps=0), seed)


def _reported(name, bits, h, h_hat) -> dict[str, Any]:
    codec = path_codec(bits)
    # A codec is shown channels of unit power; a direction is all that it tells.
    norm = np.sqrt(np.mean(np.abs(h_hat) ** 2, axis=1, keepdims=True))
    found = codec.decode(codec.encode(h_hat / np.maximum(norm, 1e-12))).mean
    return _row(name, users.pair_rates(h, found), codec.num_bits, bits)


def _random_codebook(h_hat, size, seed) -> np.ndarray:
    own = part_seed(seed, "feedback/limited codebook")
    book = users.draw_users(2**size.num_random_bits, 2, seed=own)
    book /= np.linalg.norm(book, axis=1, keepdims=True)
    best = [np.abs(part.conj() @ book.T).argmax(axis=1) for part in _parts(h_hat)]
    return book[np.concatenate(best)]


def _parts(h):
    return np.array_split(h, max(1, len(h) // 100))


def _row(codec, rates, num_bits=None, of_bits=None) -> dict[str, Any]:
    rate, low, high = mean_interval(rates)
    told = {"codec": codec, "of_bits": of_bits, "num_bits": num_bits}
    return {**told, "rate": rate, "low": low, "high": high}
