"""Sub-command of ``commgen benchmark``: reports of channels in few bits."""

from pathlib import Path
from typing import Annotated

import typer

from commgen.cli._done import ForceOption
from commgen.cli._study import Output, Quick, Seed, Tables, run_study


def feedback(
    output: Output = Path("runs/benchmark-feedback"),
    only: Annotated[
        str | None, typer.Option(help="One part alone, such as umi64.")
    ] = None,
    seed: Seed = 0,
    quick: Quick = False,
    force: ForceOption = False,
) -> None:
    """Report channels in counted bits: transform codes beside codebooks and limits.

    Prices are set on validation channels; a rate that is done is not done again.
    """
    from commgen.studies.feedback.benchmark import PARTS, feedback_study

    if only is not None and only not in PARTS:
        raise ValueError(f"only must be of {list(PARTS)}, got {only!r}.")

    def compute() -> Tables:
        return feedback_study(output, seed=seed, quick=quick, only=only)

    told = {"only": only, "seed": seed, "quick": quick}
    run_study(compute, "feedback", output, force=force, **told)


VERBS = (feedback,)
