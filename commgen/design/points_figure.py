"""Constellations side by side."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from commgen._figure import COLOURS, tidy
from commgen._files.whole import atomic_path

# Labels of more bits than this would cover the points.
_MOST_LABELLED = 4


def save_points_figure(path: Path, drawn: Mapping[str, np.ndarray]) -> None:
    """Draw points with the bits of their labels, a panel for each title.

    Parameters
    ----------
    path
        A ``.png``.
    drawn
        Title to points, [2**num_bits_per_symbol] complex, in the order of labels.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(5 * len(drawn), 5), layout="constrained")
    panels = figure.subplots(1, len(drawn), squeeze=False)[0]
    edge = 1.12 * max(np.abs(points).max() for points in drawn.values())
    for axes, (title, points) in zip(panels, drawn.items(), strict=True):
        num_bits = len(points).bit_length() - 1
        axes.axhline(0, color="0.85", linewidth=1)
        axes.axvline(0, color="0.85", linewidth=1)
        axes.scatter(points.real, points.imag, s=14, color=COLOURS[0])
        if abs(points.mean()) > 0.05:
            mean = points.mean()
            axes.scatter(mean.real, mean.imag, marker="x", s=60, color=COLOURS[1])
        for label, point in enumerate(points if num_bits <= _MOST_LABELLED else ()):
            where = point.real, point.imag + 0.015 * edge
            text = f"{label:0{num_bits}b}"
            axes.text(*where, text, fontsize=5.5, ha="center", va="bottom")
        axes.set_xlim(-edge, edge)
        axes.set_ylim(-edge, edge)
        axes.set_aspect("equal")
        axes.set_title(title, fontsize=10)
        tidy(axes)
        axes.set_xlabel("in phase")
        axes.set_ylabel("quadrature")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=90, format="png")
