"""NMSE of UMi-64 from reports of so many bits: codecs beside their limits."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from commgen.datasets.events import Events
from commgen.generative import GaussianMixture
from commgen.measures import mean_interval, nmse_interval, paired_interval_db
from commgen.phy.feedback import DftCodec, MixtureTransformCodec, ideal_errors
from commgen.studies.feedback.figure import save_rate_figure
from commgen.studies.sets import StudySet, umi64_set
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows
from commgen.studies.umi64_mixture import umi64_mixture

KLT, MIXTURE, IDEAL = "KLT", "mixture KLT", "ideal codes"
TITLE = "Feedback of UMi-64"
#: NMSE [dB] that scalar quantisers are to reach, by bits.
GOALS_DB = {64: -4.6, 128: -8.7, 256: -16.7}


@dataclass(frozen=True)
class Umi64Size:
    """How much is learned and sent.

    Parameters
    ----------
    num_bits
        Of a mean channel.
    num_beams
        Of the codebook.
    num_components
        Of the mixture, which is Toeplitz.
    num_test
        Channels that are judged.
    quick
        Few channels to learn from.
    """

    num_bits: tuple[int, ...] = (32, 64, 128, 256)
    num_beams: tuple[int, ...] = (1, 2, 4, 8, 16)
    num_components: int = 64
    num_test: int = 2000
    quick: bool = False


#: In seconds but for the channels; the figures mean little.
QUICK = Umi64Size((32, 64), (1, 4), 8, 100, True)


def umi64_study(
    output: Path, size: Umi64Size, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn the codecs, set their prices on validation channels, judge them on others.

    Parameters
    ----------
    output
        Folder of channels, steps and picture.
    size, seed
        How much, and the seed of everything.
    asked
        Gets :data:`GOALS_DB` beside what is reached.

    Returns
    -------
    dict
        Title to rows: bits and NMSE of each codec and each limit.
    """
    stages = Stages(output / "stages")
    learned = _Learned(output, size, seed)
    rows: Rows = []
    for bits in size.num_bits:
        told = [seed, size.quick, size.num_components, size.num_test, bits]
        rows += stages.result(
            f"bits-{bits}", told, lambda bits=bits: learned.at_rate(bits)
        )
    told = [seed, size.quick, size.num_components, size.num_test, size.num_beams]
    rows += stages.result("codebook", told, learned.codebooks)
    save_rate_figure(output / "rate.png", rows, "nmse_db", "NMSE [dB]")
    for row in rows:
        if row["codec"] == MIXTURE and row["asked_bits"] in GOALS_DB:
            goal = GOALS_DB[row["asked_bits"]]
            asked(
                f"{TITLE}, {row['asked_bits']} bits, {MIXTURE}",
                f"<= {goal:g} dB",
                f"{row['nmse_db']:.2f} dB at {row['num_bits']:.1f} bits",
                row["nmse_db"] <= goal,
            )
    return {TITLE: [{k: v for k, v in r.items() if k != "asked_bits"} for r in rows]}


def umi64_models(
    folder: Path, num_components: int, *, seed: int, quick: bool
) -> tuple[StudySet, GaussianMixture, GaussianMixture]:
    """Return the set, its sample covariance and its mixture, made or found.

    Parameters
    ----------
    folder
        Of this part, in which others find what they share.
    num_components
        Of the mixture.
    seed, quick
        As of the part.
    """
    found = umi64_set(folder / "data", seed=seed, quick=quick)
    train = flat(found.train)
    mixture = umi64_mixture(folder, train, num_components, seed=seed)
    return found, GaussianMixture(train.shape[1:], 1).fit(train, seed=0), mixture


def flat(events: Events) -> np.ndarray:
    """Return channels, [n, num_ant]."""
    return events.h.reshape(len(events.h), -1)


class _Learned:
    """Channels and models, made when a step first needs them."""

    def __init__(self, output: Path, size: Umi64Size, seed: int):
        self._output, self._size, self._seed = output, size, seed
        self._made: tuple[Any, ...] | None = None

    def _parts(self):
        if self._made is None:
            size = self._size
            found, one, mixture = umi64_models(
                self._output, size.num_components, seed=self._seed, quick=size.quick
            )
            choice, test = (flat(x) for x in (found.validation, found.test))
            self._made = choice, test[: size.num_test], one, mixture
        return self._made

    def at_rate(self, num_bits: int) -> Rows:
        """Return both codecs and both limits at one rate."""
        choice, test, one, mixture = self._parts()
        rows, errors = [], []
        for name, prior in ((KLT, one), (MIXTURE, mixture)):
            codec = MixtureTransformCodec.of_rate(prior, choice, num_bits)
            report = codec.encode(test)
            h_hat = codec.decode(report).mean
            rows.append(_row(name, report.num_bits, test, h_hat, num_bits))
            errors.append(_power(test - h_hat))
        low, high = paired_interval_db(
            errors[1][None], errors[0][None], np.arange(len(test))
        )
        rows[1] |= {"over_klt_low_db": low, "over_klt_high_db": high}
        for name, prior in ((KLT, one), (MIXTURE, mixture)):
            error = ideal_errors(prior, test, num_bits)
            told = {"asked_bits": num_bits, "codec": f"{name}, {IDEAL}"}
            rows.append({**told, "num_bits": float(num_bits), **_nmse(error, test)})
        return rows

    def codebooks(self) -> Rows:
        """Return beams of a codebook, and the index of the component alone."""
        _, test, _, mixture = self._parts()
        rows = []
        for num_beams in self._size.num_beams:
            codec = DftCodec(test.shape[1], num_beams)
            report = codec.encode(test)
            h_hat = codec.decode(report).mean
            rows.append(_row("DFT codebook", report.num_bits, test, h_hat, 0))
        # The mean of each component is zero, but its strongest beam is known.
        parts = mixture.mixture
        k = parts.log_joint(test).argmax(axis=1)
        strongest = parts.eigenvalues.argmax(axis=1)
        beams = parts.eigenvectors[np.arange(len(strongest)), :, strongest]
        bits = np.full(len(test), np.ceil(np.log2(len(beams))))
        row = _row("component alone", bits, test, np.zeros_like(test), 0)
        return [*rows, row | _shares(test, beams[k])]


def _row(codec, bits, h, h_hat, asked_bits) -> dict[str, Any]:
    told = {"asked_bits": asked_bits, "codec": codec, "num_bits": float(bits.mean())}
    return {**told, **_nmse(_power(h - h_hat), h), **_shares(h, h_hat)}


def _nmse(error, h) -> dict[str, float]:
    found = 10 * np.log10(nmse_interval(error, _power(h)))
    return dict(zip(("nmse_db", "low_db", "high_db"), map(float, found), strict=True))


def _shares(h, h_hat) -> dict[str, float]:
    """Return how much of a channel's power its reported direction gets."""
    inner = np.abs(np.sum(h.conj() * h_hat, axis=1)) ** 2
    share = inner / np.maximum(_power(h) * _power(h_hat), 1e-30)
    names = ("beam_share", "share_low", "share_high")
    return dict(zip(names, mean_interval(share), strict=True))


def _power(x) -> np.ndarray:
    return np.sum(np.abs(x.astype(np.complex128)) ** 2, axis=1)
