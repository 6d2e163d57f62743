"""Measure how well priors fill in what a mask hides, and what error they promise.

    .venv/bin/python benchmarks/masked_posterior.py --models runs/demo/models

Half of the 64 antennas of new UMi-64 channels are observed at one SNR. The table
gives, over all 64, the measured NMSE, the mean of err_var, and CPU time a channel.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen.channels import RECIPES, draw_channels
from commgen.generative import load_model


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("runs/demo/models"))
    parser.add_argument("--num-channels", type=int, default=200)
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=900)
    args = parser.parse_args()
    draw = draw_channels(RECIPES["umi64"], args.num_channels, seed=args.seed)
    h = draw.h[:, :, 0, 0, 0]
    rng = np.random.default_rng(args.seed)
    A = np.eye(64)[np.sort(rng.permutation(64)[:32])]
    no = 10 ** (-args.snr_db / 10)
    noise = rng.normal(size=(len(h), 32, 2)).view(complex)[..., 0]
    y = h @ A.T + np.sqrt(no / 2) * noise
    table = Table(title=f"32 of 64 antennas at {args.snr_db:g} dB, dB")
    for column in ("model", "NMSE", "promised", "CPU ms/channel"):
        table.add_column(column, justify="left" if column == "model" else "right")
    power = np.sum(np.abs(h) ** 2)
    for name in ("lmmse", "gmm", "diffusion"):
        model = load_model(args.models / name)
        started = time.process_time()
        posterior = model.posterior(y, A, no)
        cpu = (time.process_time() - started) / len(h)
        error = np.sum(np.abs(posterior.mean - h) ** 2) / power
        promised = posterior.err_var.sum() / power
        values = (10 * np.log10(error), 10 * np.log10(promised))
        table.add_row(name, *(f"{v:.2f}" for v in values), f"{1e3 * cpu:.2g}")
    Console().print(table)


if __name__ == "__main__":
    main()
