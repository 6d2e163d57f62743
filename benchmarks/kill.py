"""Kill a campaign at random moments, resume it, and compare it with one left alone."""

import argparse
import csv
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import yaml
from rich.console import Console

HERE = Path(__file__).parent
CODE = """
import contextlib, sys
from commgen.montecarlo.campaign import load_campaign, run_campaign
from commgen.phy import LinkExperiment, parse_config

class Quick:  # compiling would take longer than it saves
    path_keys, reserved = LinkExperiment.path_keys, LinkExperiment.reserved

    @staticmethod
    def parse(data):
        return LinkExperiment(parse_config(data), jit_compile=False)

from commgen.montecarlo import Workers

with contextlib.ExitStack() as stack:
    num = int(sys.argv[3])
    pool = stack.enter_context(Workers(num)) if num else None
    campaign = load_campaign(sys.argv[1], Quick)
    run_campaign(campaign, sys.argv[2], progress=False, workers=pool)
"""
TABLES = ("results.csv", "estimation.csv", "readings.csv")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", type=Path, default=HERE / "simulation.yaml")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--blocks", type=int, default=6000, help="of each SNR")
    parser.add_argument("--longest", type=float, default=12.0, help="seconds to live")
    parser.add_argument("--seed", type=int, default=1)
    help = "of which one is killed a moment before"
    parser.add_argument("--workers", type=int, default=0, help=help)
    args = parser.parse_args()
    values = yaml.safe_load(args.config.read_text())
    values["grid"] = {"link.num_bits_per_symbol": [2, 4, 6], "seed": [1, 2]}
    values["sweep"].update(target_block_errors=10**9, max_num_blocks=args.blocks)
    rng, console = random.Random(args.seed), Console()
    with tempfile.TemporaryDirectory() as name:
        home = Path(name)
        (home / "campaign.yaml").write_text(yaml.safe_dump(values))
        killed = moments = orphans = 0
        while killed < args.kills:
            process = _start(home, "killed", args.workers)
            # Up to the time that a process needs to begin, and beyond.
            time.sleep(rng.uniform(0, args.longest))
            if process.poll() is not None:
                break
            children = _children(process.pid)
            if children:
                os.kill(rng.choice(children), signal.SIGKILL)
                time.sleep(rng.uniform(0, args.longest / 4))
                children = _children(process.pid)
            process.send_signal(signal.SIGKILL)
            process.wait(timeout=60)
            time.sleep(2 if children else 0)
            orphans += sum(map(_is_running, children))
            killed += 1
            moments += bool(list((home / "killed").glob("points/*/state.npz")))
            done = len(list((home / "killed").glob("points/*/results.csv")))
            console.print(f"kill {killed}: {done} of 6 points done")
        assert_ended(_start(home, "killed", args.workers))
        assert_ended(_start(home, "alone"))
        same = all(
            _table(home / "killed" / file) == _table(home / "alone" / file)
            for file in TABLES
        )
    console.print(
        f"{killed} kills, {moments} of them after the first batch; {orphans} workers "
        f"left behind; results {'bit-identical' if same else 'DIFFERENT'}"
    )
    sys.exit(not same or orphans > 0)


def assert_ended(process):
    if process.wait(timeout=7200):
        sys.exit("the campaign failed")


def _start(home, folder, num_workers=0):
    command = [sys.executable, "-c", CODE, home / "campaign.yaml", home / folder]
    return subprocess.Popen([*command, str(num_workers)])


def _is_running(pid):
    """Whether there is such a process; one that ended may wait to be collected."""
    path = Path(f"/proc/{pid}/stat")
    return path.exists() and path.read_text().rpartition(")")[2].split()[0] != "Z"


def _children(pid):
    path = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(child) for child in path.read_text().split()] if path.exists() else []


def _table(path):
    with open(path, newline="", encoding="utf-8") as file:
        return [
            {k: v for k, v in row.items() if k != "cpu_seconds"}
            for row in csv.DictReader(file)
        ]


if __name__ == "__main__":
    main()
