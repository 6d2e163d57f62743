"""``commgen resume``: go on with a run or a campaign."""

from pathlib import Path
from typing import Annotated

import typer

from commgen._files.outputs import check_output_folder
from commgen.cli._quiet import start_tensorflow
from commgen.cli._runs import (
    RayOption,
    WorkersOption,
    show_campaign,
    show_run,
    with_workers,
)


def resume(
    folder: Annotated[Path, typer.Argument(help="Run or campaign folder.")],
    workers: WorkersOption = None,
    ray: RayOption = None,
    superlink: Annotated[
        str | None,
        typer.Option(help="Of a federation on many machines: its server, HOST:PORT."),
    ] = None,
    certificates: Annotated[
        Path | None, typer.Option(help="Of one: folder with the certificates.")
    ] = None,
    other_versions: Annotated[
        bool,
        typer.Option(
            "--other-versions",
            help="Go on although Python or a package has another version than before.",
        ),
    ] = False,
) -> None:
    """Go on with what was interrupted; the results are those of one go."""
    from commgen.cli._experiments import check_inputs, find_kind
    from commgen.federated.server.home import is_federated
    from commgen.montecarlo.campaign import (
        CampaignResult,
        is_done,
        load_saved,
        resume as go_on,
    )

    check_output_folder(folder)
    if is_federated(folder):
        if superlink is not None:
            _resume_deployed(folder, superlink, certificates)
        else:
            _resume_here(folder, workers, ray, other_versions)
        return
    saved = load_saved(folder, find_kind)
    check_inputs(saved)
    finished = is_done(folder, saved)
    if not finished:
        start_tensorflow()
    with with_workers(*((None, None) if finished else (workers, ray))) as pool:
        result = go_on(folder, find_kind, workers=pool, other_versions=other_versions)
    if isinstance(result, CampaignResult):
        show_campaign(result)
    else:
        show_run(result)


def _resume_here(
    folder: Path, workers: int | None, ray: str | None, other_versions: bool
) -> None:
    from commgen.cli._federation import run_here
    from commgen.federated.server.home import load_run_config

    loaded = load_run_config(folder)
    run_here(loaded, folder, workers, ray, other_versions=other_versions)


def _resume_deployed(folder: Path, superlink: str, certificates: Path | None) -> None:
    from commgen.cli._federation import run_deployed
    from commgen.federated.server.home import CONFIG_FILE, load_run_config

    loaded = load_run_config(folder)
    run_deployed(loaded, folder / CONFIG_FILE, folder, superlink, certificates)
