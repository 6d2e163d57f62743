"""``commgen plot``: draw a run or a campaign, finished or not."""

from pathlib import Path
from typing import Annotated

import typer

from commgen.cli._runs import old_layout


def plot(
    folder: Annotated[Path, typer.Argument(help="Run or campaign folder.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="PNG file; DIR/results.png by default."),
    ] = None,
) -> None:
    """Draw what a folder has counted so far."""
    from commgen.montecarlo.campaign import plot_folder

    typer.echo(f"drawn in {plot_folder(folder, output, old_layout=old_layout)}")
