"""What the verbs that run simulations share: workers, tables."""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from rich import box
from rich.table import Table

from commgen._console import plain_console, say
from commgen._files.claims import clear_folder
from commgen._files.whole import sha256, shown
from commgen.cli._done import say_done
from commgen.cli._tables import table_console

WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        help="Processes that simulate, one thread each; by default none but this one.",
    ),
]
RayOption = Annotated[
    str | None,
    typer.Option("--ray", help="Address of a Ray cluster whose nodes simulate."),
]


@contextmanager
def with_workers(num_workers: int | None, address: str | None) -> Iterator[Any]:
    """Yield the pool that was asked for, or None."""
    if num_workers is None and address is None:
        yield None
        return
    from commgen.montecarlo import Workers

    with Workers(num_workers, address=address) as pool:
        yield pool


def old_layout(data: Any) -> Any:
    """Return the layout of a run whose card is of before it had one."""
    from commgen.cli._experiments import find_kind

    return find_kind(data).parse(data).layout


def show_run(result: Any) -> None:
    """Print the tables of a run, and where it is."""
    links = all("nmse_db" in row for row in result.rows)
    console = plain_console() if links else table_console()
    console.print(_result_table(result.rows) if links else _rate_table(result))
    if result.readings:
        console.print(reading_table(result.readings, result.layout))
    _say_where(result, was_done=result.was_done)


def show_campaign(result: Any) -> None:
    """Print what each point of a campaign needs of SNR, and where it is."""
    console = plain_console()
    for point, found in zip(result.points, result.results, strict=True):
        table = reading_table(found.readings, found.layout, title=point.title)
        console.print(table)
    _say_where(result, was_done=all(found.was_done for found in result.results))


def _say_where(result: Any, *, was_done: bool) -> None:
    if was_done:
        say_done(result.folder)
    else:
        told = f"written to {result.folder}"
        say(told)


def run_digests(folders: Sequence[Path]) -> tuple[dict[str, str], dict[str, str]]:
    """Return digests of what runs are, and of what they have counted, by name."""
    from commgen.montecarlo.campaign.saved import CAMPAIGN_FILE
    from commgen.montecarlo.home import CONFIG_FILE, STATE_FILE

    configs, states = {}, {}
    for number, folder in enumerate(folders):
        for name in (CAMPAIGN_FILE, CONFIG_FILE):
            if (folder / name).is_file():
                configs[f"{number} {shown(folder)} {name}"] = sha256(folder / name)
        for path in sorted(
            [*folder.glob(STATE_FILE), *folder.glob(f"*/*/{STATE_FILE}")]
        ):
            states[f"{number} {path.relative_to(folder)}"] = sha256(path)
    return configs, states


def begin_anew(folder: Path, loaded: Any) -> None:
    """Empty the folder of another run or campaign, or of this one if it is done.

    One that was cut off, of the same configuration and inputs, goes on. What is no run
    stays, for the engine to refuse.
    """
    from commgen.montecarlo.campaign import goes_on
    from commgen.montecarlo.campaign.saved import CAMPAIGN_FILE
    from commgen.montecarlo.home import CONFIG_FILE

    for name in (CAMPAIGN_FILE, CONFIG_FILE):
        if (folder / name).is_file():
            if not goes_on(loaded, folder):
                clear_folder(folder, name)
            return


def _result_table(rows: list[dict[str, Any]]) -> Table:
    harq = all("throughput" in row for row in rows)
    if harq:
        title = "Throughput with 95 % interval, first block error rate, and NMSE"
        rates = ("bler", "throughput", "throughput_low", "throughput_high")
        heads = ["BLER", "throughput", "low", "high"]
    else:
        title = "Block error rate with 95 % interval, and NMSE"
        rates = ("ber", "bler", "bler_low", "bler_high")
        heads = ["BER", "BLER", "low", "high"]
    heads = ["estimator", "SNR dB", *heads, "NMSE dB", "blocks", "CPU s"]
    table = _table(title, heads)
    for i, row in enumerate(rows):
        last = rows[i + 1 : i + 2] and rows[i + 1]["estimator"] != row["estimator"]
        table.add_row(
            row["estimator"],
            f"{row['snr_db']:g}",
            *(f"{row[k]:{'.3f' if harq else '.1e'}}" for k in rates),
            f"{row['nmse_db']:.2f}",
            str(row["num_blocks"]),
            f"{row['cpu_seconds']:.2f}",
            end_section=bool(last),
        )
    return table


