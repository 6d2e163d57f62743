"""``commgen benchmark``: every method beside its peers, from data to table."""

import os
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from commgen import __version__
from commgen._console import plain_console
from commgen._files.claims import claimed_folder
from commgen.cli import _feedback_study, _learning_studies, _receiving_studies
from commgen.cli._done import ForceOption, say_done
from commgen.cli._quiet import start_tensorflow
from commgen.cli._tables import estimator_table, plain_table

app = typer.Typer(help="Compare methods, each beside its peers.", no_args_is_help=True)

# Headings of the table of families: (heading, column, form).
_COLUMNS = (
    ("NN accuracy", "nn_accuracy", ".3f"),
    ("classifier", "classifier_accuracy", ".3f"),
    ("KS rank", "ks_effective_rank", ".3f"),
    ("KS peak", "ks_peak_beam", ".3f"),
    ("KS power", "ks_power", ".3f"),
    ("KS delay", "ks_delay_spread", ".3f"),
    ("nats", "log_likelihood", ".1f"),
    ("learnt from, dB", "exchange_db", "+.2f"),
    ("memory", "memorisation_ratio", ".2f"),
    ("ms", "sample_ms", ".3f"),
    ("train s", "train_seconds", ".0f"),
)
_SETS = {"polyu": "wifi_polyu_mimo", "uwb": "uwb_apartment_cir"}


for _verb in (
    *_learning_studies.VERBS,
    *_receiving_studies.VERBS,
    *_feedback_study.VERBS,
):
    app.command()(_verb)


@app.callback()
def _root() -> None:
    """Compare methods, each beside its peers."""


@app.command()
def generative(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder.")] = Path(
        "runs/benchmark-generative"
    ),
    families: Annotated[
        str, typer.Option(help="Rows to train, such as gmm,vae; all if left out.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look at all steps; poor figures.")
    ] = False,
    measured: Annotated[
        bool, typer.Option(help="Also the recordings under COMMGEN_DATA.")
    ] = True,
    force: ForceOption = False,
) -> None:
    """Train every family of generative models, and judge them side by side.

    Learns UMi-64, and recordings where COMMGEN_DATA has them; takes an hour or two on
    two cores. A benchmark that was cut off goes on. Models: OUTPUT/<family>.
    """
    from commgen.studies.recipes import known_families

    names = known_families(
        [n.strip() for n in families.split(",")] if families else None
    )
    console = plain_console()
    recorded = [name for name in _SETS if measured and _is_there(name)]
    settings = {"seed": seed, "quick": quick, "commgen": __version__}
    parts = {"families": list(names), "measured": recorded}
    with claimed_folder(output, settings, "study", of=parts, force=force) as done:
        if done:
            say_done(output)
            return
        start_tensorflow()
        from commgen.studies import QUICK, Benchmark, BenchmarkSize, save_findings

        started = time.time()
        study = Benchmark(output, QUICK if quick else BenchmarkSize(), seed=seed)
        found = study.simulated(names)
        save_findings(output, found)
        console.print(_family_table("3GPP UMi, 64 antennas", found.families))
        _tell_left_out(console, _SETS if measured else ())
        for name in recorded:
            study.measured(name, found)
            save_findings(output, found)
            console.print(_family_table(f"measured: {name}", found.measured[name]))
        _print_details(console, found)
    spent = time.time() - started
    console.print(f"Done in {spent:.0f} s. Tables, pictures, models: {output}")


