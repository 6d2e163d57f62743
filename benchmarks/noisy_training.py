"""Measure what models learn that have never seen a channel without noise.

    .venv/bin/python benchmarks/noisy_training.py --snr-db 0 10

8,000 noisy UMi-64 observations of one SNR train each model; the table gives the NMSE
of its estimates of 2,000 new channels, mean over -10 to 20 dB, and the same of models
that were trained on the channels themselves.
"""

import argparse

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._random import complex_normal
from commgen.channels import RECIPES, draw_channels
from commgen.generative.recipes import learn
from commgen.studies.nmse import mean_nmse_db

_MODELS = {
    "LMMSE": {"family": "lmmse"},
    "GMM": {"family": "gmm", "num_components": 64},
    "Toeplitz GMM": {"family": "gmm", "num_components": 64, "covariance": "toeplitz"},
    "VAE": {"family": "vae"},
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snr-db", type=float, nargs="+", default=[0.0, 10.0])
    parser.add_argument("--num-train", type=int, default=8000)
    parser.add_argument("--num-epochs", type=int, default=None)
    parser.add_argument("--seed", type=int, default=900)
    args = parser.parse_args()
    sizes = (args.num_train, 1000, 2000)
    train, validation, test = (
        draw_channels(RECIPES["umi64"], n, seed=args.seed + k).h[:, :, 0, 0, 0]
        for k, n in enumerate(sizes)
    )
    rng = np.random.default_rng(args.seed)
    table = Table(title="NMSE in dB, mean over -10 to 20 dB, by SNR of the training")
    table.add_column("model")
    levels = [*args.snr_db, np.inf]
    for snr_db in levels:
        table.add_column(f"{snr_db:g} dB", justify="right")
    rows = {name: [name] for name in _MODELS}
    for snr_db in levels:
        no = float(10 ** (-snr_db / 10))
        noisy = [
            (h + np.sqrt(no) * complex_normal(rng, h.shape)).astype(np.complex64)
            for h in (train, validation)
        ]
        for name, options in _MODELS.items():
            model = learn(
                noisy[0],
                seed=args.seed,
                validation=noisy[1],
                no=no or None,
                num_epochs=args.num_epochs,
                symmetries=("phase", "reversal"),
                progress=True,
                **options,
            )
            value = mean_nmse_db({name: model}, test, seed=args.seed)[name]
            rows[name].append(f"{value:.2f}")
    for row in rows.values():
        table.add_row(*row)
    Console().print(table)


if __name__ == "__main__":
    main()
