"""The picture of a run: its rates and levels over the axis."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import column, curve_style, tidy
from commgen._files.whole import atomic_path
from commgen.montecarlo.layout import Layout, Level, Rate

_MAX_PANELS = 6


def save_figure(path: Path, rows: list[dict[str, Any]], layout: Layout) -> None:
    """Draw ``rows`` of a run, with their 95 % intervals, into the PNG file ``path``.

    The first rate, the levels, and further rates have a panel each. On a logarithmic
    scale a point without an event is drawn as its upper bound, an empty triangle that
    points down. The dotted line is what was promised for a level.
    """
    first, *others = layout.rates
    panels = [first, *layout.levels, *others]
    width, height = max(5 * len(panels), 7), 4.6
    figure = Figure(figsize=(width, height))
    FigureCanvasAgg(figure)
    names = list(dict.fromkeys(row[layout.curve] for row in rows))
    all_axes = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, panel in zip(all_axes, panels, strict=True):
        for i, name in enumerate(names):
            own = [row for row in rows if row[layout.curve] == name]
            if isinstance(panel, Rate):
                draw_rate(axes, own, name, curve_style(i), panel, layout)
            else:
                _draw_level(axes, own, curve_style(i), panel, layout)
        if isinstance(panel, Rate):
            _scale(axes, panel)
        else:
            axes.set(ylabel=f"{panel.label} [dB]")
            if panel.promised:
                label = f"promised by {panel.promised}"
                axes.plot([], [], ":", color="grey", label=label)
                axes.legend(loc="upper right", frameon=False)
        tidy(axes, layout.axis.title)
    figure.legend(
        *all_axes[0].get_legend_handles_labels(),
        loc="upper center",
        ncols=min(len(names), 6),
        frameon=False,
    )
    # In inches: a layout that measures all text takes longer than the picture.
    top = height - 0.3 - 0.22 * -(-len(names) // 6)
    figure.subplots_adjust(
        left=0.75 / width,
        right=1 - 0.15 / width,
        bottom=0.55 / height,
        top=top / height,
        wspace=0.2,
    )
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def save_campaign_figure(
    path: Path, points: list[tuple[str, list[dict[str, Any]]]], layout: Layout
) -> None:
    """Draw the points of a campaign into a PNG file.

    A panel for each point with its curves; where the points are more than a few, a
    panel for each curve with the points.

    Parameters
    ----------
    path
        PNG file.
    points
        Title and rows of each point.
    layout
        Of the points; curves of others may have other names.
    """
    names = list(dict.fromkeys(row[layout.curve] for _, rows in points for row in rows))

    def curve(rows, name):
        return [row for row in rows if row[layout.curve] == name]

    if len(points) <= _MAX_PANELS:
        panels = [(t, [(n, curve(rows, n)) for n in names]) for t, rows in points]
    else:
        panels = [(n, [(t, curve(rows, n)) for t, rows in points]) for n in names]
    _save_panels(path, panels, layout)


def save_curves(
    path: Path, curves: list[tuple[str, list[dict[str, Any]]]], layout: Layout
) -> None:
    """Draw curves of one or several runs into one panel of a PNG file.

    Parameters
    ----------
    path
        PNG file.
    curves
        Label and rows of each curve.
    layout
        Of the runs.
    """
    _save_panels(path, [("", curves)], layout)


def draw_rate(
    axes: Any,
    rows: list[dict[str, Any]],
    label: str,
    style: dict[str, Any],
    rate: Rate,
    layout: Layout,
) -> None:
    """Draw a rate of one curve with its intervals; without an event, its bound."""
    x, value = column(rows, layout.axis.column()), column(rows, rate.name)
    low, high = column(rows, f"{rate.name}_low"), column(rows, f"{rate.name}_high")
    some = value > 0 if rate.falls else np.ones(len(value), bool)
    upper = np.where(np.isfinite(high), high, value)
    bars = np.stack([value - low, upper - value])[:, some]
    axes.errorbar(x[some], value[some], bars, label=label, capsize=3, **style)
    if not some.all():
        bound = {**style, "marker": "v", "markerfacecolor": "none", "linestyle": "none"}
        axes.plot(x[~some], high[~some], **bound)


def _scale(axes: Any, rate: Rate) -> None:
    axes.set_ylabel(rate.label)
    if rate.falls:
        axes.set(yscale="log", ylim=(None, 1.3))


def _save_panels(path: Path, panels: Any, layout: Layout) -> None:
    """Draw the last of the rates that all rows have."""
    rows = [row for _, curves in panels for _, own in curves for row in own]
    rates = [rate for rate in layout.rates if all(rate.name in row for row in rows)]
    rate = (rates or layout.rates)[-1]
    columns = min(len(panels), 3)
    lines = -(-len(panels) // columns)
    figure = Figure(figsize=(4 + 4.8 * columns, 4.4 * lines), layout="constrained")
    FigureCanvasAgg(figure)
    all_axes = figure.subplots(lines, columns, squeeze=False, sharey=True).ravel()
    for axes, (title, curves) in zip(all_axes, panels, strict=False):
        for i, (label, own) in enumerate(curves):
            if own:
                draw_rate(axes, own, label, curve_style(i), rate, layout)
        if rate.falls:
            axes.set_yscale("log")
        axes.set_ylabel(rate.label)
        axes.set_title(title, fontsize=10)
        tidy(axes, layout.axis.title)
    for axes in all_axes[len(panels) :]:
        axes.set_axis_off()
    _scale(all_axes[0], rate)  # last, for it ends the scaling to what is drawn
    handles = all_axes[0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside right upper", frameon=False, fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=150, format="png")


def _draw_level(axes: Any, rows: Any, style: Any, level: Level, layout: Layout) -> None:
    x, value = column(rows, layout.axis.column()), column(rows, f"{level.name}_db")
    finite = np.isfinite(value)
    if not finite.any():
        return
    low, high = (
        column(rows, f"{level.name}_low_db"),
        column(rows, f"{level.name}_high_db"),
    )
    bars = np.stack([value - low, high - value])[:, finite]
    bars = np.where(np.isfinite(bars), bars, 0)
    axes.errorbar(x[finite], value[finite], bars, capsize=3, **style)
    if level.promised:
        promised = column(rows, f"{level.promised}_db")
        axes.plot(x[finite], promised[finite], ":", color=style["color"])
