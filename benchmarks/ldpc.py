"""LDPC decoding: CPU time and frame error rate against Sionna's sum-product.

BPSK over AWGN, 20 iterations, one thread. The first table is the process CPU time of
k = 1024, n = 2048 from LLRs in memory to decided bits, and how many times longer
Sionna's fastest sum-product takes; the second the frame error rates on common noise,
and the loss in dB at FER 0.01.
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

from commgen._files.tables import write_csv
from commgen.coding import LDPCDecoder, LDPCEncoder
from commgen.measures import wilson_interval

K, N = 1024, 2048
EBNO_DB = (1.2, 1.6, 2.0)  # sum-product fails about once in 5, 100 and 4000 frames
REFERENCE = "Sionna boxplus, XLA"
ALGORITHMS = ("offset-minsum", "normalised-minsum", "minsum")
TARGET = 1e-2
# k, n, Eb/N0 in dB, frames at each of them.
CODES = (
    (1024, 2048, (1.3, 1.45, 1.6, 1.75, 1.9), 16_000),
    (500, 2500, (0.4, 0.55, 0.7, 0.85, 1.0, 1.15), 6_000),
    (200, 400, (1.8, 2.1, 2.4, 2.7), 20_000),
    (3000, 4000, (2.3, 2.45, 2.6, 2.75), 4_000),
)
CHUNK = 500
SPEED_COLUMNS = (
    "decoder",
    "ebno_db",
    "cpu_us_per_frame",
    "speed_up",
    "speed_up_low",
    "speed_up_high",
    "fer",
)
FER_COLUMNS = (
    "k",
    "n",
    "decoder",
    "ebno_db",
    "frames",
    "fer",
    "fer_low",
    "fer_high",
    "loss_db",
    "loss_db_low",
    "loss_db_high",
)

Decoder = Callable[[np.ndarray], np.ndarray]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--rounds", type=int, default=5, help="at least 3")
    parser.add_argument("--batch-size", type=int, default=256)
    parser.add_argument("--scale", type=float, default=1.0, help="of the frames")
    parser.add_argument("--only", choices=("speed", "fer"))
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    if arguments.rounds < 3:
        parser.error(f"--rounds must be at least 3, got {arguments.rounds}")
    # Waiting threads spin, and would count as work.
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    console = Console(width=110)
    if arguments.only != "fer":
        rows = speeds(arguments.batch_size, arguments.rounds, arguments.seed)
        write_csv(arguments.output / "ldpc_speed.csv", rows, SPEED_COLUMNS)
        console.print(speed_table(rows, arguments.batch_size))
    if arguments.only != "speed":
        rows = error_rates(arguments.scale, arguments.seed)
        write_csv(arguments.output / "ldpc_fer.csv", rows, FER_COLUMNS)
        console.print(*fer_tables(rows))
    console.print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def sionna_decoder(k: int, n: int, cn_update: str, jit_compile: bool) -> Decoder:
    decoder = LDPC5GDecoder(LDPC5GEncoder(k, n), cn_update=cn_update, num_iter=20)
    spec = [tf.TensorSpec((None, n), tf.float32)]
    compiled = tf.function(
        lambda llr: decoder(llr),
        input_signature=spec,
        jit_compile=jit_compile,
        autograph=False,
    )
    return lambda llr: compiled(tf.constant(llr)).numpy()


def frames(encoder: LDPCEncoder, ebno_db, num: int, rng) -> tuple[np.ndarray, ...]:
    """Return bits, [num, k], and LLRs of the same noise at each Eb/N0."""
    bits = rng.integers(2, size=(num, encoder.k), dtype=np.uint8)
    x = 2.0 * encoder(bits) - 1
    noise = rng.normal(size=x.shape)
    no = 1 / (encoder.coderate * 10 ** (np.asarray(ebno_db) / 10))
    llr = [4 * (x + np.sqrt(n / 2) * noise) / n for n in no]
    return bits, np.array(llr, np.float32)


def speeds(batch_size: int, rounds: int, seed: int) -> list[dict]:
    """Every round runs all decoders, so that what else runs falls on all."""
    encoder = LDPCEncoder(K, N)
    decoders: dict[str, Decoder] = {
        f"Sionna {rule}, {how}": sionna_decoder(K, N, rule, how == "XLA")
        for rule in ("boxplus", "boxplus-phi")
        for how in ("graph", "XLA")
    }
    for algorithm in ALGORITHMS[:2]:
        decoders[algorithm] = LDPCDecoder(encoder, algorithm=algorithm)
    decoders["offset-minsum, all iterations"] = LDPCDecoder(encoder, early_stop=False)
    rng = np.random.default_rng([seed, 1])
    bits, llr = frames(encoder, EBNO_DB, batch_size, rng)
    rows = []
    for i, ebno_db in enumerate(EBNO_DB):
        wrong = {name: d(llr[i]) != bits for name, d in decoders.items()}  # also traces
        times = {name: np.empty(rounds) for name in decoders}
        for r in range(rounds):
            for name, decode in decoders.items():
                times[name][r] = cpu_time(decode, llr[i]) / batch_size
        for name, spent in times.items():
            ratio = times[REFERENCE] / spent
            rows.append(
                {
                    "decoder": name,
                    "ebno_db": ebno_db,
                    "cpu_us_per_frame": float(1e6 * np.median(spent)),
                    "speed_up": float(np.median(ratio)),
                    "speed_up_low": float(ratio.min()),
                    "speed_up_high": float(ratio.max()),
                    "fer": float(wrong[name].any(axis=1).mean()),
                }
            )
    return rows


def cpu_time(decode: Decoder, llr: np.ndarray) -> float:
    """CPU seconds of one call, from as many as take a tenth of a second."""
    started, calls = time.process_time(), 0
    while time.process_time() - started < 0.1:
        decode(llr)
        calls += 1
    return (time.process_time() - started) / calls


def error_rates(scale: float, seed: int) -> list[dict]:
    rows = []
    for k, n, ebno_db, num in CODES:
        encoder = LDPCEncoder(k, n)
        decoders: dict[str, Decoder] = {
            REFERENCE: sionna_decoder(k, n, "boxplus", True)
        }
        for algorithm in ALGORITHMS:
            decoders[algorithm] = LDPCDecoder(encoder, algorithm=algorithm)
        rng = np.random.default_rng([seed, 2, k, n])
        parts: dict[str, list[np.ndarray]] = {name: [] for name in decoders}
        for _ in range(max(1, round(scale * num / CHUNK))):
            bits, llr = frames(encoder, ebno_db, CHUNK, rng)
            for name, decode in decoders.items():
                wrong = [(decode(values) != bits).any(axis=1) for values in llr]
                parts[name].append(np.array(wrong))
        errors = {name: np.concatenate(p, axis=1) for name, p in parts.items()}
        rows += fer_rows(k, n, ebno_db, errors, np.random.default_rng([seed, 3]))
    return rows


def fer_rows(k, n, ebno_db, errors, rng) -> list[dict]:
    """One row for each decoder and Eb/N0; the interval of the loss is bootstrapped.

    Frames are drawn with all that all decoders made of them at every Eb/N0.
    """
    num = errors[REFERENCE].shape[1]
    draws = [rng.integers(num, size=num) for _ in range(200)]
    at_target = {
        name: np.array(
            [required(ebno_db, wrong.mean(axis=1))]
            + [required(ebno_db, wrong[:, draw].mean(axis=1)) for draw in draws]
        )
        for name, wrong in errors.items()
    }
    rows = []
    for name, wrong in errors.items():
        loss = at_target[name] - at_target[REFERENCE]
        low, high = np.quantile(loss[1:], [0.025, 0.975])
        for i, value in enumerate(ebno_db):
            count = int(wrong[i].sum())
            fer_low, fer_high = wilson_interval(count, num)
            rows.append(
                {
                    "k": k,
                    "n": n,
                    "decoder": name,
                    "ebno_db": value,
                    "frames": num,
                    "fer": count / num,
                    "fer_low": fer_low,
                    "fer_high": fer_high,
                    "loss_db": float(loss[0]),
                    "loss_db_low": float(low),
                    "loss_db_high": float(high),
                }
            )
    return rows


def required(ebno_db, fer) -> float:
    """Eb/N0 at which the FER is TARGET, linear in its logarithm; NaN outside."""
    log_fer = np.log10(np.maximum(fer, 1e-6))
    if not log_fer.min() <= np.log10(TARGET) <= log_fer.max():
        return np.nan
    return float(np.interp(-np.log10(TARGET), -log_fer, ebno_db))


def speed_table(rows: list[dict], batch_size: int) -> Table:
    table = Table(title=f"k = {K}, n = {N}, 20 iterations, batches of {batch_size}")
    table.add_column("decoder", no_wrap=True)
    for head in ("Eb/N0 dB", "CPU us / frame", "speed-up", "range", "FER"):
        table.add_column(head, justify="right")
    for row in rows:
        table.add_row(
            row["decoder"],
            f"{row['ebno_db']:.1f}",
            f"{row['cpu_us_per_frame']:.1f}",
            f"{row['speed_up']:.2f}",
            f"{row['speed_up_low']:.2f}-{row['speed_up_high']:.2f}",
            f"{row['fer']:.3f}",
        )
    return table


def fer_tables(rows: list[dict]) -> list[Table]:
    """One table for each code; the intervals of the FER are in the CSV."""
    tables = []
    for k, n, ebno_db, _ in CODES:
        table = Table(title=f"({k}, {n}): FER at Eb/N0 in dB, loss in dB at {TARGET}")
        table.add_column("decoder", no_wrap=True)
        for head in (*(f"{value:.2f}" for value in ebno_db), "loss", "95 %"):
            table.add_column(head, justify="right", no_wrap=True)
        for name in (REFERENCE, *ALGORITHMS):
            mine = [r for r in rows if (r["k"], r["n"], r["decoder"]) == (k, n, name)]
            loss, low, high = (
                mine[0][c] for c in ("loss_db", "loss_db_low", "loss_db_high")
            )
            shown = (
                ("", "")
                if np.isnan(loss)
                else (f"{loss:+.3f}", f"{low:+.3f}..{high:+.3f}")
            )
            table.add_row(name, *(f"{r['fer']:.1e}" for r in mine), *shown)
        tables.append(table)
    return tables


if __name__ == "__main__":
    main()
