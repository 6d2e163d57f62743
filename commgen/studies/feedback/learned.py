"""NMSE of UMi-64 from reports of a learned codec, and what its terminal must do."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from commgen.generative import GaussianMixture
from commgen.measures import nmse_interval, paired_interval_db
from commgen.phy.feedback import (
    MixtureTransformCodec,
    SteeredMixture,
    TrellisCodec,
    TrellisTables,
    ideal_errors,
    learn_tables,
    steered_ideal_errors,
)
from commgen.studies.feedback.figure import save_rate_figure
from commgen.studies.seeds import part_seed
from commgen.studies.sets import umi64_set
from commgen.studies.stages import Stages
from commgen.studies.tables import Asked, Rows
from commgen.studies.umi64_mixture import umi64_mixture

KLT, MIXTURE, IDEAL = "KLT", "mixture KLT", "mixture KLT, ideal codes"
LEARNED, INTEGER = "steered trellis", "steered trellis, int8 encoder"
LIMIT = f"{LEARNED}, ideal codes"
TITLE, COST_TITLE = "Learned feedback of UMi-64", "Encoder of a terminal"
#: By how much [dB] the learned codec is to be better at one of these rates, and never
#: worse at any.
GOAL_DB, GOAL_BITS = 0.7, (64, 128, 256)
#: Numbers that a terminal may hold, and what eight bits may cost [dB].
MOST_PARAMETERS, MOST_LOSS_DB = 100_000, 0.2
# Of a bit, over the power of an entry: from 30 bits to 300.
_PRICES = (1.2, 0.6, 0.3, 0.1, 0.03, 0.01)


@dataclass(frozen=True)
class LearnedSize:
    """How much is learned and sent.

    Parameters
    ----------
    num_bits
        Of a mean channel.
    num_components
        Of the mixture that is beaten, which is Toeplitz.
    num_shapes, num_rounds
        Spectra of the steered mixture, and steps of EM.
    num_states
        Of the trellis.
    num_test
        Channels that are judged.
    quick
        Few channels to learn from.
    """

    num_bits: tuple[int, ...] = (32, 64, 128, 256)
    num_components: int = 64
    num_shapes: int = 28
    num_rounds: int = 25
    num_states: int = 32
    num_test: int = 2000
    quick: bool = False


#: In seconds but for the channels; the figures mean little.
QUICK = LearnedSize((32, 64), 8, 4, 4, 8, 100, True)


def learned_study(
    output: Path, size: LearnedSize, seed: int, asked: Asked
) -> dict[str, Rows]:
    """Learn the codec, set its price on validation channels, judge it on others.

    Parameters
    ----------
    output
        Folder of models, steps and picture; channels and mixture lie beside it, where
        the part ``umi64`` has them.
    size, seed
        How much, and the seed of everything.
    asked
        Gets what is asked of the learned codec beside what is reached.

    Returns
    -------
    dict
        Title to rows: bits and NMSE of each codec, and what its encoder costs.
    """
    stages = Stages(output / "stages")
    learned = Learned(output, size, seed)
    rows: Rows = []
    costs: Rows = []
    told = [seed, size.quick, size.num_components, size.num_test, *learned.told]
    for bits in size.num_bits:
        found = stages.result(
            f"bits-{bits}", [*told, bits], lambda bits=bits: learned.at_rate(bits)
        )
        rows += found["codecs"]
        rows += stages.result(
            f"ideal-{bits}", [*told, bits], lambda bits=bits: learned.ideal(bits)
        )
        costs.append(found["cost"])
    drawn = [row for row in rows if row["codec"] != INTEGER]  # it would hide another
    save_rate_figure(output / "rate.png", drawn, "nmse_db", "NMSE [dB]")
    _ask(asked, rows, costs)
    kept = [{k: v for k, v in r.items() if k != "asked_bits"} for r in rows]
    return {TITLE: kept, COST_TITLE: costs}


def _ask(asked, rows, costs) -> None:
    at = {(r["codec"], r["asked_bits"]): r for r in rows}
    judged = [b for b in GOAL_BITS if (LEARNED, b) in at]
    if not judged:
        return
    gains = {b: at[LEARNED, b]["over_mixture_high_db"] for b in judged}
    text = ", ".join(f"{gain:.2f} dB at {b} bits" for b, gain in gains.items())
    asked(
        f"{TITLE}, {LEARNED} over {MIXTURE}, at most",
        f"<= 0 dB, once <= -{GOAL_DB} dB",
        text,
        max(gains.values()) <= 0 and min(gains.values()) <= -GOAL_DB,
    )
    held = max(row["parameters"] for row in costs)
    asked(
        "Numbers of an encoder",
        f"<= {MOST_PARAMETERS}",
        f"{held}",
        held <= MOST_PARAMETERS,
    )
    losses = [at[INTEGER, b]["over_float_high_db"] for b in judged]
    asked(
        f"{TITLE}, eight bits, loss at most",
        f"<= {MOST_LOSS_DB} dB",
        f"{max(losses):.3f} dB",
        max(losses) <= MOST_LOSS_DB,
    )


class Learned:
    """Channels and models, made when a step first needs them."""

    def __init__(self, output: Path, size: LearnedSize, seed: int):
        self._output, self._size, self._seed = output, size, seed
        self._shared = output.parent / "umi64"

    @property
    def told(self) -> list[int]:
        """What decides the learned codec, beside the channels."""
        return [self._size.num_shapes, self._size.num_rounds, self._size.num_states]

    @cached_property
    def _channels(self) -> tuple[np.ndarray, ...]:
        found = umi64_set(
            self._shared / "data", seed=self._seed, quick=self._size.quick
        )
        parts = (found.train, found.validation, found.test)
        train, choice, test = (x.h.reshape(len(x.h), -1) for x in parts)
        return train, choice, test[: self._size.num_test]

    @cached_property
    def _priors(self) -> tuple[Any, Any]:
        train, _, _ = self._channels
        number = self._size.num_components
        mixture = umi64_mixture(self._shared, train, number, seed=self._seed)
        return GaussianMixture(train.shape[1:], 1).fit(train, seed=0), mixture

    @cached_property
    def models(self) -> tuple[SteeredMixture, TrellisTables]:
        """Steered mixture and tables, learned from the training channels."""
        train, _, _ = self._channels
        paths = self._output / "steered.npz", self._output / "tables.npz"
        size, seed = self._size, part_seed(self._seed, "feedback/steered")

        def learn() -> int:
            model = SteeredMixture.fit(
                train,
                size.num_shapes,
                seed=seed,
                num_rounds=size.num_rounds,
                progress=True,
            )
            power = float(np.mean(np.abs(train) ** 2))
            prices = [price * power for price in _PRICES]
            tables = learn_tables(model, train[::2], prices, num_states=size.num_states)
            model.save(paths[0])
            tables.save(paths[1])
            return seed

        told = [self._seed, *train.shape, *self.told]
        Stages(self._output / "stages").result("models", told, learn)
        return SteeredMixture.load(paths[0]), TrellisTables.load(paths[1])

    def at_rate(self, num_bits: int) -> dict[str, Any]:
        """Return all codecs at one rate, and the cost of the learned one's encoder."""
        _, choice, test = self._channels
        rows, errors = [], {}
        codec = TrellisCodec.of_rate(*self.models, choice, num_bits)
        integer = TrellisCodec(*self.models, codec.price, integer=True)
        codecs: dict[str, Any] = {
            name: MixtureTransformCodec.of_rate(prior, choice, num_bits)
            for name, prior in zip((KLT, MIXTURE), self._priors, strict=True)
        }
        for name, each in {**codecs, LEARNED: codec, INTEGER: integer}.items():
            report = each.encode(test)
            found = each.decode(report)
            errors[name] = _power(test - found.mean)
            promised = float(np.sum(found.err_var) / np.sum(_power(test)))
            row = _row(name, float(report.num_bits.mean()), errors[name], test)
            rows.append(row | {"promised_db": 10 * np.log10(promised)})
        errors[IDEAL] = ideal_errors(self._priors[1], test, num_bits)
        rows.append(_row(IDEAL, float(num_bits), errors[IDEAL], test))
        rows[2] |= _over(errors, LEARNED, {"mixture": MIXTURE, "ideal": IDEAL})
        rows[3] |= _over(errors, INTEGER, {"mixture": MIXTURE, "float": LEARNED})
        cost = codec.cost
        counted = {"num_bits": num_bits, "parameters": cost.parameters}
        counted |= {"multiply_adds": cost.multiply_adds, **vars(cost)}
        return {"codecs": [r | {"asked_bits": num_bits} for r in rows], "cost": counted}

    def ideal(self, num_bits: int) -> Rows:
        """Return what ideal codes under the learned components would reach."""
        _, _, test = self._channels
        error = steered_ideal_errors(self.models[0], test, num_bits)
        row = _row(LIMIT, float(num_bits), error, test)
        return [row | {"asked_bits": num_bits}]


def _over(errors, name, others) -> dict[str, float]:
    told = {}
    for key, other in others.items():
        pair = errors[name][None], errors[other][None]
        low, high = paired_interval_db(*pair, np.arange(pair[0].shape[1]))
        told |= {f"over_{key}_low_db": low, f"over_{key}_high_db": high}
    return told


def _row(codec, num_bits, error, h) -> dict[str, Any]:
    found = map(float, 10 * np.log10(nmse_interval(error, _power(h))))
    told = zip(("nmse_db", "low_db", "high_db"), found, strict=True)
    return {"codec": codec, "num_bits": num_bits, **dict(told)}


def _power(x) -> np.ndarray:
    return np.sum(np.abs(x.astype(np.complex128)) ** 2, axis=1)
