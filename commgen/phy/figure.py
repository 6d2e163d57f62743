"""The picture of a run: block error rate and estimation error over SNR."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import column, curve_style, tidy
from commgen._files import atomic_path
from commgen.inference.nmse_figure import draw_gain

_MAX_PANELS = 6


def save_overview(path: Path, studies: list[tuple[str, Any, Any]]) -> None:
    """Draw several studies into one PNG file, a row each: NMSE, and block error rate.

    Parameters
    ----------
    path
        PNG file.
    studies
        (title, rows of ``estimation.csv``, rows of ``results.csv``) of each study.
    """
    figure = Figure(figsize=(10, 4.2 * len(studies)), layout="constrained")
    FigureCanvasAgg(figure)
    for (title, estimation, link), (left, right) in zip(
        studies, figure.subplots(len(studies), 2, squeeze=False), strict=True
    ):
        draw_gain(left, estimation)
        left.set_title(f"{title}: channel estimate", fontsize=10)
        left.legend(frameon=False, fontsize=8)
        for i, name in enumerate(dict.fromkeys(row["estimator"] for row in link)):
            own = [row for row in link if row["estimator"] == name]
            _draw_bler(right, own, name, curve_style(i))
        right.set(yscale="log", ylabel="block error rate", ylim=(None, 1.3))
        right.set_title(f"{title}: coded link", fontsize=10)
        right.legend(frameon=False, fontsize=8)
        tidy(right)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def save_figure(path: Path, rows: list[dict[str, Any]]) -> None:
    """Draw ``rows`` of a run, with their 95 % intervals, into the PNG file ``path``.

    A point without an error is drawn as its upper bound, an empty triangle that points
    down. The dotted line is the error that an estimator promises (``err_var``). With
    HARQ a third panel shows the throughput.
    """
    harq = all("throughput" in row for row in rows)
    figure = Figure(figsize=(15 if harq else 10, 4.6), layout="constrained")
    FigureCanvasAgg(figure)
    bler, nmse, *more = figure.subplots(1, 3 if harq else 2)
    names = list(dict.fromkeys(row["estimator"] for row in rows))
    for i, name in enumerate(names):
        own = [row for row in rows if row["estimator"] == name]
        style = curve_style(i)
        _draw_bler(bler, own, name, style)
        _draw_nmse(nmse, own, style)
        for axes in more:
            _draw_throughput(axes, own, name, style)
            axes.set(ylabel="fraction of throughput")
    bler.set(yscale="log", ylabel="block error rate", ylim=(None, 1.3))
    nmse.set(ylabel="NMSE of the channel estimate [dB]")
    nmse.plot([], [], ":", color="grey", label="promised by err_var")
    nmse.legend(loc="upper right", frameon=False)
    for axes in (bler, nmse, *more):
        tidy(axes)
    figure.legend(
        *bler.get_legend_handles_labels(),
        loc="outside upper center",
        ncols=min(len(names), 6),
        frameon=False,
    )
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def save_campaign_figure(
    path: Path, points: list[tuple[str, list[dict[str, Any]]]]
) -> None:
    """Draw the points of a campaign into a PNG file.

    A panel for each point with its estimators; where the points are more than a few, a
    panel for each estimator with the points.

    Parameters
    ----------
    path
        PNG file.
    points
        Title and rows of each point.
    """
    names = list(dict.fromkeys(row["estimator"] for _, rows in points for row in rows))

    def curve(rows, name):
        return [row for row in rows if row["estimator"] == name]

    if len(points) <= _MAX_PANELS:
        panels = [(t, [(n, curve(rows, n)) for n in names]) for t, rows in points]
    else:
        panels = [(n, [(t, curve(rows, n)) for t, rows in points]) for n in names]
    _save_panels(path, panels)


def save_curves(path: Path, curves: list[tuple[str, list[dict[str, Any]]]]) -> None:
    """Draw curves of one or several runs into one panel of a PNG file.

    Parameters
    ----------
    path
        PNG file.
    curves
        Label and rows of each curve.
    """
    _save_panels(path, [("", curves)])


def _save_panels(path: Path, panels) -> None:
    """Draw block error rates, or throughputs where all rows have them."""
    rows = [row for _, curves in panels for _, own in curves for row in own]
    harq = bool(rows) and all("throughput" in row for row in rows)
    columns = min(len(panels), 3)
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(4 + 4.8 * columns, 4.4 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for axes, (title, curves) in zip(all_axes, panels, strict=False):
        for i, (label, own) in enumerate(curves):
            if own:
                draw = _draw_throughput if harq else _draw_bler
                draw(axes, own, label, curve_style(i))
        if not harq:
            axes.set_yscale("log")
        axes.set_ylabel("fraction of throughput" if harq else "block error rate")
        axes.set_title(title, fontsize=10)
        tidy(axes)
    for axes in all_axes[len(panels) :]:
        axes.set_axis_off()
    if not harq:  # last, for it ends the scaling to what is drawn
        all_axes[0].set_ylim(None, 1.3)
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside right upper", frameon=False, fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _draw_throughput(axes, rows, name, style):
    snr_db, value = column(rows, "snr_db"), column(rows, "throughput")
    low, high = column(rows, "throughput_low"), column(rows, "throughput_high")
    bars = np.stack([value - low, np.where(np.isfinite(high), high, value) - value])
    axes.errorbar(snr_db, value, bars, label=name, capsize=3, **style)


def _draw_bler(axes, rows, name, style):
    snr_db, bler = column(rows, "snr_db"), column(rows, "bler")
    low, high = column(rows, "bler_low"), column(rows, "bler_high")
    some = bler > 0
    bars = np.stack([bler - low, high - bler])[:, some]
    axes.errorbar(snr_db[some], bler[some], bars, label=name, capsize=3, **style)
    if not some.all():
        bound = {**style, "marker": "v", "markerfacecolor": "none", "linestyle": "none"}
        axes.plot(snr_db[~some], high[~some], **bound)


def _draw_nmse(axes, rows, style):
    snr_db, nmse = column(rows, "snr_db"), column(rows, "nmse_db")
    finite = np.isfinite(nmse)
    if not finite.any():
        return
    low, high = column(rows, "nmse_low_db"), column(rows, "nmse_high_db")
    bars = np.stack([nmse - low, high - nmse])[:, finite]
    bars = np.where(np.isfinite(bars), bars, 0)
    axes.errorbar(snr_db[finite], nmse[finite], bars, capsize=3, **style)
    promised = column(rows, "err_var_db")
    axes.plot(snr_db[finite], promised[finite], ":", color=style["color"])
