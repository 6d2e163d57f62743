"""The picture of a report: distributions of the truth, the references, candidates."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._files.whole import atomic_path
from commgen.evaluation.report import FLOOR, GAUSSIAN, TRUTH, Report

# Okabe and Ito's colours, which colour-blind readers can tell apart.
_CANDIDATES = ("#0072B2", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#F0E442")
_REFERENCES = {TRUTH: "#000000", GAUSSIAN: "#D55E00", FLOOR: "#7F7F7F"}
_AXES = {
    "power_db": "power [dB]",
    "effective_rank": "effective rank",
    "peak_beam": "share of the strongest beam",
    "angular_spread": "angular spread, direction cosine",
    "delay_spread": "delay spread [taps]",
    "doppler_spread": "Doppler spread [bins]",
    "k_factor_db": "Rician factor [dB]",
    "condition_number_db": "condition number [dB]",
    "capacity": "capacity [bit/s/Hz]",
}
_TESTS = {"nn_accuracy": "nearest neighbour", "classifier_accuracy": "classifier"}
_COLUMNS = 3


def save_report_figure(path: str | Path, report: Report, title: str = "") -> None:
    """Draw a report into the PNG file ``path``.

    Distribution functions of the statistics that the layout has, truth in black and
    Gaussian dashed; the autocorrelation where there is a time axis; and the accuracy
    of the two-sample tests with intervals, where 0.5 is best.

    Parameters
    ----------
    path
        File to write.
    report
        What :func:`~commgen.evaluation.evaluate_channels` found.
    title
        Above the panels.
    """
    shown = [name for name in _AXES if name in report.statistics[TRUTH]]
    num_panels = len(shown) + 1 + bool(report.autocorrelations)
    num_rows = -(-num_panels // _COLUMNS)
    figure = Figure(figsize=(4 * _COLUMNS, 3 * num_rows), layout="constrained")
    FigureCanvasAgg(figure)
    panels = figure.subplots(num_rows, _COLUMNS, squeeze=False).ravel()
    for axes, name in zip(panels, shown, strict=False):
        _draw_distributions(axes, report, name)
    used = len(shown)
    if report.autocorrelations:
        _draw_autocorrelation(panels[used], report)
        used += 1
    _draw_accuracy(panels[used], report)
    for axes in panels[used + 1 :]:
        axes.set_axis_off()
    for axes in panels[: used + 1]:
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="outside upper center",
        ncols=min(len(labels), 6),
        frameon=False,
        title=title or None,
    )
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def _style(report: Report, name: str) -> dict[str, Any]:
    candidates = [key for key in report.statistics if key not in _REFERENCES]
    if name in _REFERENCES:
        dashes = "--" if name == GAUSSIAN else "-"
        return {"color": _REFERENCES[name], "linestyle": dashes}
    return {"color": _CANDIDATES[candidates.index(name) % len(_CANDIDATES)]}


def _draw_distributions(axes, report: Report, name: str) -> None:
    for source, known in report.statistics.items():
        values = np.sort(known[name])
        share = np.arange(1, len(values) + 1) / len(values)
        axes.step(values, share, where="post", label=source, **_style(report, source))
    axes.set(xlabel=_AXES[name], ylabel="share of channels", ylim=(0, 1))


def _draw_autocorrelation(axes, report: Report) -> None:
    for source, curve in report.autocorrelations.items():
        axes.plot(np.real(curve), **_style(report, source))
    axes.set(xlabel="lag [time steps]", ylabel="autocorrelation, real part")


def _draw_accuracy(axes, report: Report) -> None:
    names = [row["source"] for row in report.rows]
    least = min(row[f"{test}_low"] for row in report.rows for test in _TESTS)
    for offset, (test, label) in zip((-0.2, 0.2), _TESTS.items(), strict=True):
        value, low, high = (
            np.array([row[f"{test}{end}"] for row in report.rows])
            for end in ("", "_low", "_high")
        )
        bars = axes.bar(
            np.arange(len(names)) + offset,
            value - 0.5,
            0.38,
            bottom=0.5,
            yerr=np.stack([value - low, high - value]),
            capsize=2,
            color=[_style(report, name)["color"] for name in names],
            alpha=1.0 if test == "nn_accuracy" else 0.5,
        )
        bars.set_label(label)
    axes.axhline(0.5, color="black", linewidth=0.8)
    axes.set_xticks(np.arange(len(names)), names, fontsize=8, rotation=15)
    axes.set(
        ylim=(min(0.3, least), 1.0),
        ylabel="told apart (pale: classifier)",
        title="0.5 is best",
    )
