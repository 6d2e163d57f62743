"""Whole slots of the TDL grid from 72 staggered pilots: error, promise, CPU time.

    .venv/bin/python benchmarks/tdl_grid.py

Training and test draws have seeds of their own. NMSE is the ratio of sums over all 14 x
72 elements; "promised" is what err_var says of it. The estimator of commgen is told the
ranges of delay spread and speed, and not which of the five profiles a slot has.
"""

import argparse
import time
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._random import complex_normal
from commgen._tables import write_csv
from commgen.channels import RECIPES, draw_channels
from commgen.channels.config import SPEED_OF_LIGHT_M_S
from commgen.frame.interpolation import linear_weights
from commgen.frame.slot_mixture import GridMixture, principal_bases
from commgen.generative import GaussianMixture
from commgen.phy.estimation.slot.grid import (
    GridEstimator,
    staggered_mask,
    tdl_grid_estimator,
)

SNR_DB = (-10, -5, 0, 5, 10, 15, 20)
SYMBOLS = (2, 11)
NUM_PRINCIPAL, NUM_COMPONENTS, CHUNK = 24, 64, 500
COLUMNS = (
    "estimator",
    "snr_db",
    "nmse_db",
    "promised_db",
    "cpu_ms_per_slot",
    "num_slots",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--num-train", type=int, default=20_000)
    parser.add_argument("--num-test", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--output", type=Path, default=Path("runs/benchmarks/tdl_grid.csv")
    )
    args = parser.parse_args()
    config = RECIPES["tdl-grid"]
    train, test = (
        draw_channels(config, n, seed=1000 * args.seed + i).h[:, 0, 0]
        for i, n in enumerate((args.num_train, args.num_test))
    )
    mask = staggered_mask(train.shape[1:], SYMBOLS)
    rng = np.random.default_rng(args.seed)
    noise = complex_normal(rng, (len(test), int(mask.sum())))
    rows = []
    for name, estimate in estimators(config, train, mask, args.seed):
        for snr_db in SNR_DB:
            no = 10 ** (-snr_db / 10)
            y = test[:, mask] + np.float32(no**0.5) * noise
            rows.append((name, snr_db, *score(estimate, y, no, test), len(test)))
    named: list[dict[str, Any]] = [dict(zip(COLUMNS, row, strict=True)) for row in rows]
    write_csv(args.output, named, COLUMNS)
    show(rows)


def estimators(config, train, mask, seed):
    """Yield name and ``(y, no) -> h_hat, err_var or None``, fitted when asked for."""
    yield "LS + linear", interpolation(mask)
    covariance = np.einsum("nd,ne->de", flat(train), flat(train).conj()) / len(train)
    shape = train.shape[1:]
    time_basis, frequency_basis = principal_bases(
        covariance.reshape(*shape, *shape), 1e-7
    )
    B = np.kron(time_basis, frequency_basis)
    one = [B.conj().T @ covariance @ B]
    gaussian = GridMixture.of(time_basis, frequency_basis, [1.0], one, floor=1e-7)
    yield "sample-covariance LMMSE", GridEstimator(gaussian, mask).estimate
    yield "GMM 64 on 24 components", principal_mixture(covariance, train, mask, seed)
    options = {
        "times_s": np.arange(shape[0]) * config.grid.time_step_s,
        "frequencies_hz": np.arange(shape[1]) * config.grid.subcarrier_spacing_hz,
        "mask": mask,
        "max_doppler_hz": config.speed_max_m_s * config.carrier_hz / SPEED_OF_LIGHT_M_S,
        "seed": seed,
    }
    yield "slot, weights as drawn", tdl_grid_estimator(**options).estimate
    yield "slot, weights learned", tdl_grid_estimator(train, **options).estimate


def interpolation(mask):
    """Lines over frequency in each pilot symbol, then over time; held outside."""
    over_f = [
        linear_weights(np.flatnonzero(mask[s]), np.arange(mask.shape[1]))
        for s in SYMBOLS
    ]
    over_t = linear_weights(SYMBOLS, np.arange(mask.shape[0]))

    def estimate(y, no):
        parts = np.split(y, len(SYMBOLS), axis=1)
        lines = np.stack([p @ w for p, w in zip(parts, over_f, strict=True)], axis=1)
        return np.einsum("nsf,st->ntf", lines, over_t), None

    return estimate


def principal_mixture(covariance, train, mask, seed):
    """Mixture of few principal components of the slot, what they leave out ignored."""
    vectors = np.linalg.eigh(covariance)[1][:, -NUM_PRINCIPAL:]
    coefficients = flat(train) @ vectors.conj()
    power = np.mean(np.abs(coefficients) ** 2)
    prior = GaussianMixture((NUM_PRINCIPAL,), NUM_COMPONENTS)
    prior.fit(coefficients / power**0.5, seed=seed)
    A = power**0.5 * vectors[mask.ravel()]

    def estimate(y, no):
        parts = [
            prior.posterior(y[i : i + CHUNK], A, no).mean
            for i in range(0, len(y), CHUNK)
        ]
        h_hat = power**0.5 * np.concatenate(parts) @ vectors.T
        return h_hat.reshape(-1, *mask.shape), None

    return estimate


def flat(h):
    return h.reshape(len(h), -1)


def score(estimate, y, no, h):
    """Return NMSE [dB], promised NMSE [dB] and CPU time a slot [ms]."""
    estimate(y[:CHUNK], no)  # tracing is not counted
    started = time.process_time()
    h_hat, err_var = estimate(y, no)
    cpu_ms = 1e3 * (time.process_time() - started) / len(h)
    power = np.sum(np.abs(h) ** 2, dtype=np.float64)
    error = np.sum(np.abs(h_hat - h) ** 2, dtype=np.float64)
    promised = np.nan
    if err_var is not None:
        promised = 10 * np.log10(np.sum(err_var, dtype=np.float64) / power)
    return 10 * np.log10(error / power), promised, cpu_ms


def show(rows):
    table = Table(title="NMSE, dB")
    table.add_column("estimator")
    for column in (*(str(s) for s in SNR_DB), "mean", "promise off by", "CPU ms"):
        table.add_column(column, justify="right")
    for name in dict.fromkeys(row[0] for row in rows):
        own = [row for row in rows if row[0] == name]
        nmse, promised, cpu = (np.array([row[i] for row in own]) for i in (2, 3, 4))
        off = np.max(np.abs(nmse - promised))
        cells = [f"{value:.2f}" for value in (*nmse, nmse.mean())]
        table.add_row(name, *cells, f"{off:.2f}", f"{cpu.mean():.2g}")
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
