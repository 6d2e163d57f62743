"""Directions of subbands in few bits: a mixture's codec beside the standard's codebook.

Both may turn the phases of subbands, which are free, as often as the other.
"""

from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from commgen.generative import GaussianMixture
from commgen.measures import mean_interval
from commgen.phy.feedback import (
    Codec,
    EnhancedTypeTwoCodec,
    MixtureTransformCodec,
    TypeOneCodec,
)
from commgen.phy.feedback.type_two import COMBINATIONS
from commgen.studies.feedback.figure import save_rate_figure
from commgen.studies.feedback.subband_channels import (
    NUM_SUBBANDS,
    PORTS,
    drawn_directions,
)
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE = "Directions of 13 subbands, 32 ports"
MIXTURE, STANDARD = "mixture KLT", "enhanced Type II"


@dataclass(frozen=True)
class SubbandSize:
    """How much is learned and sent.

    Parameters
    ----------
    num_bits
        Of a mean report.
    num_train, num_choice, num_test
        Channels to learn from, to set prices by, and to judge by.
    num_components, rank
        Of the mixture, whose covariances are of low rank.
    max_iterations
        Of its fit.
    num_rounds
        How often phases are turned, and what is best is sent.
    """

    num_bits: tuple[int, ...] = (60, 130, 240)
    num_train: int = 8000
    num_choice: int = 500
    num_test: int = 500
    num_components: int = 32
    rank: int = 48
    max_iterations: int = 20
    num_rounds: int = 3


#: In seconds; the figures mean little.
QUICK = SubbandSize((60,), 400, 50, 50, 4, 24, 5, 2)


def subband_study(
    output: Path, size: SubbandSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn directions, and report others by their mixture and by the codebook.

    Parameters
    ----------
    output
        Folder of channels, steps and picture.
    size, seed
        How much, and the seed of everything.
    asked
        Gets the gain in cosine similarity over the codebook, time-shared between its
        two combinations that are best around the same bits.

    Returns
    -------
    dict
        Title to rows: bits and mean cosine similarity, with intervals.
    """
    told = [seed, asdict(size)]
    stages = Stages(output / "stages")
    found = [
        stages.result("type-one", told, lambda: _type_one(output, size, seed)),
        *stages.result("reports", told, lambda: _reports(output, size, seed)),
    ]
    rows = [_row(report) for report in found]
    standard = [report for report in found if report["codec"] == STANDARD]
    for report, row in zip(found, rows, strict=True):
        if report["codec"] == MIXTURE:
            shared = time_shared(standard, report["num_bits"])
            gain, low, high = mean_interval(np.array(report["cosines"]) - shared)
            row |= {"gain": gain, "gain_low": low, "gain_high": high}
            asked(
                f"{TITLE}: cosine similarity over {STANDARD}, {row['name']}",
                "an interval above 0",
                f"{gain:.3f} ({low:.3f} to {high:.3f}) at {row['num_bits']:.1f} bits",
                low > 0,
            )
    save_rate_figure(output / "rate.png", rows, "cosine", "cosine similarity")
    return {TITLE: rows}


def time_shared(reports: list[dict[str, Any]], num_bits: float) -> np.ndarray:
    """Return the cosines of two fixed codebooks that take turns, for these bits.

    Parameters
    ----------
    reports
        ``num_bits`` and ``cosines`` [n] of each codebook.
    num_bits
        Of a mean report. Below those of all, the one of fewest bits serves alone,
        above those of all the one of most bits.

    Returns
    -------
    [n], float
        Of the pair with the best mean.
    """
    fewest = min(report["num_bits"] for report in reports)
    most = max(report["num_bits"] for report in reports)
    bits = min(max(num_bits, fewest), most)
    best = np.full(len(reports[0]["cosines"]), -1.0)
    for a, b in product(reports, reports):
        if a["num_bits"] <= bits <= b["num_bits"]:
            span = b["num_bits"] - a["num_bits"]
            share = (bits - a["num_bits"]) / span if span else 0.0
            mixed = (1 - share) * np.array(a["cosines"])
            mixed += share * np.array(b["cosines"])
            best = max(best, mixed, key=np.mean)
    return best


def turned_cosines(
    codec: Codec, w: np.ndarray, num_rounds: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return bits and mean cosine similarity of the best report of each channel.

    Parameters
    ----------
    codec
        Of directions.
    w : [n, num_subbands, num_ports], complex
        Of unit norm, with phases that are turned to those of each report.
    num_rounds
        Reports, of which the best is sent.
    """
    bits, best = np.zeros(len(w)), np.full(len(w), -1.0)
    for _ in range(num_rounds):
        scaled = w * np.sqrt(w.shape[-1])  # entries of unit power, as priors take them
        report = codec.encode(scaled.reshape(len(w), *codec.event_shape))
        w_hat = codec.decode(report).mean.reshape(w.shape)
        inner = np.sum(w_hat.conj() * w, axis=-1)
        norm = np.maximum(np.linalg.norm(w_hat, axis=-1), 1e-12)
        cosines = np.mean(np.abs(inner) / norm, axis=1)
        better = cosines > best
        bits = np.where(better, report.num_bits, bits)
        best = np.where(better, cosines, best)
        w = w * np.exp(-1j * np.angle(inner))[..., None]
    return bits, best


def _type_one(output, size, seed) -> dict[str, Any]:
    *_, test = _parts(output, size, seed)
    bits, cosines = turned_cosines(TypeOneCodec(NUM_SUBBANDS, *PORTS), test, 1)
    return _report("Type I", "mode 1", bits, cosines)


def _reports(output, size, seed) -> list[dict[str, Any]]:
    train, choice, test = _parts(output, size, seed)
    found = []
    for name in COMBINATIONS:
        codec = EnhancedTypeTwoCodec(
            NUM_SUBBANDS, *PORTS, name, num_rounds=size.num_rounds
        )
        bits, cosines = turned_cosines(codec, test, 1)  # it turns phases itself
        found.append(_report(STANDARD, f"combination {name}", bits, cosines))
    train, choice = (
        w.reshape(len(w), -1) * np.sqrt(w.shape[-1]) for w in (train, choice)
    )
    prior = GaussianMixture(
        train.shape[1:], size.num_components, "low-rank", rank=size.rank
    )
    prior.fit(
        train,
        seed=part_seed(seed, "feedback/model"),
        max_iterations=size.max_iterations,
    )
    for num_bits in size.num_bits:
        codec = MixtureTransformCodec.of_rate(prior, choice, num_bits)
        bits, cosines = turned_cosines(codec, test, size.num_rounds)
        found.append(_report(MIXTURE, f"{num_bits} bits", bits, cosines))
    return found


def _parts(output, size, seed) -> list[np.ndarray]:
    """Return directions to learn from, to set prices by, and to judge by."""
    nums = {
        "train": size.num_train,
        "choice": size.num_choice,
        "test": size.num_test,
    }
    return [
        drawn_directions(
            output / "data" / f"{part}.npz",
            num,
            seed=part_seed(seed, "feedback/subbands", i),
        )
        for i, (part, num) in enumerate(nums.items())
    ]


def _report(codec, name, bits, cosines) -> dict[str, Any]:
    told = {"codec": codec, "name": name, "num_bits": float(np.mean(bits))}
    return {**told, "cosines": [float(c) for c in cosines]}


def _row(report) -> dict[str, Any]:
    told = {key: report[key] for key in ("codec", "name", "num_bits")}
    names = ("cosine", "low", "high")
    found = dict(zip(names, mean_interval(report["cosines"]), strict=True))
    return {**told, **found}
