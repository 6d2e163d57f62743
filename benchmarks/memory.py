"""Resident memory of a campaign over an hour, and its growth after the warm-up."""

import argparse
import csv
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console

from commgen.montecarlo import MonteCarlo
from commgen.montecarlo.run_folder import save_state
from commgen.phy import LinkExperiment, load_config

HERE = Path(__file__).parent
_PAGE = 4096


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "simulation.yaml")
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--warm-up-minutes", type=float, default=5)
    parser.add_argument("--output", type=Path, default="runs/benchmarks/memory.csv")
    args = parser.parse_args()
    config = load_config(args.config)
    endless = {"max_num_blocks": 10**9, "target_block_errors": 10**9}
    sweep = config.sweep.model_copy(update=endless)
    monte_carlo = MonteCarlo(LinkExperiment(config).build(), sweep)
    start, samples = time.monotonic(), []
    args.output.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, open(args.output, "w") as file:
        writer = csv.writer(file)
        writer.writerow(["minutes", "batches", "rss_mib"])
        while (minutes := (time.monotonic() - start) / 60) < args.minutes:
            monte_carlo.run_batch()
            save_state(Path(name) / "state.npz", monte_carlo.tally)
            if not samples or minutes - samples[-1][0] >= 0.25:
                samples.append((minutes, monte_carlo.tally.num_batches, _rss_mib()))
                writer.writerow(samples[-1])
                file.flush()
    minutes, batches, rss = np.array(samples).T
    warm = minutes >= args.warm_up_minutes
    slope = np.polyfit(minutes[warm], rss[warm], 1)[0] * 60
    Console().print(
        f"{batches[-1]:.0f} batches in {minutes[-1]:.0f} minutes: "
        f"{rss[warm][0]:.0f} MiB after the warm-up, {rss[-1]:.0f} MiB at the end, "
        f"at most {rss.max():.0f}; {slope:+.1f} MiB an hour"
    )


def _rss_mib():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * _PAGE / 2**20


if __name__ == "__main__":
    main()
