"""``commgen sdr cells``, ``packets`` and ``messages``: what others sent."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from commgen import __version__
from commgen._console import plain_console, say
from commgen._files.claims import claimed_folder
from commgen._files.tables import write_csv
from commgen._files.whole import sha256
from commgen._progress import progress_bar
from commgen.cli._done import ForceOption, say_done
from commgen.cli._tables import Rows, plain_table

FilesArgument = Annotated[
    list[Path], typer.Argument(help="Raw recordings, or .sigmf-meta.")
]
OutputOption = Annotated[
    Path | None,
    typer.Option("--output", "-o", help="Folder for table and picture."),
]
TypeOption = Annotated[
    str,
    typer.Option(
        "--type", help="Of each I and Q of a raw file: uint8, int16, float32."
    ),
]


@dataclass(frozen=True)
class _Reading:
    """What a verb makes of recordings.

    Parameters
    ----------
    verb
        Name of the verb, and of its files.
    sample_rate_hz
        What recordings must have.
    rows
        (recording, advance) -> rows of one file.
    summary
        Rows of all files -> what is shown of them.
    draw
        (path, rows of all files) draws them.
    check
        Raises where a recording cannot be read, before anything is.
    """

    verb: str
    sample_rate_hz: float
    rows: Callable[[Any, Callable[[int], object]], Rows]
    summary: Callable[[Rows], Rows]
    draw: Callable[[Path, Rows], None]
    check: Callable[[Any], None] = lambda recording: None


def messages(
    files: FilesArgument,
    kind: TypeOption = "uint8",
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Decode Mode S and ADS-B messages, recorded at 1,090 MHz with 2 Msample/s.

    Shows what each aircraft sent. With --output all messages are written to
    messages.csv and drawn over time in messages.png.
    """
    from commgen.sdr.recordings.adsb import receiver, report

    def rows(recording, advance):
        return report.message_rows(receiver.messages(recording, advance))

    reading = _Reading(
        "messages",
        receiver.SAMPLE_RATE_HZ,
        rows,
        report.aircraft_rows,
        report.save_message_figure,
    )
    _run(reading, files, {"type": kind}, output, force=force)


def cells(
    files: FilesArgument,
    skip_ms: Annotated[
        float, typer.Option(min=0, help="Left out at the beginning: a tuner settles.")
    ] = 100,
    seconds: Annotated[
        float, typer.Option(min=0.4, max=20, help="Looked at behind it, at most.")
    ] = 2,
    weak: Annotated[
        bool,
        typer.Option(
            "--weak",
            help="Also cells that only blocks of four frames prove, and unproved ones.",
        ),
    ] = False,
    kind: TypeOption = "uint8",
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Find LTE cells, FDD and TDD, recorded with 1.92 Msample/s, and read their MIB.

    Shows cells whose master information block was read from single frames, its CRC
    right and in step. With --output they are written to cells.csv, and the frames drawn
    in cells.png.
    """
    from commgen.sdr.recordings.lte import clock, receiver, report

    shown = []

    def rows(recording, advance):
        found = receiver.cells(
            recording, advance, skip_s=skip_ms / 1e3, seconds=seconds
        )
        kept = [cell for cell in found if weak or report.proof(cell) == "frames"]
        shown.extend((recording.path.name, cell) for cell in kept)
        return [report.cell_row(cell) for cell in kept]

    def draw(path, rows):
        report.save_cell_figure(path, shown)

    settings = {"type": kind, "skip_ms": skip_ms, "seconds": seconds, "weak": weak}

    def check(recording):
        receiver.check_length(recording, skip_ms / 1e3)

    reading = _Reading(
        "cells", clock.SAMPLE_RATE_HZ, rows, report.shown_rows, draw, check
    )
    _run(reading, files, settings, output, force=force)


def packets(
    files: FilesArgument,
    estimator: Annotated[
        str, typer.Option(help="Of the channel: ls, taps, lmmse or data-aided.")
    ] = "data-aided",
    kind: TypeOption = "int16",
    output: OutputOption = None,
    force: ForceOption = False,
) -> None:
    """Decode packets of 802.11a, g and n, recorded with 20 Msample/s.

    Shows what was sent at each rate, and how often its FCS is right. With --output all
    packets are written to packets.csv, and their constellations to packets.png.
    """
    from commgen.sdr.recordings.wifi import grid, receiver, report
    from commgen.sdr.recordings.wifi.estimation import find_estimator

    found, shown = find_estimator(estimator), {}

    def rows(recording, advance):
        decoded = receiver.packets(recording, advance, estimator=found)
        return report.packet_rows(decoded, shown)

    def draw(path, rows):
        report.save_packet_figure(path, shown)

    reading = _Reading("packets", grid.SAMPLE_RATE_HZ, rows, report.rate_rows, draw)
    _run(reading, files, {"type": kind, "estimator": estimator}, output, force=force)


def _run(
    reading: _Reading,
    files: list[Path],
    settings: dict[str, Any],
    output: Path | None,
    *,
    force: bool,
) -> None:
    """Read all files, show what there was, and write it where that is asked for."""
    from commgen.sdr.radios.recording import open_recording

    recordings = [
        open_recording(path, settings["type"], reading.sample_rate_hz) for path in files
    ]
    for recording in recordings:
        reading.check(recording)
    if output is None:
        _show(reading, _all_rows(reading, recordings))
        return
    digests = [sha256(recording.path) for recording in recordings]
    names = [path.name for path in files]
    told = {**settings, "files": names, "digests": digests, "commgen": __version__}
    with claimed_folder(output, told, "report", force=force, goes_on=False) as done:
        if not done:
            rows = _all_rows(reading, recordings)
            _show(reading, rows)
            write_csv(output / f"{reading.verb}.csv", rows)
            reading.draw(output / f"{reading.verb}.png", rows)
    if done:
        say_done(output)
    else:
        say(f"written to {output}")


def _all_rows(reading: _Reading, recordings: list[Any]) -> Rows:
    total, found = sum(r.num_samples for r in recordings), []
    with progress_bar(f"reading {reading.verb}", total, unit="samples") as advance:
        for recording in recordings:
            rows = reading.rows(recording, advance)
            found += [{"file": recording.path.name, **row} for row in rows]
            advance(0, note=f"{len(found)} found")
    return found


def _show(reading: _Reading, rows: Rows) -> None:
    if not rows:
        say(f"no {reading.verb} found")
        return
    plain_console().print(plain_table(reading.verb, reading.summary(rows)))