def _rate_table(result: Any) -> Table:
    """Lay out the rates of any experiment, each with its interval."""
    layout = result.layout
    title = "Rates with 95 % intervals"
    heads = [layout.curve, f"{layout.axis.label} {layout.axis.unit}".strip()]
    for rate in layout.rates:
        heads += [{"bler": "BLER"}.get(rate.name, rate.name), "95 % interval"]
    table = _table(title, [*heads, "blocks", "CPU s"])
    for row in result.rows:
        cells = [row[layout.curve], f"{row[layout.axis.column()]:g}"]
        for rate in layout.rates:
            names = (rate.name, f"{rate.name}_low", f"{rate.name}_high")
            cells += _with_interval(row, names, ".3f")
        cells += [str(row["num_blocks"]), f"{row['cpu_seconds']:.2f}"]
        table.add_row(*cells)
    return table


def reading_table(
    rows: list[dict[str, Any]], layout: Any, *, title: str | None = None
) -> Table:
    """Lay out points at targets, and gains, with their intervals."""
    axis, names = layout.axis, layout.reading_columns
    gain = f"gain {axis.unit}".strip()
    heads = [layout.curve, "at", f"{axis.label} {axis.unit}".strip(), "95 % interval"]
    heads += [gain, "95 % interval"]
    default = f"{axis.label} that is needed, and gain over the first"
    table = _table(title or default, heads)
    for row in rows:
        name = {"bler": "BLER"}.get(row["measure"], row["measure"])
        table.add_row(
            row[layout.curve],
            f"{name} {row['target']:g}",
            *_with_interval(row, names[3:6], ".2f"),
            *_with_interval(row, names[6:9], "+.2f"),
        )
    return table


def _with_interval(row: dict[str, Any], keys: Any, form: str) -> tuple[str, str]:
    value, low, high = (row[key] for key in keys)
    if math.isnan(value):
        return "-", ""
    return f"{value:{form}}", f"{low:{form}} to {high:{form}}"


def plan_table(plans: list[tuple[str, Any]]) -> Table:
    """Lay out what simulations will cost."""
    heads = ["", "batches", "blocks", "CPU h", "at least", "at most", "start s"]
    table = _table("Expected cost", [*heads, "disk MB", "GiB"])
    for title, plan in plans:
        table.add_row(
            title,
            str(plan.num_batches[1]),
            f"{plan.num_blocks[1]:,d}",
            *(f"{plan.cpu_hours[k]:.2g}" for k in (1, 0, 2)),
            f"{plan.start_seconds:.0f}",
            f"{plan.num_bytes / 1e6:.1f}",
            f"{plan.memory_bytes / 2**30:.1f}",
        )
    if len(plans) > 1:
        each = [plan for _, plan in plans]
        table.add_section()
        table.add_row(
            "together",
            str(sum(plan.num_batches[1] for plan in each)),
            f"{sum(plan.num_blocks[1] for plan in each):,d}",
            *(f"{sum(plan.cpu_hours[k] for plan in each):.2g}" for k in (1, 0, 2)),
            f"{sum(plan.start_seconds for plan in each):.0f}",
            f"{sum(plan.num_bytes for plan in each) / 1e6:.1f}",
            f"{max(plan.memory_bytes for plan in each) / 2**30:.1f}",
        )
    return table


def _table(title: str, heads: list[str]) -> Table:
    table = Table(
        title=title, box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0), pad_edge=False
    )
    for i, head in enumerate(heads):
        table.add_column(head, justify="right" if i else "left", no_wrap=i > 0)
    return table
