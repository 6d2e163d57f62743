"""Compare posterior means, samples and modes on the 64 antennas of UMi.

    .venv/bin/python benchmarks/posterior_samplers.py

The models are those of ``commgen benchmark generative``, and the channels its
validation set. The table gives, for y = h + n at each SNR and for 32 of the 64 antennas
at one, the NMSE, the mean of the promised error variance, and CPU time a channel.
Before, the sample-covariance LMMSE of few channels, by structure and shrinkage.
"""

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._random import complex_normal
from commgen._tables import write_csv
from commgen.datasets.events import load_events
from commgen.generative import Posterior, load_model
from commgen.generative.denoising.flat import FlatDenoiser
from commgen.generative.denoising.solver import noise_levels
from commgen.generative.mixture.sample_covariance import lmmse_prior
from commgen.inference.posterior.guided import guided_samples
from commgen.inference.posterior.langevin import langevin_posterior
from commgen.inference.posterior.map_estimate import map_estimate

COLUMNS = ("case", "snr_db", "method", "nmse_db", "promised_db", "cpu_ms", "n")
Method = Callable[[np.ndarray, Any, float], Posterior]
_SAMPLES = 16


def main():
    parser = argparse.ArgumentParser(description=str(__doc__).splitlines()[0])
    root = Path("runs/benchmark-generative")
    parser.add_argument("--models", type=Path, default=root)
    parser.add_argument(
        "--output", type=Path, default=Path("runs/benchmarks/posterior_samplers.csv")
    )
    parser.add_argument("--num-channels", type=int, default=1000)
    parser.add_argument(
        "--num-slow", type=int, default=50, help="channels of the slow methods"
    )
    parser.add_argument("--snr-db", type=float, nargs="+", default=[-10, 0, 10, 20, 30])
    parser.add_argument("--masked-snr-db", type=float, default=10.0)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    train = load_events(args.models / "data" / "umi64-train.h5").h
    h = load_events(args.models / "data" / "umi64-validation.h5").h
    h = h.reshape(len(h), -1)[: args.num_channels]
    rows = list(few_channels(train.reshape(len(train), -1), h, args))
    fast, slow = methods(args.models, train.reshape(len(train), -1))
    cases: list[Any] = [("y = h + n", None, snr_db) for snr_db in args.snr_db]
    mask = np.sort(np.random.default_rng(args.seed).permutation(64)[:32])
    cases.append(("32 of 64", np.eye(64)[mask], args.masked_snr_db))
    for case, A, snr_db in cases:
        for name, method in {**fast, **slow}.items():
            if (A is not None) and not hasattr(method, "any_observation"):
                continue
            channels = h[: args.num_slow] if name in slow else h
            rows.append(row(case, name, method, channels, A, snr_db, args.seed))
            print(*rows[-1].values(), sep=", ", file=sys.stderr, flush=True)
    write_csv(args.output, rows, COLUMNS)
    Console().print(as_table(rows))


def few_channels(train, h, args) -> Iterator[dict]:
    """Score the LMMSE of 100, 1,000 and all training channels, at three SNRs."""
    for n in (100, 1000, len(train)):
        for structure in ("full", "toeplitz", "circulant"):
            for shrinkage in (None, "ledoit-wolf", "oas"):
                if shrinkage == "oas" and structure != "full":
                    continue
                prior = lmmse_prior(train[:n], structure, shrinkage)
                name = f"LMMSE of {n}, {structure}, {shrinkage or 'unshrunk'}"
                for snr_db in (-10, 0, 10):
                    method = direct(prior)
                    yield row("y = h + n", name, method, h, None, snr_db, args.seed)


