"""CPU of the learned precoder beside WMMSE of several lengths, in one process.

Needs the folder of ``commgen benchmark beams``; run with one thread
(OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1).
"""

import argparse
import time
from pathlib import Path

import numpy as np

from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.phy.beams import LearnedPrecoder, sum_rate
from commgen.studies.beams.precoding import NUM_ANT, NUM_USERS, precoders


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default="runs/benchmark-beams")
    parser.add_argument("--channels", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--output", type=Path, default="runs/benchmarks/precoding.csv")
    args = parser.parse_args()
    members = precoders(LearnedPrecoder.load(args.study / "precoding/known"), 100)
    rng = np.random.default_rng(7)
    h = complex_normal(rng, (args.channels, NUM_USERS, 1, NUM_ANT))
    rates = {name: _rates(precode, h) for name, precode in members.items()}
    taken = {name: [] for name in members}
    for _ in range(args.rounds):  # in turns, so that all meet the same machine
        for name, precode in members.items():
            start = time.process_time()
            precode(h, 0.1)
            taken[name].append(time.process_time() - start)
    cpu_us = {name: np.median(t) / args.channels * 1e6 for name, t in taken.items()}
    full = "WMMSE, 100 steps"
    rows = [
        {
            "precoder": name,
            "cpu_us": cpu_us[name],
            "times_less": cpu_us[full] / cpu_us[name],
            **{
                f"share_{snr_db}_db": rates[name][snr_db] / rates[full][snr_db]
                for snr_db in (10, 20)
            },
        }
        for name in members
    ]
    write_csv(args.output, rows, tuple(rows[0]))
    for row in rows:
        shares = f"{row['share_10_db']:.4f} {row['share_20_db']:.4f}"
        print(
            f"{row['precoder']:24} {row['cpu_us']:7.1f} us {row['times_less']:6.1f} "
            f"times less, share {shares}"
        )


def _rates(precode, h):
    return {
        snr_db: float(np.mean(sum_rate(h, precode(h, no), no)))
        for snr_db, no in ((10, 0.1), (20, 0.01))
    }


if __name__ == "__main__":
    main()
