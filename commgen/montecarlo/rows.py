"""The results of a tally as rows of a table."""

from typing import Any

from commgen.measures.decibel import to_db
from commgen.measures.intervals import RatioSums
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.tally import Tally


def result_rows(tally: Tally, layout: Layout) -> list[dict[str, Any]]:
    """Return one row for each curve and point that was run.

    Returns
    -------
    list of dict
        The columns of ``layout.columns``: each rate with its 95 % interval, each level
        in dB with its interval and with what was promised for it, blocks, trials, CPU
        time.
    """
    return [
        _row(tally, layout, i, j)
        for i in range(len(layout.curves))
        for j in range(len(layout.points))
        if tally.blocks[i, j]
    ]


def _row(tally: Tally, layout: Layout, i: int, j: int) -> dict[str, Any]:
    row: dict[str, Any] = {
        layout.curve: layout.curves[i],
        layout.axis.column(): float(layout.points[j]),
    }
    for rate in layout.rates:
        names = rate.name, f"{rate.name}_low", f"{rate.name}_high"
        row |= zip(names, tally.rate(layout, rate, i, j), strict=True)
    for level in layout.levels:
        sums = RatioSums(*tally.sums[level.name][i, j])
        low, high = sums.interval()
        row[f"{level.name}_db"] = to_db(sums.ratio())
        row[f"{level.name}_low_db"] = to_db(low)
        row[f"{level.name}_high_db"] = to_db(high)
        if level.promised:
            promise = tally.sums[level.promised_sum][i, j]
            row[f"{level.promised}_db"] = to_db(promise / sums.y)
    return row | {
        "num_blocks": int(tally.blocks[i, j]),
        "num_trials": int(tally.trials[i, j]),
        "cpu_seconds": float(tally.cpu_seconds[i, j]),
    }
