"""``commgen demo``: the main job, from channels to a coded link, in one command."""

import os
import time
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from commgen import __version__
from commgen._console import plain_console
from commgen._files.claims import claimed_folder
from commgen.cli._done import ForceOption, say_done
from commgen.cli._quiet import start_tensorflow
from commgen.datasets import catalogue


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", help="Run folder.")] = Path(
        "runs/demo"
    ),
    seed: Annotated[int, typer.Option(min=0, help="Seed of everything.")] = 1,
    quick: Annotated[
        bool, typer.Option("--quick", help="A look at all steps; poor figures.")
    ] = False,
    force: ForceOption = False,
) -> None:
    """Learn the channels of 3GPP UMi and use them as the prior in a coded OFDM link.

    Where COMMGEN_DATA names a folder with the PolyU recordings, the same then happens
    on measured channels, split by day. A demo that was cut off goes on.
    """
    settings = {"seed": seed, "quick": quick, "commgen": __version__}
    card = catalogue()["wifi_polyu_mimo"]
    root = os.environ.get("COMMGEN_DATA")
    measured = bool(root) and (Path(root) / card.folder).is_dir()
    parts = {"measured": measured}
    with claimed_folder(output, settings, "demo", of=parts, force=force) as done:
        if done:
            say_done(output)
        else:
            _run(output, card, measured=measured, quick=quick, seed=seed)


def _run(output: Path, card: Any, *, measured: bool, quick: bool, seed: int) -> None:
    start_tensorflow()
    from commgen.cli._chapters import QUICK, DemoSize, run_polyu, run_umi
    from commgen.phy import save_overview

    console = plain_console()
    started = time.time()
    size = QUICK if quick else DemoSize()
    chapters = [run_umi(output, size, seed=seed)]
    _report(console, chapters[-1])
    if measured:
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


def _report(console: Console, chapter: Any) -> None:
    sweep, link = chapter.sweep, chapter.link.rows
    title = f"{chapter.title}: NMSE in dB of y = h + n, test channels"
    console.print(_table(title, sweep.rows, "nmse_db", "{:.2f}", mean=True))
    title = f"{chapter.title}: block error rate of the coded link"
    console.print(_table(title, link, "bler", "{:.2g}"))
    for name in ("estimation", "link"):
        console.print(f"  {chapter.folder / name}", soft_wrap=True)


def _table(
    title: str, rows: list[dict[str, Any]], column: str, form: str, *, mean=False
) -> Table:
    """Lay one column out over SNR (down) and estimators (across)."""
    value = {(row["estimator"], row["snr_db"]): row[column] for row in rows}
    names = list(dict.fromkeys(row["estimator"] for row in rows))
    levels = sorted({row["snr_db"] for row in rows})
    table = Table(title=title)
    for head in ("SNR dB", *names):
        table.add_column(head, justify="right", no_wrap=True)
    for snr_db in levels:
        cells = (form.format(value[name, snr_db]) for name in names)
        table.add_row(f"{snr_db:g}", *cells)
    if mean:
        means = (sum(value[n, snr_db] for snr_db in levels) for n in names)
        table.add_section()
        table.add_row("mean", *(form.format(total / len(levels)) for total in means))
    return table
