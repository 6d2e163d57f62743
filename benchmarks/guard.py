"""Keep every number that the commands give, and hold another commit against them.

    python benchmarks/guard.py runs/guard                           # before a change
    python benchmarks/guard.py runs/guard-new --against runs/guard  # after it

All goes through the command line, so that the script runs at both commits.
"""

import argparse
import csv
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console

HERE = Path(__file__).parent
EXAMPLES = HERE.parent / "examples"
FAMILIES = (
    *("lmmse", "gmm", "vae", "gm-vae", "wgan", "vae-gan", "coupling"),
    *("diffusion", "rectified-flow", "autoregressive", "stationary", "separable"),
)
NO_PRIOR = ("wgan", "coupling", "autoregressive")
# What depends on the machine and the hour: columns, and rows of tables of goals.
COST = re.compile(r"seconds|cpu|wall|_ms$|ratio_to")
COST_ROW = re.compile("CPU|training of each")


def run(*arguments):
    """Run a verb of the command line, and return what it printed."""
    command = [sys.executable, "-m", "commgen.cli", *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3600)
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def demo(folder):
    run("demo", "--quick", "-o", folder)


def example(folder):
    folder.mkdir(exist_ok=True)
    (folder / "example.yaml").write_text(run("simulate", "--example"))
    run("simulate", folder / "example.yaml", "-o", folder / "run")


def pusch(folder):
    run("simulate", EXAMPLES / "pusch.yaml", "-o", folder)


def validate(folder):
    run("validate", "--quick", "-o", folder)


def generative(folder):
    run("benchmark", "generative", "--quick", "--no-measured", "-o", folder)


def estimation(folder):
    run("benchmark", "estimation", "--quick", "-o", folder)


def models(folder):
    """Train one small model of each family; keep what it draws and estimates."""
    folder.mkdir(exist_ok=True)
    for recipe, n in (("umi64", 600), ("spatial-64x16", 200)):
        data = folder / f"{recipe}.h5"
        if not data.exists():
            run("datasets", "make", recipe, "-n", n, "--seed", 1, "-o", data)
            _observe(data, folder / f"{recipe}.npz")
    for family in FAMILIES:
        if not (folder / family).exists():
            data = folder / f"{_recipe(family)}.h5"
            size = ("--num-components", 4, "--num-epochs", 2, "--seed", 1)
            run("train", data, "--family", family, *size, "-o", folder / family)
        use(folder / family, folder / f"{_recipe(family)}.npz", folder)


def use(model, pilots, folder):
    """Write what a saved model draws, and what it estimates, into ``folder``."""
    drawn = folder / f"{model.name}-drawn.npz"
    run("generate", "--model", model, "-n", 16, "--seed", 1, "-o", drawn)
    if model.name not in NO_PRIOR:
        found = folder / f"{model.name}-estimated.npz"
        run("estimate", "--model", model, "-i", pilots, "-o", found)


def killed(folder):
    """Simulate to the end, and until it is killed."""
    values = yaml.safe_load((HERE / "simulation.yaml").read_text())
    values["sweep"].update(target_block_errors=10**9, max_num_blocks=20_000)
    folder.mkdir(exist_ok=True)
    config = folder / "long.yaml"
    config.write_text(yaml.safe_dump(values))
    run("simulate", config, "-o", folder / "whole")
    if (folder / "half" / "state.npz").exists():
        return
    command = [sys.executable, "-m", "commgen.cli", "simulate", str(config)]
    process = subprocess.Popen(
        [*command, "-o", str(folder / "half")], stdout=subprocess.DEVNULL
    )
    end = time.monotonic() + 300
    while not (folder / "half" / "state.npz").exists() and time.monotonic() < end:
        time.sleep(0.05)
    time.sleep(1)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=60)
    if (folder / "half" / "results.csv").exists():
        sys.exit("the run was done before it was killed")


PARTS = (demo, example, pusch, validate, models, killed, generative, estimation)


def _recipe(family):
    return "spatial-64x16" if family == "separable" else "umi64"


