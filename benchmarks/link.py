"""Information bits per CPU-second of a coded link, against the blocks of plain Sionna.

One stream, four receive antennas, CDL-C (100 ns), 128 subcarriers, 14 OFDM symbols with
pilots in 2 and 11, 16-QAM, LDPC of rate 1/2 with 20 iterations, least squares, batches
of 64 slots. Everybody draws bits, channel and noise, and counts block errors.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from sionna.phy import config as sionna_config
from sionna.phy.channel import OFDMChannel
from sionna.phy.channel.tr38901 import CDL, PanelArray
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder
from sionna.phy.mapping import BinarySource, Demapper, Mapper
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import (
    LMMSEEqualizer,
    LSChannelEstimator,
    ResourceGrid,
    ResourceGridMapper,
)

from commgen._files.tables import write_csv
from commgen.channels import CdlConfig, build_channel
from commgen.measures import wilson_interval
from commgen.measures.decibel import from_db
from commgen.phy import Link, LinkConfig, LSEstimator

BATCH_SIZE = 64
CARRIER_HZ, DELAY_SPREAD_S = 3.5e9, 100e-9
LINK = LinkConfig(
    fft_size=128,
    subcarrier_spacing_hz=15e3,
    cyclic_prefix_length=9,
    num_bits_per_symbol=4,
    coderate=0.5,
    num_rx_ant=4,
)
GRAPH, XLA = "Sionna, graph", "Sionna, XLA"
COLUMNS = (
    "contestant",
    "mbit_per_cpu_s",
    "ratio_to_best_sionna",
    "ratio_low",
    "ratio_high",
    "bler",
    "bler_low",
    "bler_high",
    "num_blocks",
)


class PlainSionna:
    """The same link from Sionna's own blocks."""

    def __init__(self):
        grid = ResourceGrid(
            LINK.num_ofdm_symbols,
            LINK.fft_size,
            LINK.subcarrier_spacing_hz,
            cyclic_prefix_length=LINK.cyclic_prefix_length,
            pilot_pattern="kronecker",
            pilot_ofdm_symbol_indices=list(LINK.pilot_ofdm_symbol_indices),
        )
        ut, bs = (
            PanelArray(1, n, "single", "V", "omni", CARRIER_HZ)
            for n in (1, LINK.num_rx_ant)
        )
        channel = CDL("C", DELAY_SPREAD_S, CARRIER_HZ, ut, bs, "uplink")
        num_bits = LINK.num_bits_per_symbol
        n = int(grid.num_data_symbols) * num_bits
        self.k = int(n * LINK.coderate)
        self.source = BinarySource()
        self.encoder = LDPC5GEncoder(self.k, n, num_bits_per_symbol=num_bits)
        self.mapper = Mapper("qam", num_bits)
        self.grid_mapper = ResourceGridMapper(grid)
        # Normalised slots would not fade: not a fair channel for either.
        self.channel = OFDMChannel(channel, grid, normalize_channel=False)
        self.estimator = LSChannelEstimator(grid, interpolation_type="lin")
        self.equalizer = LMMSEEqualizer(grid, StreamManagement(np.ones((1, 1), int), 1))
        self.demapper = Demapper("app", "qam", num_bits)
        self.decoder = LDPC5GDecoder(
            self.encoder, num_iter=LINK.num_decoder_iterations, hard_out=True
        )

    def __call__(self, no):
        """Return the wrong blocks of one batch."""
        bits = self.source([BATCH_SIZE, 1, 1, self.k])
        x = self.grid_mapper(self.mapper(self.encoder(bits)))
        y = self.channel(x, no)
        h_hat, err_var = self.estimator(y, no)
        x_hat, no_eff = self.equalizer(y, h_hat, err_var, no)
        wrong = self.decoder(self.demapper(x_hat, no_eff)) != bits
        return tf.reduce_sum(tf.cast(tf.reduce_any(wrong, axis=-1), tf.int32))


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--snr-db", type=float, default=7.5, help="1 / no")
    parser.add_argument("--rounds", type=int, default=25, help="at least 3")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks/link.csv"))
    arguments = parser.parse_args()
    if arguments.rounds < 3:
        parser.error(f"--rounds must be at least 3, got {arguments.rounds}")
    # Waiting threads spin, and would count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    sionna_config.seed = arguments.seed
    no = tf.constant(1 / from_db(arguments.snr_db), tf.float32)
    contestants = build(no, arguments.seed)
    seconds, errors = measure(contestants, arguments.rounds)
    rows = summarise(seconds, errors)
    write_csv(arguments.output, rows, COLUMNS)
    Console().print(as_table(rows, arguments.snr_db))
    Console().print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def build(no, seed: int) -> dict[str, Callable[[int], int]]:
    """Return functions of the number of a batch that count its wrong blocks."""
    config = CdlConfig(
        model=("C",),
        delay_spread_s=DELAY_SPREAD_S,
        carrier_hz=CARRIER_HZ,
        bs_array={"columns": LINK.num_rx_ant},
    )
    link = Link(LINK, build_channel(config, seed=seed), seed=seed)
    estimators = {
        "commgen": LSEstimator(link.resource_grid),
        "commgen, LS of Sionna": LSChannelEstimator(
            link.resource_grid, interpolation_type="lin"
        ),
    }

    def ours(block):
        estimate = tf.function(block, autograph=False)

        def run(batch):
            slots = link.slots(batch, BATCH_SIZE)
            y = link.observe(slots, no)
            counts = link.receive(slots, y, estimate, no)
            return int(counts.block_errors.sum())

        return run

    def theirs(*, jit_compile):
        run = tf.function(PlainSionna(), jit_compile=jit_compile, autograph=False)
        return lambda batch: int(run(no))

    return {
        **{name: ours(block) for name, block in estimators.items()},
        GRAPH: theirs(jit_compile=False),
        XLA: theirs(jit_compile=True),
    }


