"""``commgen train``: fit a generative model to a channel file."""

import time
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from commgen.cli._quiet import start_tensorflow


def train(
    data: Annotated[Path, typer.Argument(help="Channel file to learn from.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="Model folder.")],
    family: Annotated[
        Literal["lmmse", "gmm", "diffusion"],
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
    covariance: Annotated[
        Literal["full", "circulant"], typer.Option(help="Of the mixture.")
    ] = "full",
    num_epochs: Annotated[int, typer.Option(min=1, help="Of a diffusion model.")] = 30,
    reversal: Annotated[
        bool,
        typer.Option(help="The last axis is a uniform linear array (diffusion)."),
    ] = False,
) -> None:
    """Fit a generative model: a prior for estimators, and a source of channels.

    A training that was cut off goes on where it was when the same command runs again;
    its checkpoint and TensorBoard logs lie in OUTPUT.training.
    """
    start_tensorflow()
    from commgen.channels.events import load_events

    train_events = load_events(data)
    held_out = None if validation is None else load_events(validation).h
    if held_out is not None and held_out.shape[1:] != train_events.h.shape[1:]:
        raise ValueError(
            f"validation must hold channels of shape {train_events.h.shape[1:]} as the "
            f"training file, got {held_out.shape[1:]}."
        )
    from commgen.channels.learn import learn, model_card
    from commgen.generative.files import check_model_folder

    check_model_folder(output)
    started, cpu = time.time(), time.process_time()
    model = learn(
        train_events.h,
        family,
        seed=seed,
        validation=held_out,
        num_components=num_components,
        covariance=covariance,
        num_epochs=num_epochs,
        symmetries=("phase", "reversal") if reversal else ("phase",),
        folder=output.with_name(output.name + ".training"),
        progress=True,
    )
    cost = {
        "wall_seconds": round(time.time() - started, 1),
        "cpu_seconds": round(time.process_time() - cpu, 1),
    }
    card = model_card(train_events, data, family=family, seed=seed)
    model.save(output, card={**card, **cost})
    Console().print(
        f"{family} with {model.count_params():,} parameters, fitted to "
        f"{len(train_events.h):,} channels in {cost['wall_seconds']} s, "
        f"written to {output}",
        highlight=False,
        soft_wrap=True,
    )
