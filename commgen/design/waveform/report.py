"""A designed waveform beside classical ones: rows, and a picture."""

from pathlib import Path
from typing import Any

import numpy as np

from commgen._figure import COLOURS, tidy
from commgen._files.whole import atomic_path
from commgen.design.waveform.back_off import excess_db, least_degradation
from commgen.design.waveform.classical import FAMILIES, Candidate, measured
from commgen.design.waveform.goal import WaveformGoal
from commgen.frame.constellation import Constellation
from commgen.frame.information import snr_db_for
from commgen.measures.decibel import from_db
from commgen.waveform.clusters import Clusters
from commgen.waveform.degradation import Degradation, Transmission
from commgen.waveform.designed import DesignedWaveform
from commgen.waveform.emission import density_db
from commgen.waveform.measures import ccdf

# Around the best back-off, for the curves [dB].
_AROUND_DB = np.array([-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0])
_LEVELS_DB = np.arange(0.0, 12.1, 0.25)
_BLOCKS, _CURVE_BLOCKS, _FLOOR_DB = 200, 24, -60.0
# The few symbols of the curves may pass a limit that more keep.
_NEARLY_DB = 0.13


def rows(
    designed: DesignedWaveform,
    others: list[Candidate],
    goal: WaveformGoal,
    *,
    seed: int,
    num_blocks: int = 100,
) -> list[dict[str, Any]]:
    """Return one row for each waveform, all on symbols that chose none of them.

    Parameters
    ----------
    designed
        The learned one.
    others
        Of :func:`~commgen.design.waveform.classical.classical`.
    goal
        What was asked for.
    seed, num_blocks
        As of :class:`~commgen.waveform.degradation.Transmission`.
    """
    sent = Transmission(
        designed, designed.constellation, seed=seed, num_blocks=num_blocks
    )
    told = f"{designed.num_subcarriers} symbols"
    table = [_row("designed", told, least_degradation(sent, goal))]
    for one in others:
        cost = measured(one, goal, seed=seed, num_blocks=num_blocks)
        table.append(_row(one.family, str(one.settings), cost))
    return [row for row in table if row is not None]


def best_classical(table: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the row of the cheapest classical waveform without predistortion."""
    plain = [r for r in table[1:] if not FAMILIES[r["waveform"]]]
    return min(plain, key=lambda row: row["total_db"])


def _row(name, settings, cost: Degradation | None) -> dict[str, Any] | None:
    if cost is None:
        return None
    return {
        "waveform": name,
        "settings": settings,
        "total_db": cost.total_db,
        "total_low_db": cost.low_db,
        "total_high_db": cost.high_db,
        "output_back_off_db": cost.output_back_off_db,
        "snr_loss_db": cost.snr_loss_db,
        "back_off_db": cost.back_off_db,
        "aclr_db": cost.aclr_db,
    }


def save_waveform_figure(
    path: Path,
    designed: DesignedWaveform,
    others: list[Candidate],
    table: list[dict[str, Any]],
    goal: WaveformGoal,
) -> None:
    """Draw peaks, spectra, what is received, and the cost over the back-off.

    Parameters
    ----------
    path
        PNG file.
    designed, others, goal
        As of :func:`rows`; of the others OFDM, DFT-s-OFDM and the best one are drawn.
    table
        Of :func:`rows`.
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 8), layout="constrained")
    panels = figure.subplots(2, 2)
    drawn = _drawn(designed, others, table, goal)
    for i, (name, waveform, points, cost) in enumerate(drawn):
        style = {"color": COLOURS[i], "label": name}
        sent = _samples(waveform, points, _BLOCKS)
        share = np.maximum(ccdf(sent, _LEVELS_DB), 0.5 / _BLOCKS)
        panels[0, 0].semilogy(_LEVELS_DB, share, **style)
        amplified = goal.amplifier(cost["back_off_db"])(sent)
        panels[0, 1].plot(*_spectrum(waveform.ofdm, amplified), **style)
        panels[1, 1].plot(*_costs(waveform, points, cost, goal), **style, marker="o")
    _finish_peaks(panels[0, 0])
    _finish_spectra(panels[0, 1], goal)
    _draw_regions(panels[1, 0], designed, drawn[0][3], goal)
    limits = "ACLR and mask are" if goal.mask else f"ACLR <= {goal.aclr_db:g} dB is"
    panels[1, 1].set_title(f"Where {limits} kept")
    tidy(panels[1, 1])
    panels[1, 1].set_xlabel("output back-off [dB]")
    panels[1, 1].set_ylabel("total degradation [dB]")
    panels[1, 1].legend(fontsize=8)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=80, format="png")


