"""Compare estimators of one angle of arrival with the exact grid posterior.

    .venv/bin/python benchmarks/angle_of_arrival.py --out runs/angle-of-arrival

Eight antennas, ten snapshots, -10 to 20 dB, noise known and unknown. The network is
trained first (some minutes) and kept in the folder, beside results.csv and results.png.
"""

import argparse
import csv
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._files import atomic_path
from commgen.studies.angles import aoa_study
from commgen.studies.angles_figure import save_aoa_figure

COLUMNS = ("SNR [dB]", "noise", "estimator", "RMSE [deg]", "ratio", "cover", "CPU ms")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("runs/angle-of-arrival"))
    parser.add_argument("--num-trials", type=int, default=4000)
    parser.add_argument("--num-chain-trials", type=int, default=100)
    parser.add_argument("--seed", type=int, default=500)
    args = parser.parse_args()
    rows = aoa_study(
        args.num_trials,
        np.arange(-10.0, 21.0, 5.0),
        args.seed,
        folder=args.out,
        num_chain_trials=args.num_chain_trials,
        progress=True,
    )
    write_csv(args.out / "results.csv", rows)
    save_aoa_figure(args.out / "results.png", rows)
    table = Table(title="one angle, 8 antennas, 10 snapshots; 95 % intervals")
    for column in COLUMNS:
        table.add_column(column)
    for row in rows:
        table.add_row(*cells(row))
    Console(width=120).print(table)


def write_csv(path, rows):
    with atomic_path(path) as temporary, open(temporary, "w", newline="") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(k for r in rows for k in r)))
        writer.writeheader()
        writer.writerows(rows)


def cells(row):
    def with_interval(name, key, form):
        if key not in row:
            return ""
        ends = (row.get(f"{name}_low"), row.get(f"{name}_high"))
        value = format(row[key], form)
        if ends[0] is None:
            return value
        return f"{value} ({ends[0]:{form}}-{ends[1]:{form}})"

    return (
        f"{row['snr_db']:g}",
        row["noise"],
        row["estimator"],
        with_interval("rmse", "rmse_deg", ".3g"),
        with_interval("ratio", "ratio", ".3f"),
        with_interval("coverage", "coverage", ".3f"),
        f"{row['cpu_ms']:.2g}" if "cpu_ms" in row else "",
    )


if __name__ == "__main__":
    main()
