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
        Family,
        typer.Option(help="lmmse is a Gaussian with the sample covariance."),
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
    force: ForceOption = False,
) -> None:
    """Fit a generative model: a prior for estimators, and a source of channels.

    A training that was cut off goes on where it was when the same command runs again;
    its checkpoint and TensorBoard logs lie in OUTPUT.training.
    """
    started = time.time()
    no = None if noisy_snr_db is None else noise_variance(_snr(noisy_snr_db))
    train_events, held_out = _read(data, validation, no or 0.0)
    given, told = _conditions(condition, train_events, held_out)
    settings = {
        **{"family": family, "seed": seed, "num_components": num_components},
        **{"covariance": covariance, "num_epochs": num_epochs, "reversal": reversal},
        **{"condition": condition, "noisy_snr_db": noisy_snr_db},
    }
    inputs = {"data": sha256(data)}
    if validation is not None:
        inputs["validation"] = sha256(validation)
    made = made_by("train", {"name of data": shown(data), **settings}, inputs)
    if already_trained(output, made, force=force):
        return
    start_tensorflow()
    from commgen.channels.training import train_to_folder

    options = {
        "seed": seed,
        "told": {**told, "made": json.loads(made)},
        "validation": None if held_out is None else held_out.h,
        "no": no,
        "num_components": num_components,
        "covariance": covariance,
        "num_epochs": num_epochs,
        "symmetries": ("phase", "reversal") if reversal else ("phase",),
        **given,
    }
    kept = training_of(output, made) if family in NETWORKS else nullcontext()
    with kept:
        model = train_to_folder(train_events, data, output, family, **options)
    told_size = f"{family} with {model.count_params():,} parameters, fitted to "
    told_size += f"{len(train_events.h):,} channels in {time.time() - started:.1f} s"
    plain_console().print(
        f"{told_size}, written to {output}", highlight=False, soft_wrap=True
    )


def _read(data: Path, validation: Path | None, no: float) -> tuple[Any, Any]:
    """Return training and validation channels, the latter None where not given."""
    train_events = sets.load_events(data, no=no)
    held_out = None if validation is None else sets.load_events(validation, no=no)
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
