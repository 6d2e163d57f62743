"""A designed constellation beside QAM and Shannon: rows, and pictures."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._figure import COLOURS, tidy
from commgen._files.whole import atomic_path
from commgen.design.climb import carried
from commgen.design.goal import ConstellationGoal
from commgen.design.needed import best_back_off_db, snr_db_needed
from commgen.design.search import Found
from commgen.frame.constellation import Constellation
from commgen.measures.decibel import noise_variance

# SNRs of the curves, around what the constellation needs [dB].
_AROUND_DB = np.linspace(-6.0, 6.0, 13)
_PIXELS = 400
_MOST_SHOWN = 6
_ROUGH_ORDER = 16
# Labels of more bits than this would cover the points.
_MOST_LABELLED = 6


def shannon_snr_db(rate: float) -> float:
    """SNR below which no constellation carries ``rate`` bits in white noise [dB]."""
    return float(10 * np.log10(2**rate - 1))


def rows(found: list[Found], goal: ConstellationGoal) -> list[dict[str, Any]]:
    """Return one row for the best one, QAM of as many points, and Shannon.

    Parameters
    ----------
    found
        Result of :func:`~commgen.design.search.design_constellation`.
    goal
        What was asked for.

    Returns
    -------
    list of dict
        With the SNR that each needs and its distance from Shannon's [dB]; for a goal
        with SNRs with the bits that it carries, and those missing to Shannon.
    """
    out = [_row("designed", found[0].constellation, goal, found[0].back_off_db)]
    if goal.num_bits_per_symbol in (2, 4, 6, 8):
        out.append(_row("QAM", Constellation.qam(goal.num_bits_per_symbol), goal))
    name = "Shannon" if goal.is_plain and not goal.saturation else "Shannon, a bound"
    if goal.rate:
        limit = goal.shannon_snr_db
        out.append({"constellation": name, "snr_db": limit})
        return [{**row, "gap_db": row["snr_db"] - limit} for row in out]
    limit = goal.shannon(goal.snr_db or ())
    out.append({"constellation": name, "rate": limit})
    return [{**row, "gap": limit - row["rate"]} for row in out]


def _row(name, constellation, goal, back_off_db=None) -> dict[str, Any]:
    if back_off_db is None:
        back_off_db = best_back_off_db(constellation, goal)
    if goal.rate:
        does = {"snr_db": snr_db_needed(constellation, goal, back_off_db=back_off_db)}
    else:
        drive = 10 ** (-back_off_db / 20)
        does = {"rate": carried(constellation, goal, goal.snr_db, drive=drive)}
    if goal.saturation is not None:
        does["back_off_db"] = back_off_db
    return {
        "constellation": name,
        **does,
        "entropy": constellation.entropy,
        "peak_db": constellation.peak_to_average_db,
        "least_distance": constellation.least_distance,
    }


def save_design_figure(path: Path, found: list[Found], goal: ConstellationGoal) -> None:
    """Draw decision regions with labels, and what is missing to Shannon by SNR."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, 5.2), layout="constrained")
    left, right = figure.subplots(1, 2)
    best = found[0].constellation
    _draw_regions(left, best, found[0].snr_db)
    _draw_gaps(right, found[0], goal)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=120, format="png")


def save_samples_figure(path: Path, found: list[Found]) -> None:
    """Draw the points of the first six constellations, shaded by their first bits."""
    from matplotlib.figure import Figure

    shown = found[:_MOST_SHOWN]
    figure = Figure(figsize=(3 * len(shown), 3.4), layout="constrained")
    for axes, (i, one) in zip(
        figure.subplots(1, len(shown), squeeze=False)[0], enumerate(shown), strict=True
    ):
        x, bits = one.constellation.points, one.constellation.bits[:, :2] @ [2, 1]
        axes.scatter(x.real, x.imag, s=14, c=[COLOURS[b] for b in bits])
        axes.set_aspect("equal")
        axes.set_title(f"{i}: {one.rate:.3f} bit at {one.snr_db:.2f} dB")
        axes.set_xticks([])
        axes.set_yticks([])
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=100, format="png")


def _draw_regions(axes, constellation, snr_db):
    x, p = constellation.points, constellation.probabilities
    edge = 1.15 * np.abs(np.concatenate([x.real, x.imag])).max()
    line = np.linspace(-edge, edge, _PIXELS)
    plane = line + 1j * line[:, None]
    no = noise_variance(snr_db)
    score = -(np.abs(plane[..., None] - x) ** 2) / no + np.log(p)
    region = np.argmax(score, axis=-1)
    # Neighbours differ in few bits, so shades by the bits show how labels lie.
    shade = constellation.bits[:, :2] @ [2, 1] / 3
    extent = (-edge, edge, -edge, edge)
    axes.imshow(shade[region], origin="lower", extent=extent, cmap="Blues", alpha=0.35)
    axes.contour(line, line, region, np.arange(len(x)) + 0.5, colors="w", linewidths=1)
    axes.scatter(x.real, x.imag, s=18 * p / p.max(), color=COLOURS[1], zorder=3)
    if constellation.num_bits_per_symbol <= _MOST_LABELLED:
        for point, bits in zip(x, constellation.bits, strict=True):
            text = "".join(map(str, bits))
            where = point.real, point.imag + 0.02 * edge
            axes.text(*where, text, fontsize=5.5, ha="center", va="bottom")
    axes.set_aspect("equal")
    axes.set_title(
        f"{len(x)} points, decided at {snr_db:.2f} dB; shade: first two bits"
    )
    axes.set_xlabel("in phase")
    axes.set_ylabel("quadrature")


def _draw_gaps(axes, found, goal):
    snrs = found.snr_db + _AROUND_DB
    limit = np.array([goal.shannon(s) for s in snrs])
    drawn = {"designed": (found.constellation, found.back_off_db)}
    if goal.num_bits_per_symbol in (2, 4, 6, 8):
        qam = Constellation.qam(goal.num_bits_per_symbol)
        drawn["QAM"] = (qam, best_back_off_db(qam, goal))
    for i, (name, (constellation, back_off_db)) in enumerate(drawn.items()):
        of = {"drive": 10 ** (-back_off_db / 20), "order": _ROUGH_ORDER}
        gap = limit - [carried(constellation, goal, s, **of) for s in snrs]
        axes.plot(snrs, gap, color=COLOURS[i], marker="os"[i], label=name)
    text = f"carries {found.rate:.4g} bit"
    axes.axvline(found.snr_db, color="0.5", linestyle=":", label=text)
    axes.set_ylabel("bits missing to Shannon")
    axes.set_ylim(bottom=0)
    axes.set_title("GMI under log2(1 + SNR)")
    axes.legend()
    tidy(axes)
