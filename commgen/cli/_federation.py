"""``commgen federated run`` and ``status``: a federation from one file."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from commgen._console import plain_console, say
from commgen._files.claims import clear_folder
from commgen._files.outputs import check_output_folder
from commgen.cli._done import ForceOption, say_done
from commgen.cli._federated_tables import LiveRounds, node_table, plan_tables
from commgen.cli._quiet import start_tensorflow
from commgen.cli._runs import RayOption, WorkersOption, with_workers


def run(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file; --example prints one.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Run folder; runs/ and the file's name."),
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a complete configuration.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what it will cost, from one round.")
    ] = False,
    backend: Annotated[
        Literal["local", "deploy"],
        typer.Option(help="All nodes in this process, or those that have joined."),
    ] = "local",
    superlink: Annotated[
        str | None, typer.Option(help="Of deploy: where the server is, HOST:PORT.")
    ] = None,
    certificates: Annotated[
        Path | None, typer.Option(help="Of deploy: folder with the certificates.")
    ] = None,
    workers: WorkersOption = None,
    ray: RayOption = None,
    force: ForceOption = False,
) -> None:
    """Learn one model from the channels of many nodes, which stay there.

    Writes rounds.csv, nodes.csv, results.png, card.json and the folder model. A run
    that was interrupted goes on; a finished one is only shown.
    """
    from commgen.federated.config import load_federation
    from commgen.federated.example import EXAMPLE_YAML

    if example:
        typer.echo(EXAMPLE_YAML, nl=False)
        return
    if config is None:
        raise ValueError("federated run needs CONFIG.yaml, or --example.")
    folder = output or Path("runs") / config.stem
    if backend == "deploy":
        _check_local_only(workers, ray, dry_run)
        loaded = load_federation(config, here=())
        check_output_folder(folder)
        if force:
            _begin_anew(folder, loaded)
        run_deployed(loaded, config, folder, superlink, certificates)
        return
    loaded = load_federation(config)
    if dry_run:
        start_one_thread()
        from commgen.federated.server.plan import plan_federation

        for table in plan_tables(plan_federation(loaded)):
            plain_console().print(table)
        return
    check_output_folder(folder)
    if force:
        _begin_anew(folder, loaded)
    run_here(loaded, folder, workers, ray)


def status(
    config: Annotated[Path, typer.Argument(help="Configuration, or run folder.")],
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Run folder; runs/ and the file's name."),
    ] = None,
) -> None:
    """Say how far a run is, and what each node did."""
    from commgen.federated.server.status import run_status

    folder = config if config.is_dir() else output or Path("runs") / config.stem
    found = run_status(folder)
    say(found.told)
    live = LiveRounds(found.total_rounds)
    for row in found.rounds:
        live.add(row)
    plain_console().print(live.table())
    if found.nodes:
        plain_console().print(node_table(found.nodes))


def run_here(
    loaded: Any,
    folder: Path,
    workers: int | None,
    ray: str | None,
    *,
    other_versions: bool = False,
) -> None:
    """Run a federation within this process, and show what came of it."""
    from commgen.federated.server.home import FederatedHome

    if not FederatedHome(loaded, folder).done:
        start_one_thread()
    from commgen.federated.server.backend import run_local

    live = _live(loaded)
    with with_workers(workers, ray) as pool, live:
        result = run_local(
            loaded,
            folder,
            workers=pool,
            watch=live.add,
            other_versions=other_versions,
        )
    plain_console().print(node_table(result.nodes))
    _say_where(result.folder, result.was_done)


def run_deployed(
    loaded: Any,
    config: Path,
    folder: Path,
    superlink: str | None,
    certificates: Path | None,
) -> None:
    """Run a federation on nodes that have joined a SuperLink of this machine."""
    if superlink is None or certificates is None:
        raise ValueError("--backend deploy needs --superlink and --certificates.")
    from commgen.federated.server.home import FederatedHome
    from commgen.federated.server.status import run_status

    done = FederatedHome(loaded, folder).done
    if not done:
        from commgen.federated.deploy.run import run_deployed as deploy

        live = _live(loaded)
        with live:
            deploy(
                config,
                folder,
                superlink=superlink,
                certificates=certificates,
                watch=live.add,
            )
    plain_console().print(node_table(run_status(folder).nodes))
    _say_where(folder, done)


def _live(loaded: Any) -> LiveRounds:
    return LiveRounds(loaded.training.rounds if loaded.model.is_network else None)


def start_one_thread() -> None:
    """Start TensorFlow with one thread, so that all backends give the same numbers."""
    start_tensorflow()
    from commgen.federated.server.experiment import one_thread

    one_thread()


def _check_local_only(workers: int | None, ray: str | None, dry_run: bool) -> None:
    given = {"--workers": workers, "--ray": ray, "--dry-run": dry_run or None}
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} must be left out with --backend deploy.")


def _begin_anew(folder: Path, loaded: Any) -> None:
    """Empty the folder of another run, or of this one if it is done."""
    from commgen.federated.server.home import (
        CONFIG_FILE,
        FederatedHome,
        is_federated,
    )

    if not is_federated(folder):
        return
    try:
        goes_on = not FederatedHome(loaded, folder).done
    except ValueError:
        goes_on = False
    if not goes_on:
        clear_folder(folder, CONFIG_FILE)


def _say_where(folder: Path, was_done: bool) -> None:
    if was_done:
        say_done(folder)
    else:
        say(f"written to {folder}")
