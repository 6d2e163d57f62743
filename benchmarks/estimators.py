"""CPU time of the estimators: y = h + n on the 64 antennas of UMi, one core.

Process CPU time per channel in batches of 256, and its ratio to the LMMSE estimator of
the sample covariance. Ratios travel between machines better than milliseconds do.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from commgen._files.tables import write_csv
from commgen.channels import RECIPES, draw_channels
from commgen.generative import load_model
from commgen.measures import nmse

BATCH_SIZE = 256
NUM_CHANNELS = 2000
SNR_DB = 10.0
REFERENCE = "lmmse"
COLUMNS = (
    "estimator",
    "cpu_ms_per_channel",
    "ratio_to_lmmse",
    "ratio_low",
    "ratio_high",
    "nmse_db",
    "num_parameters",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", type=Path, default=Path("runs/demo/models"))
    parser.add_argument(
        "--output", type=Path, default=Path("runs/benchmarks/estimators.csv")
    )
    parser.add_argument("--rounds", type=int, default=9, help="at least 3")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.rounds < 3:
        parser.error(f"--rounds must be at least 3, got {arguments.rounds}")
    # Waiting threads spin, and would count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    estimators, parameters = load_estimators(arguments.models)
    h, y = observations(arguments.seed)
    times = measure(estimators, y, arguments.rounds)
    rows = summarise(estimators, times, parameters, h, y)
    write_csv(arguments.output, rows, COLUMNS)
    Console().print(as_table(rows))
    Console().print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def load_estimators(folder: Path) -> tuple[dict[str, Callable], dict[str, int]]:
    """Return compiled ``y -> h_hat, err_var`` by name, and sizes of the models."""
    models = {name: load_model(folder / name) for name in ("lmmse", "gmm", "diffusion")}
    no = tf.constant(10 ** (-SNR_DB / 10), tf.float32)
    spec = [tf.TensorSpec((None, 64), tf.complex64)]

    def least_squares(y):
        return tf.identity(y), tf.fill(tf.shape(y), no)

    def one_pass(model):
        return lambda y: model.denoise(y, no)

    functions = {"ls": least_squares}
    functions |= {name: one_pass(model) for name, model in models.items()}
    compiled = {
        name: tf.function(function, input_signature=spec)
        for name, function in functions.items()
    }
    sizes = {name: model.count_params() for name, model in models.items()}
    return compiled, {"ls": 0, **sizes}


def observations(seed: int) -> tuple[np.ndarray, list[tf.Tensor]]:
    """Return the channels, [n, 64], and what is received of them, in whole batches."""
    h = draw_channels(RECIPES["umi64"], NUM_CHANNELS, seed=seed).h[:, :, 0, 0, 0]
    h = h[: len(h) // BATCH_SIZE * BATCH_SIZE]
    rng = np.random.default_rng([seed, 1])
    noise = rng.normal(size=(*h.shape, 2)) @ [1, 1j] / 2**0.5
    y = (h + 10 ** (-SNR_DB / 20) * noise).astype(np.complex64)
    return h, [tf.constant(part) for part in np.split(y, len(y) // BATCH_SIZE)]


def measure(estimators, y, rounds) -> dict[str, np.ndarray]:
    """Return CPU milliseconds per channel of each round, [rounds].

    Every round runs all estimators, so that what else the machine does falls on all.
    """
    for estimate in estimators.values():
        estimate(y[0])  # trace
    times = {name: np.empty(rounds) for name in estimators}
    for i in range(rounds):
        for name, estimate in estimators.items():
            started = time.process_time()
            for part in y:
                estimate(part)[0].numpy()
            spent = time.process_time() - started
            times[name][i] = 1e3 * spent / (len(y) * BATCH_SIZE)
    return times


def summarise(estimators, times, parameters, h, y) -> list[dict]:
    """Medians over the rounds, and the range of the ratio within a round."""
    rows = []
    for name, estimate in estimators.items():
        ratio = times[name] / times[REFERENCE]
        h_hat = np.concatenate([estimate(part)[0].numpy() for part in y])
        rows.append(
            {
                "estimator": name,
                "cpu_ms_per_channel": float(np.median(times[name])),
                "ratio_to_lmmse": float(np.median(ratio)),
                "ratio_low": float(ratio.min()),
                "ratio_high": float(ratio.max()),
                "nmse_db": float(10 * np.log10(nmse(h, h_hat))),
                "num_parameters": parameters[name],
            }
        )
    return rows


def as_table(rows: list[dict]) -> Table:
    table = Table(title=f"One CPU core, batches of {BATCH_SIZE}, {SNR_DB:g} dB")
    table.add_column("estimator")
    heads = ("CPU ms / channel", "ratio to LMMSE", "range", "NMSE dB", "parameters")
    for head in heads:
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(
            row["estimator"],
            f"{row['cpu_ms_per_channel']:.4f}",
            f"{row['ratio_to_lmmse']:.2f}",
            f"{row['ratio_low']:.2f}-{row['ratio_high']:.2f}",
            f"{row['nmse_db']:.2f}",
            f"{row['num_parameters']:,}",
        )
    return table


if __name__ == "__main__":
    main()
