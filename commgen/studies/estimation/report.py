"""The tables and the pictures of the benchmark of the estimators."""

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._files.whole import atomic_path
from commgen.studies.angles import REFERENCE
from commgen.studies.estimation.benchmark import Findings
from commgen.studies.estimation.judge import estimators_of, mean_nmse_db
from commgen.studies.estimation.names import MEASURED
from commgen.studies.tables import Asked, save_tables

# Best of what others publish on UMi-64, and Fesl et al. on the spatial model, at -10
# to 20 dB in steps of 5 dB: NMSE [dB] as run by the authors of commgen, or recorded.
PEERS_DB = (-0.57, -2.15, -4.67, -8.00, -12.33, -16.86, -21.51)
FESL_DB = (-1.37, -4.37, -8.00, -11.73, -15.75, -19.92, -24.20)
_PEER_SNR_DB = tuple(range(-10, 21, 5))
_MEAN_DB = {"umi64": -9.7, "umi64-large": -9.9, "tdl-grid": -18.1}
_FESL_MARGIN_DB, _FESL_CPU_MS, _CPU_MS = 0.5, 26.0 / 5, 0.5
_COVER = (0.88, 0.92)
_LINK_LOSS_DB, _ANGLE_RATIO = 0.4, 1.02
# Receivers of the PUSCH that are held against perfect CSI.
_LEARNED = ("slot", "lmmse x3")


def asked_rows(found: Findings) -> list[dict[str, Any]]:
    """Return what was asked of the estimators beside what was measured.

    Each row has ``what``, ``asked``, ``measured`` and ``met`` (true or false).
    """
    add = Asked()
    for name, limit in _MEAN_DB.items():
        if name in found.tables:
            best = found.best.get(name, "slot")
            value = mean_nmse_db(found.tables[name], best)
            add(
                f"{name}, {best}: mean NMSE over -10 to 20 dB",
                f"<= {limit:g} dB",
                f"{value:.2f} dB",
                value <= limit,
            )
    if "umi64" in found.tables:
        _add_peers(add, found)
    if "spatial" in found.tables:
        _add_spatial(add, found)
    for name, table in found.tables.items():
        _add_coverage(add, name, table, found.best.get(name, "slot"))
    for name in MEASURED:
        if name in found.tables:
            _add_measured(add, name, found)
    _add_shifts(add, found.shifts)
    for row in found.gains:
        if row["measure"] == "throughput" and row["estimator"] in _LEARNED:
            # A gain over the baseline, which is perfect CSI, is a loss.
            loss = -row["gain_db"]
            add(
                f"PUSCH A3-11, 2 Rx, {row['estimator']}: loss to perfect CSI at "
                f"{100 * row['target']:g} % throughput",
                f"<= {_LINK_LOSS_DB:g} dB",
                f"{loss:.2f} dB ({-row['gain_high_db']:.2f} to "
                f"{-row['gain_low_db']:.2f})",
                loss <= _LINK_LOSS_DB,
            )
    _add_angle(add, found.angle)
    return add.rows


def _at(table, estimator: str, column: str, snr_db=_PEER_SNR_DB) -> np.ndarray:
    """Return a column of one estimator at the SNRs of the peers."""
    found = {r["snr_db"]: r[column] for r in table if r["estimator"] == estimator}
    return np.array([found[float(snr)] for snr in snr_db])


def _add_peers(add: Asked, found: Findings) -> None:
    best, table = found.best["umi64"], found.tables["umi64"]
    ahead = np.array(PEERS_DB) - _at(table, best, "nmse_db")
    add(
        f"umi64, {best}: ahead of the best peer at each SNR",
        ">= 0 dB",
        f"{ahead.min():.2f} to {ahead.max():.2f} dB",
        bool(ahead.min() >= 0),
    )
    cpu = next(row["cpu_ms"] for row in table if row["estimator"] == best)
    add(
        f"umi64, {best}: CPU a channel, one core, batch 256",
        f"<= {_CPU_MS:g} ms",
        f"{cpu:.2f} ms",
        cpu <= _CPU_MS,
    )


def _add_spatial(add: Asked, found: Findings) -> None:
    best, table = found.best["spatial"], found.tables["spatial"]
    ahead = np.array(FESL_DB) - _at(table, best, "nmse_db")
    low = ahead[np.array(_PEER_SNR_DB) <= 0]
    add(
        f"spatial 64 x 16, {best}: ahead of Fesl et al., at 0 dB and below / at all",
        f">= {_FESL_MARGIN_DB:g} dB / > 0 dB",
        f"{low.min():.2f} dB / {ahead.min():.2f} dB",
        bool(low.min() >= _FESL_MARGIN_DB and ahead.min() > 0),
    )
    cpu = next(row["cpu_ms"] for row in table if row["estimator"] == best)
    add(
        f"spatial 64 x 16, {best}: CPU a channel, one core",
        f"<= {_FESL_CPU_MS:g} ms",
        f"{cpu:.2f} ms",
        cpu <= _FESL_CPU_MS,
    )


