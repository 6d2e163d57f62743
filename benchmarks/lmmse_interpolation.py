"""CPU time of LMMSE interpolation over a slot, against Sionna's LMMSEInterpolator.

TDL-C (300 ns, 100 Hz) on 128 subcarriers and 14 OFDM symbols, pilots in 2 and 11, four
receive antennas, one SNR. Sionna's estimator runs as a graph: it does not compile with
XLA on a CPU. The same numbers means: as Sionna's in double precision.
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
from sionna.phy import SPEED_OF_LIGHT
from sionna.phy.ofdm import (
    LMMSEInterpolator,
    LSChannelEstimator,
    PilotPattern,
    ResourceGrid,
    tdl_freq_cov_mat,
    tdl_time_cov_mat,
)

from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.channels import TdlConfig, build_channel
from commgen.measures import nmse
from commgen.phy import LSEstimator, time_orthogonal_pilots
from commgen.phy.estimation import GridCovariance, LMMSEInterpolationEstimator

NUM_SYMBOLS, NUM_SUBCARRIERS, SPACING_HZ, PILOTS = 14, 128, 15e3, [2, 11]
CARRIER_HZ, DELAY_SPREAD_S, DOPPLER_HZ, NUM_RX_ANT = 3.5e9, 300e-9, 100.0, 4
ORDERS = ("f-t", "t-f")
COLUMNS = (
    "estimator",
    "cpu_ms_per_slot",
    "ratio_to_sionna",
    "ratio_low",
    "ratio_high",
    "h_hat_difference",
    "err_var_difference",
    "nmse_db",
    "promised_db",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snr-db", type=float, default=10.0)
    parser.add_argument("--batch-size", type=int, default=16, help="slots at once")
    parser.add_argument("--rounds", type=int, default=5, help="at least 3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--output", type=Path, default=Path("runs/benchmarks/lmmse_interpolation.csv")
    )
    arguments = parser.parse_args()
    if arguments.rounds < 3:
        parser.error(f"--rounds must be at least 3, got {arguments.rounds}")
    # Waiting threads spin, and would count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    no = 10 ** (-arguments.snr_db / 10)
    h, y = observe(arguments.batch_size, no, arguments.seed)
    contestants = build()
    times = measure(contestants, y, no, arguments.rounds)
    rows = summarise(contestants, times, h, y, no)
    write_csv(arguments.output, rows, COLUMNS)
    Console().print(as_table(rows, arguments.snr_db))
    Console().print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def grid(precision: str = "single") -> ResourceGrid:
    """Return the grid, its pilots in one of Sionna's precisions."""
    pilots: Any = time_orthogonal_pilots(NUM_SYMBOLS, NUM_SUBCARRIERS, PILOTS)
    if precision == "double":
        values = np.asarray(pilots.mask), np.asarray(pilots.pilots)
        pilots = PilotPattern(*values, precision="double")
    return ResourceGrid(
        NUM_SYMBOLS,
        NUM_SUBCARRIERS,
        SPACING_HZ,
        cyclic_prefix_length=9,
        pilot_pattern=pilots,
        precision=precision,
    )


