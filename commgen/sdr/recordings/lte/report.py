"""Rows of cells, and a picture of the frames whose broadcast was read."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import COLOURS, tidy
from commgen._files.whole import atomic_path
from commgen.sdr.recordings.lte.clock import SAMPLE_RATE_HZ
from commgen.sdr.recordings.lte.grid import FRAME
from commgen.sdr.recordings.lte.receiver import Cell

Rows = list[dict[str, Any]]


def cell_row(cell: Cell) -> dict[str, Any]:
    """Return the row of a cell; what nobody knows is empty."""
    mib = cell.mib
    return {
        "cell": cell.found.cell,
        "duplex": cell.found.duplex,
        "proved_by": proof(cell),
        "frames": len(cell.right),
        "mibs_right": int(cell.right.sum()),
        "blocks": cell.num_blocks,
        "blocks_right": cell.blocks_right,
        "ports": mib.num_ports if mib else "",
        "num_rb": mib.num_rb if mib else "",
        "phich": f"{'extended' if mib.phich_extended else 'normal'}" if mib else "",
        "phich_resource": mib.phich_resource if mib else "",
        "first_sfn": mib.sfn if mib else "",
        "snr_db": cell.snr_db,
        "cfo_hz": cell.clock.cfo_hz,
        "clock_ppm": cell.clock.clock_ppm,
        "primary": cell.found.primary,
        "secondary": cell.found.secondary,
    }


def proof(cell: Cell) -> str:
    """Return what proves a cell: "frames", "blocks" of four, or "nothing"."""
    if cell.mib is None:
        return "nothing"
    return "frames" if cell.right.any() else "blocks"


def shown_rows(rows: Rows) -> Rows:
    """Return what a table says of cells."""
    return [
        {
            "file": row["file"],
            "cell": row["cell"],
            "duplex": row["duplex"],
            "MIBs right": f"{row['mibs_right']} of {row['frames']}",
            "in fours": f"{row['blocks_right']} of {row['blocks']}",
            "ports": row["ports"],
            "RB": row["num_rb"],
            "PHICH": f"{row['phich']} {row['phich_resource']}".strip(),
            "SFN": row["first_sfn"],
            "SNR [dB]": f"{row['snr_db']:.1f}",
            "CFO [Hz]": f"{row['cfo_hz']:.0f}",
            "clock [ppm]": f"{row['clock_ppm']:+.1f}",
        }
        for row in rows
    ]


def save_cell_figure(path: Path, shown: list[tuple[str, Cell]]) -> None:
    """Draw a line of frames for each cell, full where its broadcast was read."""
    figure = Figure(figsize=(8, 1.5 + 0.4 * len(shown)), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    for line, (_, cell) in enumerate(shown):
        t = np.arange(len(cell.right)) * FRAME / SAMPLE_RATE_HZ
        for right in (True, False):
            at = t[cell.right == right]
            (dots,) = axes.plot(at, np.full(len(at), line), "o", ms=4, color=COLOURS[0])
            dots.set_fillstyle("full" if right else "none")
    axes.set_yticks(
        range(len(shown)), [f"cell {c.found.cell}, {file}" for file, c in shown]
    )
    axes.set_title("frames whose MIB was read (full)", fontsize="medium")
    tidy(axes, "time from the first frame [s]")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
