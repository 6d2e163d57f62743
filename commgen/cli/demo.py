"""``commgen demo``: the main job, from channels to a coded link, in one command."""

import json
import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from commgen import __version__
from commgen._files import write_text
from commgen.cli._quiet import start_tensorflow


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Run folder.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look at all steps; poor figures.")
    ] = False,
) -> None:
    """Learn the channels of 3GPP UMi and use them as the prior in a coded OFDM link.

    Where COMMGEN_DATA names a folder with the PolyU recordings, the same then happens
    on measured channels, split by day. A demo that was cut off goes on.
    """
    start_tensorflow()
    from commgen.cli._chapters import QUICK, DemoSize, run_polyu, run_umi
    from commgen.datasets import catalogue
    from commgen.phy import save_overview

    console = Console()
    started = time.time()
    size = QUICK if quick else DemoSize()
    _check_folder(output, {"seed": seed, "quick": quick, "commgen": __version__})
    chapters = [run_umi(output, size, seed=seed)]
    _report(console, chapters[-1])
    card = catalogue()["wifi_polyu_mimo"]
    root = os.environ.get("COMMGEN_DATA")
    if root and (Path(root) / card.folder).is_dir():
        chapters.append(run_polyu(output, card, size, seed=seed))
        _report(console, chapters[-1])
    else:
        console.print(
            "The measured half is left out: COMMGEN_DATA names no folder with "
            f"{card.folder}. `commgen datasets show {card.name}` tells how to get it."
        )
    save_overview(
        output / "results.png",
        [(part.title, part.sweep.rows, part.link.rows) for part in chapters],
    )
    console.print(
        f"Done in {time.time() - started:.0f} s. Tables, pictures and models: {output}",
        soft_wrap=True,
    )


def _check_folder(output: Path, settings: dict[str, Any]) -> None:
    """Refuse a folder of another demo, whose parts would be taken for this one's."""
    path = output / "demo.json"
    if path.is_file():
        found = json.loads(path.read_text())
        if found != settings:
            raise ValueError(
                f"output {output} holds a demo with {found}, this one has {settings}: "
                "choose another folder, or remove it."
            )
    elif output.exists() and any(output.iterdir()):
        raise ValueError(f"output {output} must be new, empty or a demo's folder.")
    write_text(path, json.dumps(settings) + "\n")


def _report(console: Console, chapter: Any) -> None:
    console.print(_nmse_table(chapter.title, chapter.sweep))
    console.print(_bler_table(chapter.title, chapter.link.rows))
    for name in ("estimation", "link"):
        console.print(f"  {chapter.folder / name}", highlight=False, soft_wrap=True)


def _nmse_table(title: str, sweep: Any) -> Table:
    table = Table(title=f"{title}: NMSE in dB of y = h + n, test channels")
    table.add_column("estimator", no_wrap=True)
    for snr_db in sweep.snr_db:
        table.add_column(f"{snr_db:g} dB", justify="right")
    table.add_column("mean", justify="right")
    for name in dict.fromkeys(row["estimator"] for row in sweep.rows):
        values = sweep.column(name, "nmse_db")
        table.add_row(name, *(f"{v:.2f}" for v in values), f"{values.mean():.2f}")
    return table


def _bler_table(title: str, rows: list[dict[str, Any]]) -> Table:
    table = Table(title=f"{title}: block error rate of the coded link")
    table.add_column("estimator", no_wrap=True)
    levels = sorted({row["snr_db"] for row in rows})
    for snr_db in levels:
        table.add_column(f"{snr_db:g} dB", justify="right")
    for name in dict.fromkeys(row["estimator"] for row in rows):
        own = {row["snr_db"]: row for row in rows if row["estimator"] == name}
        table.add_row(name, *(f"{own[snr_db]['bler']:.3g}" for snr_db in levels))
    return table