def methods(folder, train) -> tuple[dict[str, Method], dict[str, Method]]:
    """Return the methods by name, those that take all channels and the slow ones."""
    names = ("gmm", "gmm-circulant", "vae", "diffusion", "rectified-flow", "coupling")
    models = {name: load_model(folder / name) for name in names}
    network = models["diffusion"]
    fast: dict[str, Method] = {
        "LS": least_squares,
        "sample-covariance LMMSE": anywhere(direct(lmmse_prior(train))),
        **{f"{name}, mean": anywhere(direct(models[name])) for name in names[:2]},
        **{f"{name}, one pass": direct(models[name]) for name in names[2:5]},
    }
    for name in names[3:5]:
        for num_steps in (1, 2, 4):
            told = f"{name}, {_SAMPLES} samples of {num_steps}"
            fast[told] = sampled(models[name], num_steps)
    slow: dict[str, Method] = {
        "diffusion, posterior": anywhere(direct(network)),
        "diffusion, guided": anywhere(partial(guided, FlatDenoiser(network))),
        "annealed Langevin": anywhere(partial(langevin_posterior, network)),
        "gmm, mode": anywhere(partial(mode, models["gmm"])),
        "coupling, mode": anywhere(partial(mode, models["coupling"])),
    }
    return fast, slow


def anywhere(method) -> Any:
    """Mark a method that takes any A."""

    def call(y, A, no):
        return method(y, A, no)

    call.any_observation = True  # type: ignore[attr-defined]
    return call


def least_squares(y, A, no):
    return Posterior(y, np.full(y.shape, no))


def direct(model) -> Method:
    return lambda y, A, no: model.posterior(y, A, no)


def sampled(model, num_steps) -> Method:
    """Return the mean and variance of a few samples, as if there were nothing else."""

    def call(y, A, no):
        h = model.posterior(y, A, no, num_samples=_SAMPLES, num_steps=num_steps).samples
        variance = h.var(axis=0, ddof=1) * (1 + 1 / _SAMPLES)
        return Posterior(h.mean(axis=0), variance)

    return call


def mode(model, y, A, no):
    return Posterior(map_estimate(model, y, A, no).h_map, np.full(1, np.nan))


def guided(flat, y, A, no):
    """Sample as Song et al. (ICLR 2023) do, in 48 steps of 16 samples."""
    A = np.eye(y.shape[1]) if A is None else A
    rng, n = np.random.default_rng(0), _SAMPLES * len(y)
    levels = noise_levels(0.01, 10**1.5, 48)
    h = guided_samples(
        flat.pull,
        np.tile(y, (_SAMPLES, 1)) / np.sqrt(no),
        A / np.sqrt(no),
        partial(complex_normal, rng, (n, A.shape[1])),
        levels,
    ).reshape(_SAMPLES, len(y), -1)
    return Posterior(h.mean(axis=0), h.var(axis=0, ddof=1) * (1 + 1 / _SAMPLES))


def row(case, name, method, h, A, snr_db, seed) -> dict:
    """Score one method, traced on the first channels before it is timed."""
    no = 10 ** (-snr_db / 10)
    seen = h if A is None else h @ A.T
    noise = complex_normal(np.random.default_rng([seed, 1]), seen.shape)
    y = (seen + np.sqrt(no) * noise).astype(np.complex64)
    method(y[:2], A, no)
    started = time.process_time()
    posterior = method(y, A, no)
    cpu = (time.process_time() - started) / len(h)
    power = np.mean(np.abs(h) ** 2)
    error = np.mean(np.abs(posterior.mean - h) ** 2) / power
    promised = np.mean(posterior.err_var) / power
    decibels = (float(10 * np.log10(x)) for x in (error, promised))
    values = (*decibels, 1e3 * cpu, len(h))
    return dict(zip(COLUMNS, (case, snr_db, name, *values), strict=True))


def as_table(rows) -> Table:
    table = Table(title="UMi-64, validation channels")
    for column in COLUMNS:
        left = column in ("case", "method")
        table.add_column(column, justify="left" if left else "right")
    for one in rows:
        table.add_row(
            *(f"{v:.2f}" if isinstance(v, float) else str(v) for v in one.values())
        )
    return table


if __name__ == "__main__":
    main()
