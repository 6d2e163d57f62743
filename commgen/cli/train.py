"""``commgen train``: fit a generative model to a channel file."""

import json
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

import commgen.datasets as sets
from commgen._console import plain_console
from commgen._files.made import made_by
from commgen._files.whole import sha256, shown
from commgen.cli._done import ForceOption
from commgen.cli._framed import (
    FramedFamily,
    FramePart,
    check_left_out,
    framed_events,
    framed_facts,
    train_receiver,
)
from commgen.cli._quiet import start_tensorflow
from commgen.cli._trained import already_trained, training_of
from commgen.generative.names import NETWORKS, Family
from commgen.measures.decibel import noise_variance

Covariance = Literal["full", "toeplitz", "circulant", "low-rank"]

ConditionOption = Annotated[
    str | None,
    typer.Option(help="Labels of DATA, such as los,distance_m, to learn under."),
]
NoisyOption = Annotated[
    float | None,
    typer.Option(help="DATA holds pilots with noise of this SNR, not channels."),
]


def train(
    data: Annotated[Path, typer.Argument(help="Channel file to learn from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Model folder.")],
    family: Annotated[
        Literal[Family, FramedFamily],
        typer.Option(
            help="lmmse is a Gaussian with the sample covariance; slot is a mixture "
            "over slots of the radio frame, neural-receiver a receiver of it."
        ),
    ] = "diffusion",
    validation: Annotated[
        Path | None,
        typer.Option(help="Channel file to choose by; else a tenth of DATA."),
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything random.")] = 0,
    num_components: Annotated[
        int,
        typer.Option(min=1, help="Of the mixture, which a diffusion model refines."),
    ] = 64,
    covariance: Annotated[Covariance, typer.Option(help="Of the mixture.")] = "full",
    num_epochs: Annotated[
        int | None,
        typer.Option(min=1, help="Of a network; its family's own number if left out."),
    ] = None,
    reversal: Annotated[
        bool,
        typer.Option(help="The last axis is a uniform linear array (networks)."),
    ] = False,
    condition: ConditionOption = None,
    noisy_snr_db: NoisyOption = None,
    pilots: Annotated[
        bool,
        typer.Option("--pilots", help="DATA holds slots: learn the frame's pilots."),
    ] = False,
    interference: Annotated[
        float,
        typer.Option(help="Share of frames with bursts in them (neural-receiver)."),
    ] = 0.6,
    snr_min: Annotated[
        float, typer.Option(help="Lowest SNR of a slot in dB (neural-receiver).")
    ] = -5.0,
    snr_max: Annotated[
        float, typer.Option(help="Highest SNR of a slot in dB (neural-receiver).")
    ] = 25.0,
    width: Annotated[
        int, typer.Option(min=1, help="Of the hidden layers (neural-receiver).")
    ] = 32,
    force: ForceOption = False,
) -> None:
    """Fit a generative model: a prior for estimators, and a source of channels.

    A training that was cut off goes on where it was when the same command runs again;
    its checkpoint and TensorBoard logs lie in OUTPUT.training.
    """
    if family == "neural-receiver":
        prior_options = {
            **{"validation": validation, "reversal": reversal, "condition": condition},
            **{"noisy-snr-db": noisy_snr_db, "pilots": pilots},
        }
        check_left_out(family, prior_options)
        shape = {"width": width, "num_epochs": num_epochs, "seed": seed}
        snr_range_db = (snr_min, snr_max)
        train_receiver(data, output, interference, snr_range_db, **shape, force=force)
        return
    if family == "slot" or pilots:
        check_left_out("channels of a frame", {"condition": condition})
    started = time.time()
    no = None if noisy_snr_db is None else noise_variance(_snr(noisy_snr_db))
    part = "slots" if family == "slot" else "pilots" if pilots else None
    train_events, held_out = _read(data, validation, no or 0.0, part)
    given, told = _conditions(condition, train_events, held_out)
    settings = {
        **{"family": family, "seed": seed, "num_components": num_components},
        **{"covariance": covariance, "num_epochs": num_epochs, "reversal": reversal},
        **{"condition": condition, "noisy_snr_db": noisy_snr_db},
        **({"pilots": True} if pilots else {}),
    }
    inputs = {"data": sha256(data)}
    if validation is not None:
        inputs["validation"] = sha256(validation)
    made = made_by("train", {"name of data": shown(data), **settings}, inputs)
    if already_trained(output, made, force=force):
        return
    start_tensorflow()
    from commgen.channels.training import train_to_folder

    told |= framed_facts(data, family) if part else {}
    options = {
        "seed": seed,
        "told": {**told, "made": json.loads(made)},
        "validation": None if held_out is None else held_out.h,
        "no": no,
        "num_components": num_components,
        "covariance": "low-rank" if family == "slot" else covariance,
        "num_epochs": num_epochs,
        "symmetries": ("phase", "reversal") if reversal else ("phase",),
        **given,
    }
    kept = training_of(output, made) if family in NETWORKS else nullcontext()
    with kept:
        learned = "gmm" if family == "slot" else family
        model = train_to_folder(train_events, data, output, learned, **options)
    told_size = f"{family} with {model.count_params():,} parameters, fitted to "
    told_size += f"{len(train_events.h):,} channels in {time.time() - started:.1f} s"
    plain_console().print(
        f"{told_size}, written to {output}", highlight=False, soft_wrap=True
    )


def _read(
    data: Path, validation: Path | None, no: float, part: FramePart | None
) -> tuple[Any, Any]:
    """Return training and validation channels, the latter None where not given."""

    def load(path: Path) -> Any:
        if part is None:
            return sets.load_events(path, no=no)
        return framed_events(path, part, no=no)

    train_events = load(data)
    held_out = None if validation is None else load(validation)
    if held_out is not None and held_out.h.shape[1:] != train_events.h.shape[1:]:
        raise ValueError(
            f"validation must hold channels of shape {train_events.h.shape[1:]} as the "
            f"training file, got {held_out.h.shape[1:]}."
        )
    return train_events, held_out


def _snr(snr_db: float) -> float:
    if not -30 <= snr_db <= 60:
        raise ValueError(f"noisy-snr-db must lie between -30 and 60, got {snr_db:g}.")
    return snr_db


def _conditions(names: str | None, events: Any, held_out: Any) -> tuple[dict, dict]:
    """Return what ``learn`` takes of the condition, and what the card tells of it."""
    if names is None:
        return {}, {}
    from commgen.channels.conditions import ConditionSpec

    wanted = [name.strip() for name in names.split(",")]
    spec = ConditionSpec.of(events.labels, wanted)
    given = {"condition": spec.encode(events.labels)}
    if held_out is not None:
        given["validation_condition"] = spec.encode(held_out.labels)
    return given, {"condition": spec.to_dict()}
