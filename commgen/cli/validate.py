"""``commgen validate``: the simulator beside theory and the standards."""

from pathlib import Path
from typing import Annotated

import typer
from rich import box
from rich.table import Table

from commgen import __version__
from commgen._console import plain_console
from commgen._files.claims import claimed_folder
from commgen.cli._done import ForceOption, say_done
from commgen.cli._quiet import start_tensorflow


def validate(
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for table and picture.")
    ] = Path("runs/validation"),
    only: Annotated[
        str | None,
        typer.Option(help="Groups, with commas; an unknown one lists them."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Fewer draws, wider tolerances.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Seed of all draws.")] = 1,
    force: ForceOption = False,
) -> None:
    """Compare the simulator with closed forms, bounds, and 3GPP's tables.

    Each line has what was measured with its interval, the reference, and a verdict; the
    exit code is 1 if one fails. A check that is done is not done again.
    """
    from commgen.studies.validation.groups import code_digest, known_groups

    groups = [part.strip() for part in only.split(",")] if only else None
    known_groups(groups)
    settings = {"quick": quick, "seed": seed, "commgen": __version__}
    of = {"groups": groups, "code": code_digest()}
    with claimed_folder(output, settings, "validation", of=of, force=force) as done:
        start_tensorflow()
        from commgen.studies.validation import run_validation, summary, table

        lines = run_validation(
            output, quick=quick, only=groups, seed=seed, progress=not done
        )
    console = plain_console()
    rows = table(lines)
    for group in dict.fromkeys(row["group"] for row in rows):
        console.print(_table(group, [row for row in rows if row["group"] == group]))
    counts = ", ".join(f"{n} {verdict}" for verdict, n in summary(lines).items() if n)
    console.print(counts)
    if done:
        say_done(output)
    else:
        console.print(f"written to {output}", soft_wrap=True)
    if any(line.verdict == "fail" for line in lines):
        raise typer.Exit(1)


def _table(group: str, rows: list[dict[str, str]]) -> Table:
    table = Table(title=group, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("check")
    for head in ("measured", "interval", "reference", "unit", "verdict"):
        justify = "left" if head in ("unit", "verdict") else "right"
        table.add_column(head, justify=justify, no_wrap=True)
    for row in rows:
        table.add_row(
            row["check"],
            row["measured"],
            row["interval"],
            row["reference"],
            row["unit"],
            f"{row['verdict']} {row['note']}".strip(),
        )
    return table