def _drawn(designed, others, table, goal):
    """Return name, waveform, points and row of those that are drawn."""
    qam = Constellation.qam(goal.num_bits_per_symbol)
    costs = {row["waveform"]: row for row in table}
    best = best_classical(table)["waveform"]
    found = [("designed", designed, designed.constellation, table[0])]
    for one in others:
        if one.family in ("CP-OFDM", "DFT-s-OFDM", best) and one.family in costs:
            found.append((one.family, one.waveform, qam, costs[one.family]))
    return found


def _samples(waveform, points, num_blocks):
    rng = np.random.default_rng(0)
    shape = num_blocks, 1, waveform.num_subcarriers
    return waveform.modulate(
        points.points[rng.integers(len(points.points), size=shape)]
    )


def _spectrum(ofdm, samples):
    """Return bandwidths from the centre, and the density over the largest one [dB]."""
    offset_hz, level_db = density_db(ofdm, samples)
    return offset_hz / ofdm.bandwidth_hz, np.maximum(level_db, _FLOOR_DB)


def _costs(waveform, points, cost, goal):
    """Return output back-offs that keep the limit, and totals."""
    sent = Transmission(waveform, points, seed=0, num_blocks=_CURVE_BLOCKS)
    found = [
        sent.degradation(goal.rate, goal.amplifier(cost["back_off_db"] + by))
        for by in _AROUND_DB
    ]
    kept = [
        one
        for one in found
        if excess_db(sent, goal.amplifier(one.back_off_db), goal)[0] <= _NEARLY_DB
    ]
    return [o.output_back_off_db for o in kept], [o.total_db for o in kept]


def _finish_peaks(axes):
    tidy(axes)
    axes.set_title("OFDM symbols that peak above a level")
    axes.set_xlabel("peak over mean power [dB]")
    axes.set_ylabel("share")
    axes.set_ylim(1 / _BLOCKS, 1.1)


def _finish_spectra(axes, goal):
    for side in (-1, 1):
        label = "mean that is allowed" if side > 0 else None
        ends = [0.5 * side, 1.5 * side]
        axes.plot(ends, [goal.aclr_db] * 2, "k--", linewidth=1, label=label)
    if goal.mask is not None:
        distance, level = np.array(goal.mask).T
        distance = np.append(distance, max(goal.oversampling / 2, distance[-1]))
        for side in (-1, 1):
            label = "mask" if side > 0 else None
            axes.plot(side * distance, np.append(level, level[-1]), "k", label=label)
    tidy(axes)
    axes.set_title("Spectrum behind the amplifier")
    axes.set_xlabel("distance from the centre [bandwidths]")
    axes.set_ylabel("density [dB]")
    axes.set_ylim(_FLOOR_DB, 3)
    axes.legend(fontsize=8)


def _draw_regions(axes, designed, cost, goal):
    """Draw what is received, with the noise at which the rate is carried."""
    points, amplifier = designed.constellation, goal.amplifier(cost["back_off_db"])
    rng = np.random.default_rng(1)
    shape = 20, 1, designed.num_subcarriers
    labels = rng.integers(len(points.points), size=shape)
    y = designed.demodulate(amplifier(designed.modulate(points.points[labels])))
    clusters = Clusters.of(y, labels, len(points.points))
    total = from_db(-cost["total_db"]) * amplifier.saturation**2
    no = total * designed.noise_gain / designed.ofdm.noise_gain / _snr(goal)
    edge = 1.4 * np.abs(clusters.centres).max()
    line = np.linspace(-edge, edge, 300)
    llr = clusters.llr(line + 1j * line[:, None], no)
    region = (llr > 0) @ (2 ** np.arange(llr.shape[-1])[::-1])
    extent = (-edge, edge, -edge, edge)
    shade = (llr[..., 0] > 0) * 2 + (llr[..., -1] > 0)
    axes.imshow(shade, origin="lower", extent=extent, cmap="Blues", alpha=0.3)
    axes.contour(
        line, line, region, np.arange(llr.shape[-1] ** 2), colors="w", linewidths=0.8
    )
    axes.scatter(y.real, y.imag, s=1, color=COLOURS[0], alpha=0.4)
    axes.scatter(clusters.centres.real, clusters.centres.imag, s=14, color=COLOURS[1])
    axes.set_aspect("equal")
    axes.set_title("Received without noise, centres, decisions on bits")


def _snr(goal):
    qam = Constellation.qam(goal.num_bits_per_symbol)
    return from_db(snr_db_for(qam, goal.rate, order=20))
