"""CPU of precoding after some antennas were seen: one pass beside steps over draws.

Needs the folder of ``commgen benchmark beams``; run with one thread
(OMP_NUM_THREADS=1 TF_NUM_INTRAOP_THREADS=1 TF_NUM_INTEROP_THREADS=1).
"""

import argparse
import time
from pathlib import Path

import numpy as np

from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.generative.load import load_prior
from commgen.phy.beams import Belief, LearnedPrecoder, infer_belief
from commgen.studies.beams.believed import NUM_ANT, NUM_USERS
from commgen.studies.beams.partial import ONE_PASS, precoders

_SEEN, _NO, _DRAWS = 16, 0.1, (16, 32, 64, 128)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--study", type=Path, default="runs/benchmark-beams")
    parser.add_argument("--drops", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument(
        "--output", type=Path, default="runs/benchmarks/precoding_partial.csv"
    )
    args = parser.parse_args()
    folder = args.study / "partial"
    prior = load_prior(folder / "mixture")
    start = time.process_time()
    belief = _belief(prior, args.drops)
    inferred = (time.process_time() - start) / args.drops
    members = precoders(LearnedPrecoder.load(folder / "one-pass"), _DRAWS, 100)
    taken = {name: [] for name in members}
    for _ in range(args.rounds + 1):  # in turns, so that all meet the same machine
        for name, (precode, num_draws) in members.items():
            told = Belief(belief.mean, belief.err_cov, belief.samples[:num_draws])
            start = time.process_time()
            precode(told, _NO)
            taken[name].append(time.process_time() - start)
    # The first round traces.
    cpu = {name: np.median(t[1:]) / args.drops for name, t in taken.items()}
    rows = [
        {
            "precoder": name,
            "cpu_ms": 1e3 * value,
            "times_one_pass": value / cpu[ONE_PASS],
        }
        for name, value in cpu.items()
    ]
    write_csv(args.output, rows, tuple(rows[0]))
    print(f"inference of {NUM_USERS} users: {1e3 * inferred:.0f} ms a drop")
    for row in rows:
        print(
            f"{row['precoder']:28} {row['cpu_ms']:8.2f} ms a drop, "
            f"{row['times_one_pass']:7.1f} times one pass"
        )


def _belief(prior, num_drops):
    """Infer channels that the prior itself has drawn."""
    rng = np.random.default_rng(7)
    h = prior.sample(num_drops * NUM_USERS, seed=7)
    h = h.reshape(num_drops, NUM_USERS, NUM_ANT)
    antennas = np.argsort(rng.random(h.shape), axis=-1)[..., :_SEEN]
    y = np.take_along_axis(h, antennas, axis=-1)
    y = y + np.sqrt(_NO) * complex_normal(rng, y.shape)
    draws = {"num_samples": max(_DRAWS), "seed": 7}
    return infer_belief(prior, y, antennas, _NO, **draws)


if __name__ == "__main__":
    main()