def measure(contestants, rounds) -> tuple[dict, dict]:
    """Return CPU seconds and wrong blocks of a batch, [rounds] each.

    Every round runs all, so that what else the machine does falls on all of them.
    """
    for run in contestants.values():
        run(rounds), run(rounds + 1)  # trace and compile
    seconds = {name: np.empty(rounds) for name in contestants}
    errors = {name: np.empty(rounds, int) for name in contestants}
    for i in range(rounds):
        for name, run in contestants.items():
            started = time.process_time()
            errors[name][i] = run(i)
            seconds[name][i] = time.process_time() - started
    return seconds, errors


def summarise(seconds, errors) -> list[dict]:
    """Medians over the rounds, the range of the ratio, and the block error rate."""
    bits = BATCH_SIZE * LINK.num_data_symbols * LINK.num_bits_per_symbol * LINK.coderate
    best = min((GRAPH, XLA), key=lambda name: np.median(seconds[name]))
    rows = []
    for name, spent in seconds.items():
        ratio = seconds[best] / spent
        num_blocks = BATCH_SIZE * len(spent)
        num_errors = int(errors[name].sum())
        low, high = wilson_interval(num_errors, num_blocks)
        rows.append(
            {
                "contestant": name,
                "mbit_per_cpu_s": float(bits / np.median(spent) / 1e6),
                "ratio_to_best_sionna": float(np.median(ratio)),
                "ratio_low": float(np.quantile(ratio, 0.1)),
                "ratio_high": float(np.quantile(ratio, 0.9)),
                "bler": num_errors / num_blocks,
                "bler_low": low,
                "bler_high": high,
                "num_blocks": num_blocks,
            }
        )
    return rows


def as_table(rows: list[dict], snr_db: float) -> Table:
    table = Table(title=f"One CPU core, batches of {BATCH_SIZE}, {snr_db:g} dB")
    table.add_column("contestant", no_wrap=True)
    for head in ("Mbit/s", "ratio", "of 80 %", "BLER"):
        table.add_column(head, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            row["contestant"],
            f"{row['mbit_per_cpu_s']:.2f}",
            f"{row['ratio_to_best_sionna']:.2f}",
            f"{row['ratio_low']:.1f}-{row['ratio_high']:.1f}",
            f"{row['bler']:.3f} ({row['bler_low']:.3f}-{row['bler_high']:.3f})",
        )
    return table


if __name__ == "__main__":
    main()
