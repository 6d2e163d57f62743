"""``commgen plot``: draw a run or a campaign, finished or not."""

from pathlib import Path
from typing import Annotated

import typer

from commgen._console import say
from commgen._files.made import made_by
from commgen._files.picture import mark_picture, picture_made
from commgen._files.whole import atomic_path
from commgen.cli._done import ForceOption, already_made
from commgen.cli._runs import old_layout, run_digests


def plot(
    folder: Annotated[Path, typer.Argument(help="Run or campaign folder.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="PNG file; DIR/results.png by default."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Draw what a folder has counted, or learned, so far.

    Its own picture, DIR/results.png, is drawn again whenever it has changed.
    """
    from commgen.federated.server.home import is_federated
    from commgen.montecarlo.campaign import plot_folder

    configs, states = run_digests([folder])
    made = made_by("plot", configs, states)
    path = output or folder / "results.png"
    own = output is None or output.resolve() == (folder / "results.png").resolve()
    if already_made(path, made, picture_made, force=force, goes_on=True, own=own):
        return
    with atomic_path(path) as temporary:
        if is_federated(folder):
            from commgen.federated.server.outcome import plot_federation

            plot_federation(folder, temporary)
        else:
            plot_folder(folder, temporary, old_layout=old_layout)
        mark_picture(temporary, made)
    say(f"drawn in {path}")
