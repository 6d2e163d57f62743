"""Kill each verb that writes at random moments, run it again, and compare."""

import argparse
import csv
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import yaml
from rich.console import Console

LINK = {
    "seed": 1,
    "channel": {"source": "3gpp", "scenario": "rayleigh", "num_rx_ant": 2},
    "link": {
        **{"fft_size": 12, "subcarrier_spacing_hz": 30e3, "num_rx_ant": 2},
        **{"coderate": 0.5, "time_interpolation": "average"},
    },
    "estimators": [{"kind": "ls"}],
    "sweep": {
        **{"snr_start_db": -6, "snr_stop_db": 2, "snr_step_db": 4, "batch_size": 32},
        **{"max_num_blocks": 640, "target_block_errors": 10**6},
    },
}
# The output is the last word of each.
VERBS = {
    "make": "datasets make rayleigh -n 20000 --seed 1 -o c.h5",
    "import": "datasets import h.npz --sample-rate-hz 1 -o i.h5",
    "train-gmm": "train train.h5 --family gmm --num-components 2 -o gmm",
    "train-vae": "train train.h5 --family vae --num-epochs 6 -o vae",
    "retrain": "train train.h5 --family lmmse --force -o model",
    "generate-h5": "generate --model model -n 50000 -o g.h5",
    "generate-npz": "generate --model model -n 50000 -o g.npz",
    "estimate": "estimate --model model -i y.npz -o e.npz",
    "evaluate": "evaluate train.h5 --truth truth.h5 -n 60 --no-downstream -o report",
    "simulate": "simulate link.yaml -o run",
    "plot": "plot done -o a.png",
    "compare": "compare done -o compared",
    "validate": "validate --quick --only uncoded -o validation",
    "augment": "augment --quick --sizes 40 --repeats 1 -o augmented",
    "tdl-grid": "benchmark tdl-grid --quick -o grid",
    "demo": "demo --quick -o demo",
}
DEFAULT = ",".join(name for name in VERBS if name not in ("tdl-grid", "demo"))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--verbs", default=DEFAULT)
    parser.add_argument("--kills", type=int, default=6, help="of each signal and verb")
    parser.add_argument("--signals", default="KILL,TERM")
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    rng, console, failed = random.Random(args.seed), Console(), 0
    with tempfile.TemporaryDirectory() as name:
        inputs = Path(name) / "inputs"
        make_inputs(inputs)
        for verb in args.verbs.split(","):
            command = VERBS[verb].split()
            alone, seconds = undisturbed(inputs, command)
            for word in args.signals.split(","):
                number = signal.Signals[f"SIG{word}"]
                found = [
                    killed(inputs, command, number, rng.uniform(0.1, 1) * seconds)
                    for _ in range(args.kills)
                ]
                same = sum(content == alone for _, content in found)
                hit = sum(code not in (None, 0) for code, _ in found)
                codes = sorted({str(code) for code, _ in found})
                failed += len(found) - same
                console.print(
                    f"{verb}: {len(found)} SIG{word}, {hit} in time, exit codes "
                    f"{' '.join(codes)}, {same} with the content of an undisturbed run",
                    highlight=False,
                    soft_wrap=True,
                )
    sys.exit(failed > 0)


def make_inputs(folder):
    """Write small inputs of all kinds, a model and a finished run."""
    from commgen.datasets import ChannelMeta, write_channels

    folder.mkdir()
    meta = ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3)
    for name, seed in (("train", 1), ("truth", 2)):
        write_channels(folder / f"{name}.h5", draw(300, seed), meta)
    np.savez(folder / "h.npz", h=draw(200_000, 3)[:, 0, 0, 0])
    np.savez(folder / "y.npz", y=draw(20_000, 4)[:, 0, 0, 0], no=0.1)
    (folder / "link.yaml").write_text(yaml.safe_dump(LINK))
    for command in (
        "train train.h5 --family lmmse --seed 7 -o model",
        "simulate link.yaml -o done",
    ):
        finish(folder, command.split())


def draw(n, seed):
    """Two taps over eight subcarriers, [n, 1, 1, 1, 8]."""
    rng = np.random.default_rng(seed)
    taps = rng.normal(size=(n, 2, 2)) @ [1, 1j] * np.sqrt([0.4, 0.1])
    steering = np.exp(-2j * np.pi * np.outer([0, 1], np.arange(8)) / 8)
    return (taps @ steering).reshape(n, 1, 1, 1, 8).astype(np.complex64)


def undisturbed(inputs, command):
    """Return the content of a folder after a command, and the seconds it took."""
    with tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(inputs, Path(name) / "w")
        started = time.monotonic()
        finish(folder, command)
        return contents(folder), time.monotonic() - started


def killed(inputs, command, number, seconds):
    """Return the exit code of a killed command, and what its next run leaves."""
    with tempfile.TemporaryDirectory() as name:
        folder = shutil.copytree(inputs, Path(name) / "w")
        process = start(folder, command)
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(number)
            code = process.wait(timeout=300)
        finish(folder, command)
        return code, contents(folder)


def start(folder, command):
    quiet = subprocess.DEVNULL
    command = [sys.executable, "-m", "commgen.cli", *command]
    return subprocess.Popen(command, cwd=folder, stdout=quiet, stderr=quiet)


def finish(folder, command):
    code = start(folder, command).wait(timeout=1800)
    if code not in (0, 1):  # a validation may fail
        sys.exit(f"{' '.join(command)} ended with {code}")


def contents(folder):
    """Return {name: content} of all files, without times, costs and logs."""
    return {
        str(path.relative_to(folder)): content(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and "logs" not in path.relative_to(folder).parts
    }


def content(path):
    if path.suffix == ".json":
        return without_costs(json.loads(path.read_text()))
    if path.suffix == ".csv":
        with open(path, newline="", encoding="utf-8") as file:
            return [without_costs(row) for row in csv.DictReader(file)]
    if path.name == "state.npz":
        with np.load(path) as arrays:
            return without_costs({name: arrays[name].tolist() for name in arrays})
    return path.read_bytes()


def without_costs(values):
    if not isinstance(values, dict):
        return values
    # A run notes the digest of a model's card, which tells what the model cost.
    costs = ("seconds", "time_ms", "card.json")
    kept = {k: v for k, v in values.items() if not any(c in k for c in costs)}
    return {k: without_costs(v) for k, v in kept.items()}


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
