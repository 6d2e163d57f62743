"""What is reached over the number of looks, rules side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from commgen._figure import curve_style, tidy
from commgen._files.whole import atomic_path


def save_looks_figure(
    path: Path,
    panels: Mapping[str, Mapping[str, Any]],
    label: str,
    *,
    log: bool = False,
    first: int = 0,
) -> None:
    """Draw a value over the number of looks, a panel for each title.

    Parameters
    ----------
    path
        A ``.png``.
    panels
        Title to name to values after ``first`` looks, one more, and so on, or after the
        last ones alone.
    label
        What the axis of the value says.
    log
        On a logarithmic axis.
    first
        Looks before the first value of the longest curve.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(panels), 4), layout="constrained")
    for axes, (title, curves) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        longest = max(len(values) for values in curves.values())
        for i, (name, values) in enumerate(curves.items()):
            x = range(first + longest - len(values), first + longest)
            axes.plot(x, values, label=name, markersize=4, **curve_style(i))
        tidy(axes, "looks")
        axes.set_ylabel(label)
        axes.set_title(title, fontsize=10)
        axes.legend(fontsize=7, frameon=False)
        if log:
            axes.set_yscale("log")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
