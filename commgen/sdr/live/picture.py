"""A run in a picture: errors, SNR and EVM over time, and the last symbols."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path
from commgen.sdr.live.session import Session

_LEAST = 1e-6  # error rates of 0 are drawn there


def save_picture(path: Path, session: Session, title: str) -> None:
    """Draw a session as PNG."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 3.6), layout="constrained")
    FigureCanvasAgg(figure)
    errors, levels, symbols = figure.subplots(1, 3)
    figure.suptitle(title, fontsize="medium")
    rows = session.timeline.rows()
    _draw_errors(errors, rows)
    _draw_levels(levels, rows)
    _draw_symbols(symbols, session.symbols)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _draw_errors(axes: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        time = column(rows, "time_s")
        for i, (name, label) in enumerate((("bler", "BLER"), ("ber", "BER"))):
            rate = np.maximum(column(rows, name), _LEAST)
            axes.semilogy(time, rate, label=label, **_style(i))
        axes.legend(fontsize="small")
    axes.set_ylim(_LEAST / 2, 1.5)
    axes.set_ylabel(f"error rate (0 drawn at {_LEAST:g})")
    tidy(axes, "time of the stream [s]")


def _draw_levels(axes: Any, rows: list[dict[str, Any]]) -> None:
    if rows:
        time = column(rows, "time_s")
        axes.plot(time, column(rows, "snr_db"), label="SNR", **_style(0))
        axes.plot(time, -column(rows, "evm_db"), label="minus EVM", **_style(1))
        axes.legend(fontsize="small")
    axes.set_ylabel("[dB]")
    tidy(axes, "time of the stream [s]")


def _draw_symbols(axes: Any, symbols: list[np.ndarray]) -> None:
    if symbols:
        points = np.concatenate(symbols)
        axes.plot(points.real, points.imag, ".", markersize=2, alpha=0.4, **_ink())
    axes.set(xlim=(-2, 2), ylim=(-2, 2), aspect="equal")
    axes.set_ylabel("quadrature")
    tidy(axes, f"in phase (equalised, last {len(symbols)} frames)")


def _style(i: int) -> dict[str, Any]:
    return {**curve_style(i), "markersize": 3}


def _ink() -> dict[str, Any]:
    return {"color": curve_style(0)["color"]}
