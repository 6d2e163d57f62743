"""Rows of packets, what each rate of a file came to, and their constellations."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import COLOURS
from commgen._files.whole import atomic_path
from commgen.sdr.recordings.wifi.fields import HtSignal
from commgen.sdr.recordings.wifi.grid import SAMPLE_RATE_HZ
from commgen.sdr.recordings.wifi.packet import Packet

Rows = list[dict[str, Any]]
# Constellations are drawn of the first packets of a rate; more points hide each other.
_MOST_POINTS, _COLUMNS = 4000, 4


def packet_rows(found: Iterable[Packet], shown: dict[str, list[np.ndarray]]) -> Rows:
    """Return a row for each packet; put symbols to draw into ``shown``, by rate."""
    rows = []
    for packet in found:
        rows.append(_row(packet))
        if packet.content.x_hat is not None:
            own = shown.setdefault(_title(rows[-1]), [])
            left = _MOST_POINTS - sum(map(len, own))
            own.append(packet.content.x_hat.ravel()[: max(left, 0)])
    return rows


def _row(packet: Packet) -> dict[str, Any]:
    signal, frames = packet.signal, packet.content.frames
    right = [frame for frame in frames if frame.fcs_ok]
    told = right[0] if right else None
    return {
        "time_s": packet.start / SAMPLE_RATE_HZ,
        "format": "n" if isinstance(signal, HtSignal) else "a/g",
        "mbps": packet.content.rate_mbps,
        "mcs": signal.mcs if isinstance(signal, HtSignal) else "",
        "length": signal.length,
        "snr_db": packet.snr_db,
        "cfo_hz": packet.cfo_hz,
        "frames": len(frames),
        "fcs_right": len(right),
        "missing": packet.content.missing,
        "kind": told.kind if told else "",
        "receiver": told.receiver if told else "",
        "transmitter": told.transmitter if told else "",
    }


def rate_rows(rows: Rows) -> Rows:
    """Return a row for each file, rate and kind of packet."""
    names = ("file", "format", "mbps", "mcs", "kind", "receiver", "transmitter")
    groups: dict[tuple, Rows] = {}
    for row in rows:
        groups.setdefault(tuple(str(row[name]) for name in names), []).append(row)
    return [_summary(own) for own in groups.values()]


def _summary(own: Rows) -> dict[str, Any]:
    first = own[0]
    mcs = f" MCS {first['mcs']}" if first["format"] == "n" else ""
    right, frames = (sum(row[name] for row in own) for name in ("fcs_right", "frames"))
    return {
        "file": first["file"],
        "802.11": first["format"],
        "Mbit/s": f"{first['mbps']:g}{mcs}",
        "frame": first["kind"] or first["missing"] or "FCS wrong",
        "from": first["transmitter"] or "-",
        "to": first["receiver"] or "-",
        "packets": len(own),
        "FCS right": f"{right}/{frames}",
        "SNR [dB]": f"{np.mean([r['snr_db'] for r in own]):.1f}",
        "CFO [kHz]": f"{np.mean([r['cfo_hz'] for r in own]) / 1e3:+.1f}",
    }


def _title(row: dict[str, Any]) -> str:
    return f"802.11{row['format']}, {row['mbps']:g} Mbit/s"


def save_packet_figure(path: Path, shown: dict[str, list[np.ndarray]]) -> None:
    """Draw the equalised symbols of each rate; nothing found is an empty picture."""
    titles = sorted(shown, key=_by_rate) or ["nothing was decoded"]
    lines = -(-len(titles) // _COLUMNS)
    figure = Figure(figsize=(2.4 * _COLUMNS, 2.6 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(lines, _COLUMNS, squeeze=False).ravel()
    for axes in panels[len(titles) :]:
        axes.remove()
    for axes, title in zip(panels, titles, strict=False):
        for x_hat in shown.get(title, []):
            axes.plot(np.real(x_hat), np.imag(x_hat), ",", color=COLOURS[0], alpha=0.6)
        axes.set(xlim=(-1.6, 1.6), ylim=(-1.6, 1.6), aspect="equal")
        axes.set_title(title, fontsize="small")
        axes.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _by_rate(title: str) -> tuple[str, float]:
    kind, rate = title.split(", ")
    return kind, float(rate.split()[0])
