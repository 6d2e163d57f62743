"""Blocks of a sweep that stops where it knows enough, against a fixed number."""

import argparse
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen.montecarlo import MonteCarlo
from commgen.phy import LinkExperiment, load_config

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "simulation.yaml")
    parser.add_argument("--target-errors", type=int, default=1000)
    parser.add_argument("--max-blocks", type=int, default=2_000_000)
    parser.add_argument("--output", type=Path, default="runs/benchmarks/allocation.csv")
    args = parser.parse_args()
    config = load_config(args.config)
    sweep = config.sweep.model_copy(
        update={
            "target_block_errors": args.target_errors,
            "max_num_blocks": args.max_blocks,
        }
    )
    experiment = LinkExperiment(config)
    adaptive = _run(MonteCarlo(experiment.build(), sweep))
    # A fixed number must serve the rarest error of the sweep.
    fixed = int(adaptive.blocks.max())
    rows = []
    for row in experiment.rows(adaptive):
        width = row["bler_high"] - row["bler_low"]
        rows.append(
            {
                "estimator": row["estimator"],
                "snr_db": row["snr_db"],
                "bler": row["bler"],
                "relative_width": width / row["bler"] if row["bler"] else float("nan"),
                "blocks_adaptive": row["num_blocks"],
                "blocks_fixed": fixed,
            }
        )
    write_csv(args.output, rows, tuple(rows[0]))
    _show(rows, adaptive, fixed)


def _run(monte_carlo):
    with progress_bar("adaptive", None, unit="blocks") as advance:
        done = 0

        def after_batch(tally):
            nonlocal done
            advance(int(tally.blocks.sum()) - done)
            done = int(tally.blocks.sum())

        return monte_carlo.run(after_batch=after_batch)


def _show(rows, adaptive, fixed):
    table = Table("estimator", "SNR dB", "BLER", "width / BLER", "blocks")
    for row in rows:
        table.add_row(
            row["estimator"],
            f"{row['snr_db']:g}",
            f"{row['bler']:.2e}",
            f"{row['relative_width']:.3f}",
            f"{row['blocks_adaptive']:,d}",
        )
    console = Console()
    console.print(table)
    total, points = int(adaptive.blocks.sum()), adaptive.blocks.size
    widest = np.nanmax([row["relative_width"] for row in rows])
    console.print(
        f"{total:,d} blocks; a fixed number for every point, {fixed:,d}, would take "
        f"{fixed * points:,d}: {fixed * points / total:.1f} times as many. The widest "
        f"interval is {widest:.3f} of its rate in both."
    )


if __name__ == "__main__":
    main()
