"""Estimators of 64 x 16 channels of the 3GPP spatial model, beside Fesl et al.

    .venv/bin/python benchmarks/spatial_model.py --output runs/benchmarks/spatial

Trains what is not yet in the folder (the network for some 15 CPU minutes; a training
that was cut off goes on), draws test channels once, and prints NMSE with 95 %
intervals, the error that is promised, and CPU time a channel in batches of 256.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from commgen._random import complex_normal
from commgen._tables import write_csv
from commgen.channels import SPATIAL_64X16, draw_channels
from commgen.generative import GaussianMixture, load_model
from commgen.generative.recipes import learn

SNR_DB = (-10, -5, 0, 5, 10, 15, 20)
BATCH_SIZE = 256
MIXTURE_CHANNELS, NUM_COMPONENTS = 10_000, 32
# "Fesl, recorded": results/best_models_dm_paper/3gpp_path=3/test_results.json of
# github.com/benediktfesl/Diffusion_channel_est, 100,000 channels to train.
RECORDED_DB = (-1.37, -4.37, -8.00, -11.73, -15.75, -19.92, -24.20)
COLUMNS = ("estimator", "snr_db", "nmse_db", "low_db", "high_db", "promised_db")

Estimate = Callable[[np.ndarray, float], tuple[Any, Any]]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks/spatial"))
    parser.add_argument("--num-train", type=int, default=100_000)
    parser.add_argument("--num-epochs", type=int, default=6)
    parser.add_argument("--num-test", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    # Waiting threads spin, and would count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    models = fitted(arguments)
    test = draw_channels(
        SPATIAL_64X16,
        arguments.num_test,
        seed=arguments.seed + 2,
        return_covariance=True,
    )
    h = test.h[..., 0, 0]
    estimators: dict[str, Estimate] = {"LS": lambda y, no: (y, np.full(y.shape, no))}
    estimators |= {name: one_pass(model) for name, model in models.items()}
    rng = np.random.default_rng(arguments.seed + 3)
    rows, cpu = [], dict.fromkeys(estimators, 0.0)
    for snr_db in SNR_DB:
        no = 10 ** (-snr_db / 10)
        y = h + np.float32(np.sqrt(no)) * complex_normal(rng, h.shape)
        for name, estimate in estimators.items():
            started = time.process_time()
            h_hat, err_var = in_batches(estimate, y, no)
            cpu[name] += (time.process_time() - started) / len(h) / len(SNR_DB)
            rows.append(score(name, snr_db, h, h_hat, err_var))
        rows.append(score("genie", snr_db, h, *genie(y, test, no)))
    write_csv(arguments.output / "spatial_model.csv", rows, COLUMNS)
    Console(width=120).print(as_table(rows, cpu))


def fitted(arguments) -> dict[str, Any]:
    """Return the models by name, from the folder or fitted and left there."""
    folder, seed = arguments.output, arguments.seed
    models, train = {}, None
    for name, fit in (
        ("LMMSE", lambda h: GaussianMixture((64, 16), 1).fit(h, seed=seed)),
        ("circulant GMM", lambda h: circulant_mixture(h, seed)),
        ("network", lambda h: network(h, arguments)),
    ):
        path = folder / name.replace(" ", "-")
        if not path.exists():
            if train is None:
                drawn = draw_channels(SPATIAL_64X16, arguments.num_train, seed=seed)
                train = drawn.h[..., 0, 0]
            fit(train).save(path, card={"seed": seed, "num_train": len(train)})
        models[name] = load_model(path)
    return models


def circulant_mixture(h, seed):
    """Fit a mixture that is diagonal over both angles, to a part of the channels."""
    model = GaussianMixture((64, 16), NUM_COMPONENTS, "circulant")
    return model.fit(h[:MIXTURE_CHANNELS], seed=seed)


def network(h, arguments):
    """Train the network, with validation channels of another seed."""
    validation = draw_channels(SPATIAL_64X16, 1000, seed=arguments.seed + 1)
    return learn(
        h,
        "separable",
        seed=arguments.seed,
        validation=validation.h[..., 0, 0],
        num_epochs=arguments.num_epochs,
        symmetries=(),
        folder=arguments.output / "training",
        progress=True,
    )


def one_pass(model) -> Estimate:
    """Return ``denoise`` of a model as a compiled graph, traced already."""
    graph = tf.function(
        model.denoise,
        input_signature=[
            tf.TensorSpec((None, 64, 16), tf.complex64),
            tf.TensorSpec((), tf.float32),
        ],
        autograph=False,
    )
    graph(np.zeros((BATCH_SIZE, 64, 16), np.complex64), np.float32(1))
    return lambda y, no: graph(y, np.float32(no))


def in_batches(estimate, y, no):
    """Estimate 256 channels at a time; return h_hat and err_var."""
    parts = [
        tuple(np.asarray(part) for part in estimate(y[i : i + BATCH_SIZE], no))
        for i in range(0, len(y), BATCH_SIZE)
    ]
    return tuple(np.concatenate(part) for part in zip(*parts, strict=True))


def genie(y, test, no):
    """LMMSE estimate that is told the covariances of each channel."""
    (s, U), (m, V) = (
        np.linalg.eigh(toeplitz_matrices(column))
        for column in (test.covariance, test.covariance_tx)
    )
    power = s.clip(0)[:, :, None] * m.clip(0)[:, None, :]
    gain = power / (power + no)
    x = U.conj().transpose(0, 2, 1) @ y @ V.conj()
    err_var = np.abs(U) ** 2 @ (gain * no) @ (np.abs(V) ** 2).transpose(0, 2, 1)
    return U @ (gain * x) @ V.transpose(0, 2, 1), err_var


def toeplitz_matrices(column):
    """Return Hermitian Toeplitz matrices, [n, m, m], of first columns [n, m]."""
    lag = np.subtract.outer(*[np.arange(column.shape[1])] * 2)
    below = column[:, np.abs(lag)]
    return np.where(lag >= 0, below, below.conj())


def score(name, snr_db, h, h_hat, err_var):
    """Return one row: NMSE, a 95 % interval of it, and what err_var promised."""
    error = np.sum(np.abs(h_hat - h) ** 2, axis=(1, 2))
    power = np.sum(np.abs(h) ** 2, axis=(1, 2))
    ratio = error.sum() / power.sum()
    # Delta method for a ratio of sums.
    deviation = np.std(error - ratio * power, ddof=1) / power.mean() / np.sqrt(len(h))
    ends = [ratio + sign * 1.96 * deviation for sign in (-1, 1)]
    values = 10 * np.log10([ratio, *ends, np.sum(err_var) / power.sum()])
    return dict(zip(COLUMNS, (name, snr_db, *values.tolist()), strict=True))


def as_table(rows, cpu):
    """Lay out a line for each estimator: NMSE and half its interval at each SNR."""
    table = Table(
        title="64 x 16, spatial model, NMSE in dB (half of the 95 % interval)"
    )
    for column in ("estimator", *(f"{snr} dB" for snr in SNR_DB), "off", "ms"):
        table.add_column(column, justify="left" if column == "estimator" else "right")
    for name in dict.fromkeys(row["estimator"] for row in rows):
        own = [row for row in rows if row["estimator"] == name]
        values = [
            f"{r['nmse_db']:.2f} ({(r['high_db'] - r['low_db']) / 2:.2f})" for r in own
        ]
        off = max((r["promised_db"] - r["nmse_db"] for r in own), key=abs)
        ms = f"{1e3 * cpu[name]:.2f}" if name in cpu else ""
        table.add_row(name, *values, f"{off:+.2f}", ms)
    table.add_row("Fesl, recorded", *(f"{v:.2f}" for v in RECORDED_DB), "", "")
    return table


if __name__ == "__main__":
    main()