def _observe(data, path):
    from commgen.datasets import read_channels

    h = np.squeeze(read_channels(str(data))[0][:32], axis=(-2, -1))
    rng = np.random.default_rng(0)
    y = np.squeeze(h + rng.normal(size=(*h.shape, 2)) @ [1, 1j] / 2**0.5)
    np.savez(path, y=y.astype(np.complex64), snr_db=0.0)


def numbers(path):
    """Return {place: text} of a CSV or {name: array} of an .npz file, without costs."""
    if path.suffix == ".npz":
        with np.load(path, allow_pickle=False) as file:
            return {name: file[name].tobytes() for name in file.files}
    with open(path, newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        (n, column): value
        for n, row in enumerate(rows)
        if not COST_ROW.search(row.get("what", ""))
        for column, value in row.items()
        if not COST.search(column)
    }


def kept(folder):
    """Tables of a folder, and what models drew and estimated."""
    found = [*folder.rglob("*.csv"), *folder.rglob("*-drawn.npz")]
    found += folder.rglob("*-estimated.npz")
    return sorted(path.relative_to(folder) for path in found)


def differences(new, old):
    """Compare two folders; return the number of values and what differs."""
    count, wrong = 0, []
    if kept(new) != kept(old):
        wrong += sorted(map(str, set(kept(new)) ^ set(kept(old))))
    for path in sorted(set(kept(new)) & set(kept(old))):
        a, b = numbers(new / path), numbers(old / path)
        count += len(b)
        wrong += [f"{path} {p}" for p in a.keys() | b.keys() if a.get(p) != b.get(p)]
    return count, wrong


def old_folders(new, old):
    """Load the old models, resume the old runs: the same values must come."""
    place = new / "old"
    shutil.rmtree(place, ignore_errors=True)
    (place / "models").mkdir(parents=True)
    for family in FAMILIES:
        pilots = old / "models" / f"{_recipe(family)}.npz"
        use(old / "models" / family, pilots, place / "models")
    shutil.copytree(old / "killed", place / "killed")
    run("resume", place / "killed" / "half")
    run("resume", place / "killed" / "whole")
    run("resume", shutil.copytree(old / "pusch", place / "pusch"))
    whole, half = place / "killed" / "whole", place / "killed" / "half"
    found = [differences(place / "pusch", old / "pusch")]
    found += [differences(half, whole), differences(whole, old / "killed" / "whole")]
    drawn = [p for p in kept(old / "models") if p.suffix == ".npz"]
    wrong = [
        str(p)
        for p in drawn
        if numbers(place / "models" / p) != numbers(old / "models" / p)
    ]
    return len(drawn) + sum(n for n, _ in found), wrong + [
        w for _, f in found for w in f
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--against", type=Path, help="a folder of another commit")
    parser.add_argument("--parts", default="", help="of all, with commas between")
    args = parser.parse_args()
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.pop("COMMGEN_DATA", None)  # a guard that runs on any machine
    chosen = args.parts.split(",") if args.parts else [p.__name__ for p in PARTS]
    console, all_wrong = Console(), []
    args.folder.mkdir(parents=True, exist_ok=True)
    for part in (p for p in PARTS if p.__name__ in chosen):
        started = time.monotonic()
        part(args.folder / part.__name__)
        line = f"{part.__name__}: {time.monotonic() - started:.0f} s"
        if args.against:
            name = part.__name__
            count, wrong = differences(args.folder / name, args.against / name)
            line += f", {count:,} values, {len(wrong):,} differ"
            all_wrong += [f"{name}/{w}" for w in wrong]
        console.print(line, highlight=False)
    if args.against and {"models", "killed"} <= set(chosen):
        count, wrong = old_folders(args.folder, args.against)
        console.print(f"old folders: {count:,} values, {len(wrong):,} differ")
        all_wrong += [f"old/{w}" for w in wrong]
    for text in all_wrong[:40]:
        console.print(text, markup=False)
    sys.exit(bool(all_wrong))


if __name__ == "__main__":
    main()
