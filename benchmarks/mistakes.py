"""CPU time until a mistake is told: a file, a key, an option, of the verbs.

With --finished RUN also that of the verbs which only read a finished run.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

import yaml
from rich.console import Console
from rich.table import Table

from commgen.phy import EXAMPLE_YAML

COMMANDS = (
    "train none.h5 -o m",
    "train none.h5 -o m --family vea",
    "generate --model none -o g.npz",
    "evaluate none --truth none.h5 -o r",
    "estimate -i none.npz -o e.npz --model m",
    "simulate key.yaml -o r",
    "simulate model.yaml -o r",
    "simulate none.yaml -o r",
    "resume none",
    "compare none",
    "plot none",
    "validate --only uncodde -o v",
    "augment -o a --sizes 100,ten",
    "demo -o . ",
    "benchmark generative --families cnn -o b",
    "benchmark estimation --sets umi -o b",
    "datasets make umi65 -n 9 --seed 1 -o c.h5",
    "datasets show none.h5",
)


READERS = ("resume {}", "compare {}", "plot {} -o run.png")


def cpu_seconds(command, place, code=2):
    """Return the CPU time of a command, user and system, that must end with a code."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [sys.executable, "-m", "commgen.cli", *command.split()],
        cwd=place,
        capture_output=True,
        timeout=120,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode != code:
        sys.exit(f"{command}: exit {done.returncode}, not {code}")
    return sum(getattr(after, k) - getattr(before, k) for k in ("ru_utime", "ru_stime"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--finished", type=Path, help="a finished run")
    finished = parser.parse_args().finished
    readers = () if finished is None else READERS
    commands = dict.fromkeys(COMMANDS, 2)
    commands |= {
        command.format(finished and finished.resolve()): 0 for command in readers
    }
    values = yaml.safe_load(EXAMPLE_YAML)
    table = Table("command", "least of 3 [s]", "greatest [s]")
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        model = {**values, "estimators": [{"kind": "gmm", "model": "nowhere"}]}
        (place / "model.yaml").write_text(yaml.safe_dump(model))
        values["link"]["fft_siez"] = 64
        (place / "key.yaml").write_text(yaml.safe_dump(values))
        worst = 0.0
        for command, code in commands.items():
            seconds = [cpu_seconds(command, place, code) for _ in range(3)]
            worst = max(worst, min(seconds))
            table.add_row(command, f"{min(seconds):.2f}", f"{max(seconds):.2f}")
    console = Console()
    console.print(table)
    console.print(f"the dearest: {worst:.2f} s")


if __name__ == "__main__":
    main()
