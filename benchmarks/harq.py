"""Which orders of redundancy versions deliver a block, and which accept a wrong one.

All 340 orders of one to four transmissions, with either base graph, BPSK over AWGN: at
60 dB, where all arrives that is sent, and at the SNR at which half of the blocks fail.
An order carries the information where the bits that it sends determine it, which a rank
over GF(2) tells.
"""

import argparse
import itertools
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen.coding import TransportBlock
from commgen.coding.encoder import encode_mother
from commgen.measures.decibel import from_db

# tbs, coderate, bits per symbol: base graphs 1 and 2 with CRC16; 1 with CRC24A, in one
# code block and in two.
BLOCKS = (
    (640, 0.85, 6),
    (640, 0.5, 2),
    (3840, 0.9, 6),
    (8456, 0.75, 4),
)
ORDERS = [order for n in range(1, 5) for order in itertools.product(range(4), repeat=n)]
COLUMNS = (
    "tbs",
    "coderate",
    "base_graph",
    "crc",
    "code_blocks",
    "snr",
    "orders",
    "blocks",
    "wrong",
    "accepted_wrong",
    "refused_right",
    "orders_that_carry",
    "orders_that_deliver",
)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--blocks", type=int, default=100, help="of each order")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    rows = []
    for settings in BLOCKS:
        rows += run(*settings, arguments.blocks, np.random.default_rng(arguments.seed))
    write_csv(arguments.output / "harq.csv", rows, COLUMNS)
    table = Table(*COLUMNS)
    for row in rows:
        table.add_row(*(str(row[name]) for name in COLUMNS))
    Console(width=160).print(table)


def run(tbs, coderate, q, num_blocks, rng):
    block = TransportBlock(
        tbs, int(tbs / coderate) // q * q, num_bits_per_symbol=q, coderate=coderate
    )
    carries = Carries(block)
    clean, noisy = [], []
    with progress_bar(f"{tbs} bits", len(ORDERS), unit="orders") as advance:
        for order in ORDERS:
            clean.append(trial(block, order, 60.0, num_blocks, rng))
            if clean[-1][0].any():
                snr_db = half(block, order, rng)
                noisy.append(trial(block, order, snr_db, num_blocks, rng))
            advance(1)
    cut = block.segmentation
    head = dict(zip(COLUMNS, (tbs, coderate, cut.base_graph, cut.crc), strict=False))
    head["code_blocks"] = cut.num_blocks
    found = [carries(order) for order in ORDERS]
    delivered = [bool((accepted & right).all()) for accepted, right in clean]
    told = {
        "orders_that_carry": sum(found),
        "orders_that_deliver": sum(delivered),
    }
    return [
        {**head, "snr": "60 dB", **count(clean), **told},
        {**head, "snr": "BLER 0.5", **count(noisy), **dict.fromkeys(told, "")},
    ]


def count(trials):
    accepted = np.concatenate([t[0] for t in trials])
    right = np.concatenate([t[1] for t in trials])
    return {
        "orders": len(trials),
        "blocks": len(right),
        "wrong": int((~right).sum()),
        "accepted_wrong": int((accepted & ~right).sum()),
        "refused_right": int((~accepted & right).sum()),
    }


def trial(block, order, snr_db, num_blocks, rng):
    """Send blocks in an order of versions; return which were accepted, and right."""
    bits = rng.integers(0, 2, (num_blocks, block.tbs)).astype(np.uint8)
    buffer, no = block.new_buffer(num_blocks), from_db(-snr_db)
    for rv in order:
        c = block.encode(bits, rv)
        y = 2.0 * c - 1 + np.sqrt(no / 2) * rng.normal(size=c.shape)
        block.combine(buffer, 4 * y / no, rv)
    bits_hat, accepted = block.decode(buffer)
    return accepted, (bits_hat == bits).all(axis=1)


def half(block, order, rng, num_blocks=20):
    """Return the SNR in dB at which about half of the blocks are wrong."""
    low, high = -12.0, 20.0
    for _ in range(7):
        middle = (low + high) / 2
        right = trial(block, order, middle, num_blocks, rng)[1].mean()
        low, high = (low, middle) if right > 0.5 else (middle, high)
    return (low + high) / 2


class Carries:
    """Whether the bits of an order determine the information."""

    def __init__(self, block):
        self.block, self.known = block, {}
        code = block.code
        self.columns = encode_mother(code, np.eye(code.k, dtype=np.uint8)).T

    def __call__(self, order):
        """Tell it of one order."""
        versions = frozenset(order)
        if versions not in self.known:
            buffer = self.block.new_buffer(1)
            for rv in versions:
                ones = np.ones((1, self.block.num_coded_bits))
                self.block.combine(buffer, ones, rv)
            each = {rank(self.columns[row != 0]) for row in buffer[0]}
            self.known[versions] = each == {self.block.code.k}
        return self.known[versions]


def rank(rows):
    """Return the rank over GF(2)."""
    basis: dict[int, int] = {}
    for row in np.packbits(rows, axis=1):
        value = int.from_bytes(row.tobytes(), "big")
        while value and value.bit_length() in basis:
            value ^= basis[value.bit_length()]
        if value:
            basis[value.bit_length()] = value
    return len(basis)


if __name__ == "__main__":
    main()
