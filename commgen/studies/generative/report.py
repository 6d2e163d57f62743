"""The tables and the picture of the benchmark of the generative families."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from commgen._files.whole import atomic_path
from commgen.studies.generative.benchmark import (
    ASKED,
    LMMSE,
    Findings,
    decibel_gain,
    is_baseline,
)
from commgen.studies.generative.few_shot import few_shot_gain_db
from commgen.studies.generative.sampling import SIONNA, SIONNA_XLA
from commgen.studies.tables import Asked, save_tables

_ONE_PASS_FACTOR, _DIFFUSION_FACTOR = 20, 2
_FAMILY_ACCURACY = 0.60
_EXCHANGE_DB, _LINK_DB, _FEW_SHOT_DB, _SUPER_DB = 0.15, 0.2, 1.0, 3.0
_TRAIN_SECONDS = 600
_FEW = 100
_MANY_PASSES = ("diffusion", "autoregressive")


def asked_rows(found: Findings) -> list[dict[str, Any]]:
    """Return what was asked of the families beside what was measured.

    Each row has ``what``, ``asked``, ``measured`` and ``met`` (true or false).
    """
    add = Asked()
    families = [row for row in found.families if not is_baseline(row["source"])]
    best = next(row for row in families if row["source"] == found.best)
    add(
        f"best family on validation ({found.best}): nearest-neighbour accuracy / KS "
        "effective rank / KS peak beam / KS power",
        "<= " + " / ".join(f"{limit:.2f}" for limit in ASKED.values()),
        " / ".join(f"{best[key]:.3f}" for key in ASKED),
        all(best[key] <= limit for key, limit in ASKED.items()),
    )
    worst = max(families, key=lambda row: row["nn_accuracy"])
    add(
        "every family: nearest-neighbour accuracy",
        f"<= {_FAMILY_ACCURACY:.2f}",
        f"{worst['nn_accuracy']:.3f} at most ({worst['source']})",
        worst["nn_accuracy"] <= _FAMILY_ACCURACY,
    )
    add(
        f"estimator trained on {found.best}'s channels, tested on real ones, against "
        "one trained on real",
        f"within {_EXCHANGE_DB} dB",
        f"{best['exchange_db']:+.3f} dB",
        abs(best["exchange_db"]) <= _EXCHANGE_DB,
    )
    for name, gap in ((name, gap) for name, gaps in found.link.items() for gap in gaps):
        add(
            f"link over {name}'s channels at BLER {gap['bler']:g}",
            f"within {_LINK_DB} dB",
            f"{gap['gap_db']:+.2f} dB ({gap['low_db']:+.2f} to {gap['high_db']:+.2f})",
            abs(gap["gap_db"]) <= _LINK_DB,
        )
    for name, results in found.few_shot.items():
        if any(row["num_channels"] == _FEW for row in results):
            gain = few_shot_gain_db(results, _FEW)
            add(
                f"new site ({name}) with {_FEW} channels, against the best trained on "
                "them alone",
                f">= {_FEW_SHOT_DB:g} dB",
                f"{gain:.2f} dB",
                gain >= _FEW_SHOT_DB,
            )
    for name, results in found.super_resolution.items():
        _add_super_resolution(add, name, results)
    _add_cost(add, found, families)
    return add.rows


def _add_super_resolution(add: Asked, name: str, results: list[dict[str, Any]]) -> None:
    learned = [r for r in results if r["method"].startswith("gmm")]
    method = min(learned, key=lambda row: row["nmse_db"])["method"]
    gain = decibel_gain(results, method, ("linear", "cubic spline"))
    against_lmmse = decibel_gain(results, method, (LMMSE,))
    add(
        f"1/4 of the subcarriers, {name}, 20 dB: {method} against interpolation / "
        "sample-covariance LMMSE",
        f">= {_SUPER_DB:g} dB / >= 0 dB",
        f"{gain:.2f} dB / {against_lmmse:.2f} dB",
        gain >= _SUPER_DB and against_lmmse >= 0,
    )


def _add_cost(add: Asked, found: Findings, families: list[dict[str, Any]]) -> None:
    plain, xla = (1e3 * found.sampling[name] for name in (SIONNA, SIONNA_XLA))
    for many, factor in ((False, _ONE_PASS_FACTOR), (True, _DIFFUSION_FACTOR)):
        own = [r for r in families if (r["source"] in _MANY_PASSES) == many]
        if not own:
            continue
        slowest = max(own, key=lambda row: row["sample_ms"])
        add(
            f"sampling, {'many passes' if many else 'one pass'}, CPU against Sionna's "
            "UMi as a graph (and by XLA)",
            f">= {factor}x",
            f"{plain / slowest['sample_ms']:.1f}x ({xla / slowest['sample_ms']:.1f}x)"
            f" at least ({slowest['source']})",
            plain / slowest["sample_ms"] >= factor,
        )
    longest = max(families, key=lambda row: row["train_seconds"])
    add(
        "training of each family",
        f"<= {_TRAIN_SECONDS // 60} min",
        f"{longest['train_seconds'] / 60:.1f} min at most ({longest['source']})",
        longest["train_seconds"] <= _TRAIN_SECONDS,
    )


def save_findings(folder: Path, found: Findings) -> None:
    """Write every table as CSV, and ``families.png``."""
    tables = {
        "families": found.families,
        "asked": asked_rows(found) if found.families else [],
        "link": [
            {"source": name, **_flat(gap)}
            for name, gaps in found.link.items()
            for gap in gaps
        ],
        **{f"few-shot-{_slug(name)}": rows for name, rows in found.few_shot.items()},
        **{f"measured-{name}": rows for name, rows in found.measured.items()},
        **{
            f"super-resolution-{_slug(name)}": rows
            for name, rows in found.super_resolution.items()
        },
    }
    save_tables(folder, tables)
    if found.families:
        save_family_figure(folder / "families.png", found.families)


def _slug(name: str) -> str:
    return name.lower().replace(",", "").replace(" ", "-")


def _flat(gap: dict[str, Any]) -> dict[str, Any]:
    flat = {k: v for k, v in gap.items() if not isinstance(v, dict)}
    for source in ("real", "generated"):
        flat |= {f"{source}_{k}": v for k, v in gap[source].items()}
    return flat


def save_family_figure(path: Path, rows: Sequence[dict[str, Any]]) -> None:
    """Draw how far each family is from the truth, and what it costs."""
    figure = Figure(figsize=(11, 0.34 * len(rows) + 1.6), layout="constrained")
    FigureCanvasAgg(figure)
    left, middle, right = figure.subplots(1, 3, sharey=True, width_ratios=(2, 2, 1))
    names = [row["source"] for row in rows]
    place = np.arange(len(rows))[::-1]
    value, low, high = (
        np.array([row[f"nn_accuracy{end}"] for row in rows])
        for end in ("", "_low", "_high")
    )
    bars = np.stack([value - low, high - value])
    left.errorbar(value, place, xerr=bars, fmt="o", color="#0072B2", capsize=3)
    left.axvline(0.5, color="grey", linewidth=0.8)
    left.set_xlabel("nearest-neighbour accuracy, 0.5 is best")
    left.set_yticks(place, names)
    marks = zip(("effective_rank", "peak_beam", "power"), "osD", strict=True)
    colours = ("#D55E00", "#009E73", "#CC79A7")
    for (statistic, mark), colour in zip(marks, colours, strict=True):
        values = [row.get(f"ks_{statistic}", np.nan) for row in rows]
        label = statistic.replace("_", " ")
        middle.plot(values, place, mark, color=colour, label=label)
    middle.set(xscale="log", xlabel="KS distance, 0 is best")
    middle.legend(frameon=False, fontsize=8)
    right.plot(
        [row.get("sample_ms", np.nan) for row in rows], place, "o", color="#0072B2"
    )
    right.set(xscale="log", xlabel="CPU ms for a channel")
    for axes in (left, middle, right):
        axes.grid(alpha=0.3)
    with atomic_path(path) as temporary:
        figure.savefig(temporary, dpi=130, format="png")
