"""Channels over delays and beams in few bits: mixtures beside trained networks."""

from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

from commgen.generative import GaussianMixture
from commgen.measures import nmse_interval, paired_interval_db
from commgen.phy.feedback import MixtureTransformCodec, ideal_errors
from commgen.studies.feedback.delay_channels import drawn_delay_angles, over_antennas
from commgen.studies.feedback.figure import save_rate_figure
from commgen.studies.feedback.umi64 import IDEAL, KLT, MIXTURE
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows

TITLE, TRAINING_TITLE = "Channels of 32 antennas and 32 delays", "What was trained"


@dataclass(frozen=True)
class DelaySize:
    """How much is learned and sent.

    Parameters
    ----------
    num_bits
        Of a mean report of the mixture and of the KLT.
    num_train, num_choice, num_test
        Channels to learn from, to set prices by, and to judge by.
    num_components, max_iterations
        Of the mixture, whose covariances are diagonal over delays and beams, and of its
        fit.
    klt_rank
        Directions of the KLT.
    num_latents
        Of the networks, one training each.
    num_epochs
        Of each training.
    steps
        Of the quantisers of latents, over their deviations.
    """

    num_bits: tuple[int, ...] = (64, 128, 256, 512, 1024)
    num_train: int = 6000
    num_choice: int = 200
    num_test: int = 500
    num_components: int = 64
    max_iterations: int = 20
    klt_rank: int = 256
    num_latents: tuple[int, ...] = (64,)
    num_epochs: int = 2
    steps: tuple[float, ...] = (2.0, 1.0, 0.5, 0.25, 0.125, 0.0625)


#: In a minute; the figures mean little.
QUICK = DelaySize((64,), 200, 20, 20, 2, 3, 32, (8,), 1, (1.0,))


