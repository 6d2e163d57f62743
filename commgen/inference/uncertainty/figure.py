"""The picture of a calibration report."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import COLOURS, MARKERS
from commgen._files.whole import atomic_path


def save_calibration_figure(path: str | Path, report: Any, title: str = "") -> None:
    """Draw a :class:`~commgen.inference.uncertainty.CalibrationReport` into a PNG file.

    Measured over promised error by deciles of the promise, of all SNRs, where honest
    promises lie at zero; what the entries' regions cover, the stated levels dotted and
    88-92 % shaded; and the size of the 90 % regions, in units of the noise.

    Parameters
    ----------
    path
        File to write.
    report
        The report.
    title
        Above the panels.
    """
    figure = Figure(figsize=(13, 4.2), layout="constrained")
    FigureCanvasAgg(figure)
    reliability, covered, sharp = figure.subplots(1, 3)
    names = list(dict.fromkeys(row["estimator"] for row in report.rows))
    for i, name in enumerate(names):
        style = {"color": COLOURS[i % 7], "marker": MARKERS[i % 7]}
        _draw_reliability(reliability, report, name, style)
        _draw_coverage(covered, report, name, style, shift=0.3 * (i - len(names) / 2))
        snr_db = report.column(name, "snr_db")
        radius = report.column(name, "radius90_db") + snr_db
        sharp.plot(snr_db, radius, label=name, **style)
    reliability.axhline(0, color="black", linewidth=0.8)
    reliability.set(xlabel="promised error [dB]", ylabel="measured / promised [dB]")
    for level in (0.5, 0.9, 0.99):
        covered.axhline(100 * level, color="black", linewidth=0.8, linestyle=":")
    covered.axhspan(88, 92, color="grey", alpha=0.2, linewidth=0)
    covered.set(xlabel="SNR [dB]", ylabel="entries in their region [%]", ylim=(30, 101))
    sharp.set(xlabel="SNR [dB]", ylabel="90 % radius squared / noise [dB]")
    sharp.legend(frameon=False)
    for axes in (reliability, covered, sharp):
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    if title:
        figure.suptitle(title)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")


def _draw_reliability(axes, report, name, style) -> None:
    rows = [row for row in report.bins if row["estimator"] == name]
    promised, value, low, high = (
        np.array([row[key] for row in rows])
        for key in ("promised_db", "measured_db", "measured_low_db", "measured_high_db")
    )
    bars = np.stack([value - low, high - value])
    # A bin of one group has no interval.
    bars = np.where(np.isfinite(bars), bars, 0.0)
    options = {"linestyle": "", "markersize": 3, "elinewidth": 0.8, "alpha": 0.8}
    axes.errorbar(promised, value - promised, bars, **options, **style)


def _draw_coverage(axes, report, name, style, shift) -> None:
    levels = sorted(
        key.removeprefix("entry_")
        for key in report.rows[0]
        if key.startswith("entry_") and not key.endswith(("_low", "_high"))
    )
    for level in levels:
        share, low, high = (
            100 * report.column(name, f"entry_{level}{end}")
            for end in ("", "_low", "_high")
        )
        bars = np.stack([share - low, high - share])
        x = report.column(name, "snr_db") + shift
        axes.errorbar(x, share, bars, markersize=3, linewidth=1, **style)
