"""LMMSE equaliser: CPU time against Sionna's, and error against double precision.

Slots of 14 symbols and 128 subcarriers in a graph, one thread. The error is that of all
symbols over their root mean square, and the largest relative one of a noise variance,
over channels whose columns are independent, near-equal or equal, at SNRs of -40 to 120
dB. It is measured against the same computation on columns in double precision.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import LMMSEEqualizer, ResourceGrid

from commgen._files.tables import write_csv
from commgen.measures.decibel import from_db
from commgen.phy import (
    FewStreamsLMMSEEqualizer,
    lmmse_equalize,
    time_orthogonal_pilots,
)

SHAPES = ((1, 4), (2, 2), (2, 4), (2, 8), (3, 4), (4, 8))  # streams, antennas
COLUMNS = (
    "streams",
    "antennas",
    "cpu_ms_per_slot",
    "times_sionna",
    "times_low",
    "times_high",
    "error_symbols",
    "error_no_eff",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--rounds", type=int, default=9, help="at least 3")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.rounds < 3:
        parser.error(f"--rounds must be at least 3, got {arguments.rounds}")
    # Waiting threads spin, and would count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    rng = np.random.default_rng(arguments.seed)
    rows = []
    for streams, antennas in SHAPES:
        times = speed(streams, antennas, arguments.batch_size, arguments.rounds, rng)
        ratio = times[:, 1] / times[:, 0]
        own = 1e3 * np.median(times[:, 0]) / arguments.batch_size
        error = errors(streams, antennas, rng)
        found = (own, np.median(ratio), ratio.min(), ratio.max(), *error)
        values = map(float, found)
        rows.append(dict(zip(COLUMNS, (streams, antennas, *values), strict=True)))
    write_csv(arguments.output / "equalizer.csv", rows, COLUMNS)
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(f"{row[name]:.3g}" for name in COLUMNS))
    Console(width=120).print(table)


def speed(streams, antennas, batch_size, rounds, rng):
    """Return process CPU times [s] of this and of Sionna's equaliser, [rounds, 2]."""
    pilots = time_orthogonal_pilots(14, 128, range(streams), num_streams=streams)
    grid = ResourceGrid(14, 128, 30e3, num_streams_per_tx=streams, pilot_pattern=pilots)
    sionna = LMMSEEqualizer(grid, StreamManagement(np.ones((1, 1), int), streams))
    contestants = [tf.function(FewStreamsLMMSEEqualizer(grid)), tf.function(sionna)]
    y = tf.constant(normal(rng, batch_size, 1, antennas, 14, 128))
    h = tf.constant(normal(rng, batch_size, 1, antennas, 1, streams, 14, 128))
    err_var, no = tf.fill([1] * 7, 0.01), tf.constant(0.1)
    times = np.zeros((rounds + 1, 2))
    for row in times:
        for i, equalize in enumerate(contestants):
            start = time.process_time()
            equalize(y, h, err_var, no)
            row[i] = time.process_time() - start
    return times[1:]  # without tracing


def errors(streams, antennas, rng, num=200):
    """Return the largest errors in single precision, of symbols and of variances."""
    worst = np.zeros(2)
    for snr_db in range(-40, 121, 20):
        for apart in (None, 1e-3, 1e-5, 1e-7, 0):
            h = normal(rng, num, antennas, streams, 1)
            if apart is not None:
                h = h[:, :, :1] + np.float32(apart) * h
            no = from_db(-snr_db)
            y = np.einsum("nast,nst->nat", h, normal(rng, num, streams, 1))
            y = np.complex64(y + np.sqrt(no) * normal(rng, num, antennas, 1))
            s = np.full(y.shape, no, np.float32)
            x_ref, no_ref = columns_in_double(y[..., 0], h[..., 0], s[..., 0])
            x_hat, no_eff = (v.numpy()[..., 0] for v in lmmse_equalize(y, h, s))
            of_x = np.linalg.norm(x_hat - x_ref) / np.linalg.norm(x_ref)
            worst = np.maximum(worst, (of_x, np.max(np.abs(no_eff / no_ref - 1))))
    return worst


def columns_in_double(y, h, s):
    """Solve [S^-1/2 H; I] x = [S^-1/2 y; 0] by a QR decomposition."""
    root = 1 / np.sqrt(s.astype(float))
    num_streams = h.shape[2]
    eye = np.broadcast_to(np.eye(num_streams), (len(h), num_streams, num_streams))
    q, r = np.linalg.qr(np.concatenate([h * root[..., None], eye], axis=1))
    inverse = np.linalg.inv(r)
    left = np.sum(np.abs(inverse) ** 2, axis=2)
    z = np.einsum("nas,na->ns", q[:, : h.shape[1]].conj(), y * root)
    return (inverse @ z[..., None])[..., 0] / (1 - left), left / (1 - left)


def normal(rng, *shape):
    x = rng.normal(scale=0.5**0.5, size=(*shape, 2)).astype(np.float32)
    return x[..., 0] + 1j * x[..., 1]


if __name__ == "__main__":
    main()
