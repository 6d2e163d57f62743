"""Estimators where they were not trained: error, guard, detector, coverage.

    .venv/bin/python benchmarks/shifts.py --models runs/benchmark-generative

Channels of the shifts of `commgen.studies.estimation` (and, with --measured FOLDER,
of recordings cut to 64 entries) are observed as y = h + n. The prior and the LMMSE
filter were trained on UMi-64; recalibration and detector have seen its validation
channels only. Errors are NMSE over that of least squares [dB], with the upper end of
the paired 95 % interval of the guarded one; then the share that the guard flagged, the
share that the detector flagged, and what the guarded 90 % regions of entries cover.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._tables import write_csv
from commgen.datasets.events import load_events
from commgen.generative import GaussianMixture, load_model
from commgen.studies.estimation.elsewhere import shift_rows
from commgen.studies.estimation.shifts import as_array_events, shift_sets

COLUMNS = ("set", "snr_db", "lmmse", "prior", "guarded", "guarded_high", "flagged",
           "novel", "covered")  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--models", type=Path, default=Path("runs/benchmark-generative")
    )
    parser.add_argument("--prior", default="gmm", help="name of its folder")
    parser.add_argument("--block", type=int, default=1, help="channels of one place")
    parser.add_argument("--num-channels", type=int, default=320)
    parser.add_argument("--snr-db", type=float, nargs="+", default=range(-10, 31, 10))
    parser.add_argument("--measured", type=Path, help="folder of NAME-test.h5 files")
    parser.add_argument("--seed", type=int, default=7700)
    parser.add_argument("--output", type=Path, help="CSV file")
    args = parser.parse_args()
    started = time.process_time()
    sets = shift_sets(args.num_channels, args.seed)
    if args.measured:
        for path in sorted(args.measured.glob("*-test.h5")):
            if path.stem.split("-")[0] in ("polyu", "uwb"):
                sets[path.stem.split("-")[0]] = measured(path, args)
    rows = table_rows(sets, args)
    show(rows, args, time.process_time() - started)
    if args.output:
        write_csv(args.output, rows, COLUMNS)


def measured(path, args):
    h = as_array_events(load_events(path).h)
    order = np.random.default_rng(args.seed).permutation(len(h))
    return h[order[: args.num_channels]]


def table_rows(sets, args):
    data = args.models / "data"
    learned = load_events(data / "umi64-train.h5").h
    prior = load_model(args.models / args.prior)
    density = prior
    if not isinstance(prior, GaussianMixture):
        density = load_model(args.models / "gmm")
    return shift_rows(
        sets,
        prior,
        density=density,
        lmmse=GaussianMixture(prior.event_shape, 1).fit(learned, seed=0),
        validation=load_events(data / "umi64-validation.h5").h,
        seed=args.seed,
        block=args.block,
        snr_db=args.snr_db,
        progress=True,
    )


def show(rows, args, cpu):
    title = f"{args.prior}, blocks of {args.block}: NMSE over LS, dB ({cpu:.0f} CPU s)"
    table = Table(title=title)
    for column in COLUMNS:
        table.add_column(column, justify="left" if column == "set" else "right")
    for row in rows:
        errors = (f"{row[c]:.2f}" for c in COLUMNS[2:6])
        shares = (f"{100 * row[c]:.1f} %" for c in COLUMNS[6:])
        table.add_row(row["set"], f"{row['snr_db']:g}", *errors, *shares)
    Console(width=110).print(table)


if __name__ == "__main__":
    main()
