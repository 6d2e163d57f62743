"""``commgen compare``: finished runs beside each other."""

from pathlib import Path
from typing import Annotated, Any

import typer

from commgen import __version__
from commgen._console import plain_console, say
from commgen._files.claims import claimed_folder
from commgen.cli._done import ForceOption, say_done
from commgen.cli._runs import old_layout, reading_table, run_digests


def compare(
    folders: Annotated[
        list[Path], typer.Argument(help="Folders of runs, campaigns or federations.")
    ],
    bler: Annotated[
        str, typer.Option(help="Block error rates to read at, with commas.")
    ] = "0.1,0.01",
    throughput: Annotated[
        str, typer.Option(help="Fractions of throughput to read at, with commas.")
    ] = "0.7",
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for table and picture."),
    ] = None,
    force: ForceOption = False,
) -> None:
    """Compare what runs need of SNR, with intervals.

    Gains are over the estimator of the same name in the first run, or over its first
    estimator. With --output the table is also written to comparison.csv and the curves
    are drawn in comparison.png. Of federations, the NMSE of each node is compared.
    """
    from commgen.federated.server.home import is_federated
    from commgen.montecarlo.campaign import compare_runs, save_comparison

    if any(is_federated(folder) for folder in folders):
        _compare_federations(folders, output, force)
        return
    targets = {
        "bler": _numbers("bler", bler),
        "throughput": _numbers("throughput", throughput),
    }
    curves, rows = compare_runs(folders, targets, old_layout=old_layout)
    if output is None:
        _show(curves, rows)
        return
    with _claimed(folders, output, {"targets": targets}, force) as done:
        _show(curves, rows)
        if not done:
            save_comparison(output, curves, rows)
    _say_where(output, done)


def _compare_federations(folders: list[Path], output: Path | None, force: bool) -> None:
    from commgen.cli._federated_tables import comparison_table
    from commgen.federated.server.comparison import (
        compare_federations,
        save_federation_comparison,
    )

    rows = compare_federations(folders)
    plain_console().print(comparison_table(rows))
    if output is None:
        return
    with _claimed(folders, output, {}, force) as done:
        if not done:
            save_federation_comparison(output, rows)
    _say_where(output, done)


def _claimed(folders: list[Path], output: Path, settings: dict, force: bool) -> Any:
    """Take the folder of a comparison."""
    configs, states = run_digests(folders)
    told = {"runs": configs, **settings, "commgen": __version__}
    return claimed_folder(
        output, told, "comparison", of=states, force=force, goes_on=False
    )


def _say_where(output: Path, done: bool) -> None:
    if done:
        say_done(output)
    else:
        say(f"written to {output}")


def _show(curves: Any, rows: Any) -> None:
    """Print a table for each run."""
    console = plain_console()
    for run in dict.fromkeys(row["run"] for row in rows):
        own = [row for row in rows if row["run"] == run]
        console.print(reading_table(own, curves[0].run.layout, title=run))


def _numbers(name: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",") if part.strip()]
    except ValueError:
        raise ValueError(
            f"{name} must be numbers with commas between, got {text!r}."
        ) from None
