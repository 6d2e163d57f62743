"""Several studies in one picture: channel estimate, and coded link."""

from pathlib import Path
from typing import Any

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._figure import curve_style, tidy
from commgen._files.whole import atomic_path
from commgen.inference.nmse_figure import draw_gain
from commgen.montecarlo.figure import draw_rate
from commgen.montecarlo.layout import BLER
from commgen.phy.simulation.layout import link_layout


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
        names = list(dict.fromkeys(row["estimator"] for row in link))
        layout = link_layout(names, [0.0], harq=False)
        for i, name in enumerate(names):
            own = [row for row in link if row["estimator"] == name]
            draw_rate(right, own, name, curve_style(i), BLER, layout)
        right.set(yscale="log", ylabel="block error rate", ylim=(None, 1.3))
        right.set_title(f"{title}: coded link", fontsize=10)
        right.legend(frameon=False, fontsize=8)
        tidy(right)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")
