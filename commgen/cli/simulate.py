"""``commgen simulate``: run a coded link from a configuration file."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.console import Console
from rich.table import Table

from commgen.cli._quiet import start_tensorflow


def simulate(
    config: Annotated[
        Path | None, typer.Argument(help="YAML file; --example prints one.")
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Run folder.")
    ] = None,
    example: Annotated[
        bool, typer.Option("--example", help="Print a complete configuration.")
    ] = False,
) -> None:
    """Simulate a coded OFDM link with several channel estimators.

    Writes results.csv, estimation.csv, results.png and card.json to the run folder. A
    run that was interrupted goes on; a finished one is only shown.
    """
    if example:
        # Not through commgen.phy, which loads TensorFlow.
        typer.echo(_example(), nl=False)
        return
    if config is None or output is None:
        raise ValueError("simulate needs CONFIG.yaml and --output DIR, or --example.")
    start_tensorflow()
    from commgen.phy import load_config, run_simulation

    result = run_simulation(load_config(config), output)
    console = Console()
    console.print(_table(result.rows))
    state = "already done, read from" if result.was_done else "written to"
    console.print(f"{state} {result.folder}", soft_wrap=True, highlight=False)


def _example() -> str:
    path = Path(__file__).parent.parent / "phy" / "example.yaml"
    return path.read_text(encoding="utf-8")


def _table(rows: list[dict[str, Any]]) -> Table:
    title = "Block error rate with 95 % interval, and NMSE"
    table = Table(
        title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    heads = ("estimator", "SNR dB", "BER", "BLER", "low", "high", "NMSE dB", "blocks")
    for head in (*heads, "CPU s"):
        justify = "left" if head == "estimator" else "right"
        table.add_column(head, justify=justify, no_wrap=True)
    for i, row in enumerate(rows):
        last_of_estimator = rows[i + 1 : i + 2] and (
            rows[i + 1]["estimator"] != row["estimator"]
        )
        rates = (
            f"{row[name]:.1e}" for name in ("ber", "bler", "bler_low", "bler_high")
        )
        table.add_row(
            row["estimator"],
            f"{row['snr_db']:g}",
            *rates,
            f"{row['nmse_db']:.2f}",
            str(row["num_blocks"]),
            f"{row['cpu_seconds']:.2f}",
            end_section=bool(last_of_estimator),
        )
    return table
