"""The picture of a sweep of estimators over SNR."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path


def save_nmse_figure(path: Path, rows: list[dict[str, Any]], title: str) -> None:
    """Draw the NMSE of ``rows``, as of ``estimation.csv``, into the PNG file ``path``.

    NMSE times SNR, in dB: least squares is the line at zero, and what an estimator
    gains stands below it; on the NMSE itself the curves would cover each other.
    """
    figure = Figure(figsize=(6, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    draw_gain(axes, rows)
    axes.set_title(title)
    axes.legend(frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def draw_gain(axes, rows: list[dict[str, Any]]) -> None:
    """Draw NMSE times SNR, and what was promised of it."""
    for i, name in enumerate(dict.fromkeys(row["estimator"] for row in rows)):
        own = [row for row in rows if row["estimator"] == name]
        snr_db, style = column(own, "snr_db"), curve_style(i)
        value, low, high = (
            column(own, f"nmse{kind}_db") + snr_db for kind in ("", "_low", "_high")
        )
        bars = np.stack([value - low, high - value])
        axes.errorbar(snr_db, value, bars, label=name, capsize=3, **style)
        promised = column(own, "err_var_db") + snr_db
        axes.plot(snr_db, promised, ":", color=style["color"])
    axes.plot([], [], ":", color="grey", label="promised by err_var")
    axes.set_ylabel("NMSE x SNR [dB]")
    tidy(axes)