def delay_angle_study(
    output: Path, size: DelaySize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn a mixture and networks from the same channels, and report others.

    Parameters
    ----------
    output
        Folder of channels, steps and picture.
    size, seed
        How much, and the seed of everything.
    asked
        Gets the mixture beside the best network of no more bits.

    Returns
    -------
    dict
        Title to rows: bits and NMSE of each codec, with intervals; and CPU time and
        parameters of what was trained.
    """
    stages, work = Stages(output / "stages"), _Channels(output, size, seed)
    told = [seed, size.num_train, size.num_test]
    of_mixtures = [size.num_bits, size.num_choice, size.num_components]
    of_mixtures += [size.max_iterations, size.klt_rank]
    found = [stages.result("mixtures", told + of_mixtures, work.mixtures)]
    told += [size.num_epochs, size.steps]
    from commgen.studies.feedback.csi_networks import KINDS

    for kind in KINDS:
        for num in size.num_latents:
            found.append(
                stages.result(
                    f"{kind}-{num}",
                    told,
                    lambda kind=kind, num=num: work.network(kind, num),
                )
            )
    reports = [report for each in found for report in each["reports"]]
    rows = [_row(report, work.power()) for report in reports]
    trained = [row for each in found for row in each["trained"]]
    for report in (r for r in reports if r["codec"] == MIXTURE):
        _judge(asked, report, [r for r in reports if "-like" in r["codec"]])
    curves = [row | {"codec": _curve(row)} for row in rows]
    save_rate_figure(output / "rate.png", curves, "nmse_db", "NMSE [dB]")
    return {TITLE: rows, TRAINING_TITLE: trained}


class _Channels:
    """Channels and what is learned from them."""

    def __init__(self, output: Path, size: DelaySize, seed: int):
        self._output, self._size, self._seed = output, size, seed

    def part(self, name: str) -> np.ndarray:
        """Return channels of ``train``, ``choice`` or ``test``."""
        size = self._size
        nums = {
            "train": size.num_train,
            "choice": size.num_choice,
            "test": size.num_test,
        }
        own = part_seed(self._seed, "feedback/delay-angle", list(nums).index(name))
        return drawn_delay_angles(
            self._output / "data" / f"{name}.npz", nums[name], seed=own
        )

    def power(self) -> np.ndarray:
        """Return the power of each judged channel, [n]."""
        return _power(self.part("test"))

    def mixtures(self) -> dict[str, Any]:
        """Fit the mixture and the KLT, and report at all rates."""
        size, train = self._size, self.part("train")
        choice, test = self.part("choice"), self.part("test")
        own = part_seed(self._seed, "feedback/delay-angle model")
        rank, num = size.klt_rank, size.num_components
        shape, parts = train.shape[1:], (train, choice, test)
        one = GaussianMixture(shape, 1, "low-rank", rank=rank)
        found = _of_mixture(KLT, one, parts, size, own)
        # What is diagonal over delays and beams is circulant over their transforms.
        mixture = GaussianMixture(shape, num, "circulant")
        parts = tuple(over_antennas(h) for h in parts)
        more = _of_mixture(MIXTURE, mixture, parts, size, own)
        return {key: found[key] + more[key] for key in found}

    def network(self, kind: str, num_latents: int) -> dict[str, Any]:
        """Train one network, and report with all quantisers."""
        from commgen.studies.feedback.csi_networks import CsiNetwork

        begun, train, test = process_time(), self.part("train"), self.part("test")
        own = part_seed(self._seed, "feedback/delay-angle model")
        net = CsiNetwork(kind, num_latents, train, own)
        net.fit(num_epochs=self._size.num_epochs)
        told = {
            "codec": kind,
            "latents": num_latents,
            "parameters": net.num_parameters,
            "cpu_s": process_time() - begun,
        }
        reports = []
        for step in self._size.steps:
            bits, h_hat = net.through(test, step)
            error = _power(h_hat - test)
            reports.append(_report(kind, num_latents, bits.mean(), error))
        return {"reports": reports, "trained": [told]}


def _curve(row) -> str:
    network = "-like" in row["codec"]
    return f"{row['codec']}, {row['latents']} numbers" if network else row["codec"]


def _of_mixture(name, prior, parts, size, seed) -> dict[str, Any]:
    """Fit a prior, and report by it and by ideal codes at all rates."""
    train, choice, test = parts
    begun = process_time()
    prior.fit(train, seed=seed, max_iterations=size.max_iterations)
    spent, reports = process_time() - begun, []
    rank = size.klt_rank if name == KLT else train[0].size
    numbers = 2 * rank * train[0].size + rank
    if name == MIXTURE:
        numbers = size.num_components * (train[0].size + 1)
    told = {"codec": name, "latents": rank, "parameters": numbers, "cpu_s": spent}
    for bits in size.num_bits:
        codec = MixtureTransformCodec.of_rate(prior, choice, bits)
        report = codec.encode(test)
        error = _power(codec.decode(report).mean - test)
        reports.append(_report(name, rank, report.num_bits.mean(), error))
        error = ideal_errors(prior, test, bits)
        reports.append(_report(f"{name}, {IDEAL}", rank, bits, error))
    return {"reports": reports, "trained": [told]}


def _judge(asked, report, others) -> None:
    """Tell how the mixture stands beside the best network of no more bits."""
    within = [r for r in others if r["num_bits"] <= report["num_bits"]]
    if not within:
        return
    best = min(within, key=lambda r: sum(r["errors"]))
    ours, theirs = (np.array(r["errors"])[None] for r in (report, best))
    low, high = paired_interval_db(ours, theirs, np.arange(ours.shape[1]))
    asked(
        f"{TITLE}, {report['num_bits']:.0f} bits, {MIXTURE} over {best['codec']} of "
        f"{best['latents']} latents at {best['num_bits']:.0f} bits",
        "an interval below 0",
        f"{low:.2f} to {high:.2f} dB",
        high < 0,
    )


def _report(codec, latents, num_bits, errors) -> dict[str, Any]:
    told = {"codec": codec, "latents": latents, "num_bits": float(num_bits)}
    return {**told, "errors": [float(e) for e in errors]}


def _row(report, power) -> dict[str, Any]:
    told = {key: report[key] for key in ("codec", "latents", "num_bits")}
    found = 10 * np.log10(nmse_interval(np.array(report["errors"]), power))
    names = ("nmse_db", "low_db", "high_db")
    return {**told, **dict(zip(names, map(float, found), strict=True))}


def _power(x) -> np.ndarray:
    power = np.abs(x.astype(np.complex128)) ** 2
    return power.reshape(len(x), -1).sum(axis=1)
