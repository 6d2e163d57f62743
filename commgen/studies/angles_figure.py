"""The picture of the angle study."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._files.whole import atomic_path
from commgen.studies.angles import REFERENCE

# Okabe and Ito's colours, as in the picture of a run.
_STYLES = {
    REFERENCE: {"color": "#000000", "marker": "o"},
    "network": {"color": "#E69F00", "marker": "s"},
    "network, refined": {"color": "#0072B2", "marker": "D"},
    "HMC": {"color": "#009E73", "marker": "^"},
    "ML": {"color": "#D55E00", "marker": "v"},
    "root-MUSIC": {"color": "#CC79A7", "marker": "P"},
    "ESPRIT": {"color": "#56B4E9", "marker": "X"},
    "CRB": {"color": "grey", "linestyle": "--"},
    "Ziv-Zakai": {"color": "grey", "linestyle": ":"},
}


def save_aoa_figure(path: Path, rows: list[dict[str, Any]]) -> None:
    """Draw RMSE over SNR, its ratio to the exact posterior's, and coverage.

    Parameters
    ----------
    path
        PNG file.
    rows
        Of :func:`~commgen.studies.angles.aoa_study`; a row of panels for each noise.
    """
    noises = list(dict.fromkeys(row["noise"] for row in rows))
    figure = Figure(figsize=(13, 3.8 * len(noises)), layout="constrained")
    FigureCanvasAgg(figure)
    for noise, panels in zip(
        noises, figure.subplots(len(noises), 3, squeeze=False), strict=True
    ):
        own = [row for row in rows if row["noise"] == noise]
        _draw(panels[0], own, "rmse_deg", ("rmse_low", "rmse_high"))
        panels[0].set(yscale="log", ylabel="RMSE [deg]", title=f"{noise} noise")
        _draw(panels[1], own, "ratio", ("ratio_low", "ratio_high"), skip=REFERENCE)
        panels[1].axhline(1.02, color="grey", linestyle=":")
        panels[1].set(ylabel="RMSE over that of the exact mean", ylim=(0.95, 1.5))
        _draw(panels[2], own, "coverage", ("coverage_low", "coverage_high"))
        panels[2].axhspan(0.88, 0.92, color="grey", alpha=0.2, linewidth=0)
        panels[2].set(ylabel="coverage of 90 % intervals", ylim=(0.75, 1.0))
        panels[0].legend(frameon=False, fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")


def _draw(axes, rows, key, ends, *, skip=None):
    names = dict.fromkeys(row["estimator"] for row in rows if key in row)
    for name in names:
        if name == skip:
            continue
        own = [row for row in rows if row["estimator"] == name and key in row]
        snr_db = np.array([row["snr_db"] for row in own])
        value = np.array([row[key] for row in own])
        style = {"markersize": 4, "linewidth": 1.2, **_STYLES[name]}
        if ends[0] in own[0]:
            low, high = (np.array([row[end] for row in own]) for end in ends)
            bars = np.maximum(np.stack([value - low, high - value]), 0)
            axes.errorbar(snr_db, value, bars, label=name, capsize=2, **style)
        else:
            axes.plot(snr_db, value, label=name, **style)
    axes.set_xlabel("SNR [dB]")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
