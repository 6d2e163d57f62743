"""Wall time of one worker against two, and whether their results are the same."""

import argparse
import tempfile
import time
from pathlib import Path

from rich.console import Console

from commgen.montecarlo import Workers
from commgen.phy import load_config, run_simulation

HERE = Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "simulation.yaml")
    parser.add_argument("--max-blocks", type=int, default=40_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    args = parser.parse_args()
    config = load_config(args.config)
    sweep = {"max_num_blocks": args.max_blocks, "target_block_errors": 10**9}
    config = config.model_copy(update={"sweep": config.sweep.model_copy(update=sweep)})
    console, walls, tables = Console(), {}, {}
    with tempfile.TemporaryDirectory() as name:
        for num_workers in args.workers:
            with Workers(num_workers) as workers:
                # Starting and tracing are paid once, however long the campaign is.
                warm = config.model_copy(update={"sweep": _warm(config, num_workers)})
                run_simulation(
                    warm, Path(name) / f"warm-{num_workers}", workers=workers
                )
                start = time.monotonic()
                result = run_simulation(
                    config, Path(name) / f"{num_workers}", workers=workers
                )
                walls[num_workers] = time.monotonic() - start
            tables[num_workers] = [
                {k: v for k, v in row.items() if k != "cpu_seconds"}
                for row in result.rows
            ]
    first = args.workers[0]
    for num_workers in args.workers:
        same = tables[num_workers] == tables[first]
        console.print(
            f"{num_workers} workers: {walls[num_workers]:.1f} s, "
            f"{walls[first] / walls[num_workers]:.2f} times as fast, results "
            f"{'bit-identical' if same else 'DIFFERENT'}"
        )


def _warm(config, num_workers):
    blocks = 4 * num_workers * config.sweep.batch_size
    return config.sweep.model_copy(update={"max_num_blocks": blocks})


if __name__ == "__main__":
    main()