def _add_coverage(add: Asked, name: str, table, chosen: str) -> None:
    covered: dict[str, list[float]] = {}
    for row in table:
        if "coverage_90" in row:
            covered.setdefault(row["estimator"], []).append(row["coverage_90"])
    for what, kept in (
        (chosen, {chosen: covered[chosen]}),
        (f"each of {len(covered)} estimators", covered),
    ):
        values = np.concatenate(list(kept.values()))
        inside = sum(_inside(v) for v in kept.values())
        add(
            f"{name}, {what}: 90 % regions at every SNR",
            f"cover {100 * _COVER[0]:g} to {100 * _COVER[1]:g} %",
            f"{100 * values.min():.1f} to {100 * values.max():.1f} %"
            + (f", {inside} within" if len(kept) > 1 else ""),
            inside == len(kept),
        )


def _inside(values) -> bool:
    return bool(min(values) >= _COVER[0] and max(values) <= _COVER[1])


def _add_measured(add: Asked, name: str, found: Findings) -> None:
    table = found.tables[name]
    means = {n: mean_nmse_db(table, n) for n in estimators_of(table)}
    order = sorted(means, key=means.__getitem__)
    chosen = found.best[name]
    add(
        f"{name}: estimator chosen on validation ({chosen}) is the best on test",
        "yes",
        ", ".join(f"{n} {means[n]:.2f}" for n in order) + " dB",
        order[0] == chosen,
    )


def _add_shifts(add: Asked, rows) -> None:
    if not rows:
        return
    worst = max(rows, key=lambda row: row["guarded_low"])
    add(
        "shifts: guarded estimator against LS, every set and SNR",
        "never worse",
        f"{worst['guarded']:+.2f} dB at most ({worst['set']}, {worst['snr_db']:g} dB)",
        worst["guarded_low"] <= 0,
    )
    off = [r for r in rows if not _COVER[0] <= r["covered"] <= _COVER[1]]
    unflagged = [r for r in off if max(r["novel"], r["flagged"]) < 0.5]
    named = ", ".join(f"{r['set']} {r['snr_db']:g} dB" for r in unflagged[:4])
    add(
        "shifts: 90 % regions cover 88 to 92 %, or are flagged",
        "everywhere",
        f"{len(rows) - len(off)} of {len(rows)} cover, "
        f"{len(off) - len(unflagged)} more are flagged"
        f"{', not ' + named if named else ''}",
        not unflagged,
    )


def _add_angle(add: Asked, rows) -> None:
    known = [r for r in rows if r.get("ratio") is not None and r["noise"] == "known"]
    for name in dict.fromkeys(r["estimator"] for r in known):
        own = [r for r in known if r["estimator"] == name]
        if name == REFERENCE or any(r.get("coverage") is None for r in own):
            continue
        ratio = max(r["ratio"] for r in own)
        cover = [r["coverage"] for r in own]
        add(
            f"angle of arrival, {name}: RMSE over that of the exact posterior mean, "
            "and what 90 % intervals cover",
            f"<= {_ANGLE_RATIO:g}, 88 to 92 %",
            f"{ratio:.3f}, {100 * min(cover):.1f} to {100 * max(cover):.1f} %",
            ratio <= _ANGLE_RATIO and _inside(cover),
        )


def save_findings(folder: Path, found: Findings) -> None:
    """Write every table as CSV, and ``estimation.png``."""
    tables = {
        "estimation": [row for table in found.tables.values() for row in table],
        "limit": found.limit,
        "angle": found.angle,
        "link": found.link,
        "gains": found.gains,
        "shifts": found.shifts,
        "asked": asked_rows(found),
    }
    save_tables(folder, tables)
    if found.tables:
        save_figure(folder / "estimation.png", found)


def save_figure(path: Path, found: Findings) -> None:
    """Draw, set by set, the error over that of the best, and what regions cover."""
    names = list(found.tables)
    figure = Figure(figsize=(3.4 * len(names) + 1, 6.4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots(2, len(names), squeeze=False, sharex=True)
    for name, above, below in zip(names, *axes, strict=True):
        table = found.tables[name]
        for k, estimator in enumerate(estimators_of(table)):
            rows = [r for r in table if r["estimator"] == estimator]
            style = {"color": f"C{k % 10}", "marker": "osD^vxP*"[k % 8]}
            if estimator == "genie":
                style = {"color": "black", "linestyle": "--"}
            snr_db = [r["snr_db"] for r in rows]
            # Relative to least squares: curves that fall by 10 dB a decade are alike.
            gain = [r["nmse_db"] + r["snr_db"] for r in rows]
            above.plot(snr_db, gain, label=estimator, markersize=4, **style)
            if "coverage_90" in rows[0]:
                cover = [100 * r["coverage_90"] for r in rows]
                below.plot(snr_db, cover, markersize=4, **style)
        if name == "umi64" and found.limit:
            above.plot(
                [r["snr_db"] for r in found.limit],
                [r["nmse_db"] + r["snr_db"] for r in found.limit],
                "k:",
                label="Bayes limit",
            )
        below.axhspan(100 * _COVER[0], 100 * _COVER[1], color="grey", alpha=0.2)
        above.set_title(name)
        above.legend(fontsize=7, frameon=False)
        below.set_xlabel("SNR [dB]")
        for axis in (above, below):
            axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("NMSE over noise [dB]")
    axes[1, 0].set_ylabel("covered by 90 % regions [%]")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