@app.command()
def estimation(
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder.")] = Path(
        "runs/benchmark-estimation"
    ),
    sets: Annotated[
        str, typer.Option(help="Such as umi64,angle; all if left out.")
    ] = "",
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look at all steps; poor figures.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Train estimators of every set, recalibrate them, and judge them side by side.

    Sets: umi64, umi64-large (100,000 channels to train), spatial (64 x 16 antennas),
    tdl-grid, angle, pusch, shifts, and the recordings polyu and uwb where COMMGEN_DATA
    has them. Takes some two hours of CPU time; one that was cut off goes on.
    Models: OUTPUT/<set>/<estimator>, and the best one, recalibrated, in
    OUTPUT/<set>/best.
    """
    from commgen.studies.estimation.names import SETS

    console = plain_console()
    wanted = _known_sets(sets, SETS)
    names = [name for name in wanted if name in SETS or _is_there(name)]
    settings = {"seed": seed, "quick": quick, "commgen": __version__}
    parts = {"sets": names}
    with claimed_folder(output, settings, "study", of=parts, force=force) as done:
        if done:
            say_done(output)
            return
        start_tensorflow()
        from commgen.studies.estimation.arrays import QUICK, Size
        from commgen.studies.estimation.benchmark import EstimationBenchmark
        from commgen.studies.estimation.report import save_findings

        started = time.time()
        _tell_left_out(console, [name for name in wanted if name not in SETS])
        study = EstimationBenchmark(output, QUICK if quick else Size(), seed=seed)
        for name in names:
            study.run(name)
            save_findings(output, study.found)
            if name in study.found.tables:
                console.print(estimator_table(name, study.found.tables[name]))
        _print_estimation(console, study.found)
    spent = time.time() - started
    console.print(f"Done in {spent:.0f} s. Tables, pictures, models: {output}")


def _known_sets(sets: str, known: tuple[str, ...]) -> list[str]:
    """Return the sets that are asked for, in their order."""
    wanted = [n.strip() for n in sets.split(",")] if sets else [*known, *_SETS]
    unknown = [n for n in wanted if n not in (*known, *_SETS)]
    if unknown:
        raise ValueError(f"sets must be of {[*known, *_SETS]}, got {unknown}.")
    if "shifts" in wanted and "umi64" not in wanted:
        raise ValueError(f"sets must have umi64 with shifts, got {wanted}.")
    return [name for name in (*known, *_SETS) if name in wanted]


def _is_there(name: str) -> bool:
    from commgen.datasets import catalogue

    root = os.environ.get("COMMGEN_DATA")
    return bool(root) and (Path(root) / catalogue()[_SETS[name]].folder).is_dir()


def _tell_left_out(console: Console, names: Iterable[str]) -> None:
    """Say which recordings are not there."""
    for name in names:
        if not _is_there(name):
            console.print(
                f"{_SETS[name]} is left out: COMMGEN_DATA names no folder with it. "
                f"`commgen datasets show {_SETS[name]}` tells how to get it."
            )


def _family_table(title: str, rows: list[dict[str, Any]]) -> Table:
    shown = [part for part in _COLUMNS if any(part[1] in row for row in rows)]
    table = Table(title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("family", no_wrap=True)
    for heading, _, _ in shown:
        table.add_column(heading, justify="right")
    for row in rows:
        cells = (
            format(row[name], form) if name in row else "-" for _, name, form in shown
        )
        table.add_row(row["source"], *cells)
    return table


def _print_estimation(console: Console, found: Any) -> None:
    from commgen.studies.estimation.report import asked_rows

    parts = {
        "Bayes limit of umi64": found.limit,
        "Angle of arrival": found.angle,
        "PUSCH G-FR1-A3-11, two receive antennas": found.gains,
        "Elsewhere: NMSE over that of LS in dB": found.shifts,
        "Asked and measured": asked_rows(found),
    }
    _print_parts(console, parts)


def _print_details(console: Console, found: Any) -> None:
    from commgen.studies import asked_rows

    parts = {
        **{
            f"New site, {name}: NMSE in dB, mean over -10 to 20 dB": rows
            for name, rows in found.few_shot.items()
        },
        **{
            f"1/4 of the subcarriers at 20 dB, {name}: NMSE in dB": rows
            for name, rows in found.super_resolution.items()
        },
        "Asked and measured": asked_rows(found),
    }
    _print_parts(console, parts)


def _print_parts(console: Console, parts: dict[str, Any]) -> None:
    for title, rows in parts.items():
        if rows:
            console.print(plain_table(title, rows))
