"""Distributions of sum rates over channels, side by side."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from commgen._figure import COLOURS, LINES, tidy
from commgen._files.whole import atomic_path


def save_rates_figure(
    path: Path,
    panels: Mapping[str, Mapping[str, Any]],
    *,
    label: str = "sum rate [bit/s/Hz]",
) -> None:
    """Draw what share of the drops stays below a sum rate, a panel for each title.

    Parameters
    ----------
    path
        A ``.png``.
    panels
        Title to name to rates of drops, [n].
    label
        What the rates are.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5.2 * len(panels), 4), layout="constrained")
    for axes, (title, curves) in zip(
        figure.subplots(1, len(panels), squeeze=False)[0], panels.items(), strict=True
    ):
        for i, (name, rates) in enumerate(curves.items()):
            below = np.arange(1, len(rates) + 1) / len(rates)
            style = LINES[i // len(COLOURS) % len(LINES)]
            axes.step(
                np.sort(rates),
                below,
                where="post",
                label=name,
                color=COLOURS[i % len(COLOURS)],
                linestyle=style,
                linewidth=1.2,
            )
        tidy(axes, label)
        axes.set_ylabel("share of the drops below")
        axes.set_title(title, fontsize=10)
        axes.legend(fontsize=7, frameon=False)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