def observe(batch_size: int, no: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return channels, [batch, 1, rx, 1, 1, T, F], and received grids with pilots."""
    config = TdlConfig(
        model=("C",),
        delay_spread_s=DELAY_SPREAD_S,
        carrier_hz=CARRIER_HZ,
        max_doppler_hz=DOPPLER_HZ,
        num_rx_ant=NUM_RX_ANT,
    )
    rg: Any = grid()
    h = build_channel(config, seed=seed).frequency_response(
        batch_size, NUM_SYMBOLS, 1 / rg.ofdm_symbol_duration, NUM_SUBCARRIERS, 15e3
    )
    h = h.numpy()
    sent = np.zeros((NUM_SYMBOLS, NUM_SUBCARRIERS), np.complex64)
    sent[PILOTS] = np.asarray(rg.pilot_pattern.pilots).reshape(len(PILOTS), -1)
    y = h[:, :, :, 0, 0] * sent
    noise = complex_normal(np.random.default_rng([seed, 1]), y.shape)
    return h, (y + np.sqrt(no) * noise).astype(np.complex64)


def covariance() -> GridCovariance:
    return GridCovariance.tdl(grid(), "C", DELAY_SPREAD_S, max_doppler_hz=DOPPLER_HZ)


def sionnas(order: str, precision: str) -> Callable:
    """Return Sionna's estimator of an order."""
    rg: Any = grid(precision)
    R_f = tdl_freq_cov_mat(
        "C", SPACING_HZ, NUM_SUBCARRIERS, DELAY_SPREAD_S, precision=precision
    )
    R_t = tdl_time_cov_mat(
        "C",
        DOPPLER_HZ * SPEED_OF_LIGHT / CARRIER_HZ,
        CARRIER_HZ,
        rg.ofdm_symbol_duration,
        NUM_SYMBOLS,
        precision=precision,
    )
    interpolator = LMMSEInterpolator(rg.pilot_pattern, R_t, R_f, order=order)
    return LSChannelEstimator(rg, interpolator=interpolator, precision=precision)


def build() -> dict[str, Callable]:
    """Return compiled ``(y, no) -> h_hat, err_var`` by name."""
    rg = grid()
    blocks: dict[str, Any] = {f"Sionna {o}": sionnas(o, "single") for o in ORDERS}
    for order in (*ORDERS, "2d"):
        blocks[f"commgen {order}"] = LMMSEInterpolationEstimator(
            rg, covariance(), order=order
        )
    blocks["commgen LS"] = LSEstimator(rg)
    return {name: tf.function(block, autograph=False) for name, block in blocks.items()}


def measure(contestants, y, no, rounds) -> dict[str, np.ndarray]:
    """Return CPU milliseconds per slot of each round, [rounds].

    Every round runs all of them, ours ten times over since they are so short.
    """
    y, no = tf.constant(y), tf.constant(no, tf.float32)
    times = {name: np.empty(rounds) for name in contestants}
    for estimate in contestants.values():
        estimate(y, no)  # trace
    for i in range(rounds):
        for name, estimate in contestants.items():
            repeats = 1 if name.startswith("Sionna") else 10
            started = time.process_time()
            for _ in range(repeats):
                estimate(y, no)[0].numpy()
            spent = time.process_time() - started
            times[name][i] = 1e3 * spent / repeats / len(y)
    return times


def summarise(contestants, times, h, y, no) -> list[dict]:
    """Medians over the rounds, differences to double precision, and errors."""
    few = slice(2)  # Sionna in double precision is slow
    exact = {
        order: sionnas(order, "double")(y[few].astype(np.complex128), np.float64(no))
        for order in ORDERS
    }
    rows = []
    for name, estimate in contestants.items():
        order = name.split()[-1]
        ratio = times[f"Sionna {order if order in exact else 'f-t'}"] / times[name]
        h_hat, err_var = (
            np.broadcast_to(x, h.shape)
            for x in estimate(tf.constant(y), tf.constant(no, tf.float32))
        )
        different = [np.nan, np.nan]
        if order in exact:
            different = [
                float(np.abs(x[few] - e).max() / np.abs(e).max())
                for x, e in zip((h_hat, err_var), exact[order], strict=True)
            ]
        rows.append(
            {
                "estimator": name,
                "cpu_ms_per_slot": float(np.median(times[name])),
                "ratio_to_sionna": float(np.median(ratio)),
                "ratio_low": float(ratio.min()),
                "ratio_high": float(ratio.max()),
                "h_hat_difference": different[0],
                "err_var_difference": different[1],
                "nmse_db": float(10 * np.log10(nmse(h, h_hat))),
                "promised_db": float(
                    10 * np.log10(err_var.sum() / np.sum(np.abs(h) ** 2))
                ),
            }
        )
    return rows


def as_table(rows: list[dict], snr_db: float) -> Table:
    table = Table(title=f"One CPU core, {snr_db:g} dB")
    table.add_column("estimator", no_wrap=True)
    heads = ("CPU ms", "ratio", "h_hat off by", "err_var", "NMSE dB", "promised")
    for head in heads:
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(
            row["estimator"],
            f"{row['cpu_ms_per_slot']:.3f}",
            f"{row['ratio_to_sionna']:.0f}",
            *(
                "-"
                if np.isnan(row[f"{key}_difference"])
                else f"{row[f'{key}_difference']:.0e}"
                for key in ("h_hat", "err_var")
            ),
            f"{row['nmse_db']:.2f}",
            f"{row['promised_db']:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
