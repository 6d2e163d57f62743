"""Recordings of others: what is decoded and how fast, and packets with noise added.

The first table is what each verb of ``commgen sdr`` finds in the recordings below
``COMMGEN_DATA``, and millions of samples a CPU second on one thread. The second is the
share of 802.11 packets of one rate whose FCS is right when noise is added to them, for
each channel estimator on the same noise, and by how many dB the SNR at half of them is
below that of least squares. Search, timing and carrier are found in the noise as well.
The parameters of the estimators were chosen on 12, 18 and 36 Mbit/s (--rate), not on
the 24 Mbit/s that are the default here. The SNR is that of an occupied subcarrier.
"""

import argparse
import os
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._files.tables import write_csv
from commgen.measures import invert, wilson_interval
from commgen.sdr.recordings.adsb.receiver import messages
from commgen.sdr.recordings.iq import open_iq, read_iq
from commgen.sdr.recordings.lte.receiver import cells
from commgen.sdr.recordings.lte.report import proof
from commgen.sdr.recordings.wifi.estimation import ESTIMATORS
from commgen.sdr.recordings.wifi.receiver import found, packets

REFERENCE = "ls"
# Around the SNR at which half of the packets are right, by rate in Mbit/s.
MIDDLE_DB = {6: 1.5, 9: 5, 12: 4, 18: 7, 24: 9.5, 36: 13, 48: 17}
HALF_WIDTH_DB, STEP_DB = 3.5, 0.5
NUM_BOOTSTRAP = 1000
LEAST_BYTES = 100  # data; acknowledgements are right far longer


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    data = os.environ.get("COMMGEN_DATA", "")
    parser.add_argument("--data", type=Path, default=Path(data))
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--only", choices=("verbs", "noise"))
    parser.add_argument("--rate", type=int, choices=sorted(MIDDLE_DB), default=24)
    parser.add_argument("--num-seeds", type=int, default=40, help="for each packet")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console = Console(width=110)
    if arguments.only != "noise":
        rows = verb_rows(arguments.data)
        write_csv(arguments.output / "radio_recordings.csv", rows)
        console.print(plain("recordings", rows))
    if arguments.only != "verbs":
        rows = noise_rows(arguments)
        write_csv(arguments.output / f"radio_noise_{arguments.rate}.csv", rows)
        console.print(noise_table(rows, arguments.rate))
    console.print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def verb_rows(data: Path) -> list[dict]:
    """Run each decoder over its recordings, after one run that compiles."""
    sets = {
        "messages": (["adsb_modes1/modes1.bin"], "uint8", count_messages),
        "packets": (sorted_under(data, "openofdm_wifi_iq/*.dat"), "int16", count_fcs),
        "cells": (sorted_under(data, "lte_iq/*/*.bin"), "uint8", count_cells),
    }
    rows = []
    for verb, (names, kind, count) in sets.items():
        recordings = [open_iq(data / name, kind) for name in names]
        count(recordings[0])
        for group in [recordings] if verb == "packets" else [[r] for r in recordings]:
            started = time.process_time()
            told = [count(recording) for recording in group]
            spent = time.process_time() - started
            samples = sum(recording.num_samples for recording in group)
            rows.append(
                {
                    "verb": verb,
                    "recordings": group[0].path.name if len(group) == 1 else len(group),
                    "found": "; ".join(dict.fromkeys(told))
                    if verb != "packets"
                    else " ".join(map(str, np.sum(told, axis=0))),
                    "msample_per_cpu_s": samples / spent / 1e6,
                }
            )
    return rows


def sorted_under(data: Path, pattern: str) -> list[str]:
    return sorted(str(path.relative_to(data)) for path in data.glob(pattern))


def count_messages(recording) -> str:
    every = list(messages(recording))
    proved = sum(message.plain for message in every)
    aircraft = {f"{message.address:06x}" for message in every}
    return f"{proved} proved, {len(every) - proved} replies, of {', '.join(aircraft)}"


def count_fcs(recording) -> tuple[int, int, int, int]:
    """Legacy packets, of these right, HT packets, of these right."""
    counts = [0, 0, 0, 0]
    for packet in packets(recording):
        counts[2 * packet.is_ht] += 1
        counts[2 * packet.is_ht + 1] += packet.content.fcs_ok
    return tuple(counts)


def count_cells(recording) -> str:
    return ", ".join(
        f"{cell.found.cell} {cell.found.duplex} {cell.right.sum()} of {len(cell.right)}"
        for cell in cells(recording)
        if proof(cell) == "frames"
    )


def cut_packets(data: Path, rate: int) -> list[np.ndarray]:
    """Return the samples of each data packet of a rate, with some around it."""
    (path,) = data.glob(f"openofdm_wifi_iq/dot11a_{rate}mbps_*.dat")
    x = read_iq(path, "int16")
    return [
        x[max(packet.start - 300, 0) : packet.end + 60]
        for packet in packets(open_iq(path, "int16"))
        if packet.content.rate_mbps == rate and packet.signal.length >= LEAST_BYTES
    ]


def decoded(signals, snr_db, num_seeds: int, seed: int) -> dict[str, np.ndarray]:
    """Whether each packet is right: estimator to [num_snr, num_packets, num_seeds]."""
    shape = len(snr_db), len(signals), num_seeds
    right = {name: np.zeros(shape, bool) for name in ESTIMATORS}
    for p, x in enumerate(signals):
        # Of 64 subcarriers 52 are occupied; the middle is packet from end to end.
        power = np.mean(np.abs(x[600:-100]) ** 2) * 64 / 52
        for s in range(num_seeds):
            normal = np.random.default_rng([seed, p, s]).normal(size=(len(x), 2))
            noise = (normal @ [1, 1j]) * np.sqrt(power / 2)
            for i, value in enumerate(snr_db):
                y = (x + 10 ** (-value / 20) * noise).astype(np.complex64)
                for name, estimator in ESTIMATORS.items():
                    right[name][i, p, s] = any(
                        packet is not None and packet.content.fcs_ok
                        for packet, _ in found(y, len(y), estimator)
                    )
    return right


def noise_rows(arguments) -> list[dict]:
    """One row for each estimator and SNR; the interval of the gain is bootstrapped.

    Packets are drawn, and of each of them noises, with all that the estimators made of
    them.
    """
    middle, rng = MIDDLE_DB[arguments.rate], np.random.default_rng(arguments.seed)
    snr_db = middle + np.arange(-HALF_WIDTH_DB, HALF_WIDTH_DB + 0.1, STEP_DB)
    signals = cut_packets(arguments.data, arguments.rate)
    right = decoded(signals, snr_db, arguments.num_seeds, arguments.seed)
    num = len(signals), arguments.num_seeds
    draws = [
        (rng.integers(num[0], size=num)[:, :1], rng.integers(num[1], size=num))
        for _ in range(NUM_BOOTSTRAP)
    ]
    halves = {
        name: np.array(
            [half(snr_db, own.mean(axis=(1, 2)))]
            + [half(snr_db, own[:, p, s].mean(axis=(1, 2))) for p, s in draws]
        )
        for name, own in right.items()
    }
    return [
        row
        for name, own in right.items()
        for row in estimator_rows(name, snr_db, own, halves[REFERENCE], halves[name])
    ]


def estimator_rows(name, snr_db, own, reference, halves) -> list[dict]:
    gain = reference - halves
    low, high = np.nanquantile(gain[1:], [0.025, 0.975])
    rows = []
    for i, value in enumerate(snr_db):
        count, trials = int(own[i].sum()), own[i].size
        share_low, share_high = wilson_interval(count, trials)
        rows.append(
            {
                "estimator": name,
                "snr_db": float(value),
                "packets": trials,
                "right": count / trials,
                "right_low": share_low,
                "right_high": share_high,
                "half_db": float(halves[0]),
                "gain_db": float(gain[0]),
                "gain_low_db": float(low),
                "gain_high_db": float(high),
            }
        )
    return rows


def half(snr_db, right) -> float:
    return invert(snr_db, right, 0.5).x


def plain(title: str, rows: list[dict]) -> Table:
    table = Table(title=title)
    for name in rows[0]:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(
            *(f"{v:.2f}" if isinstance(v, float) else str(v) for v in row.values())
        )
    return table


def noise_table(rows: list[dict], rate: int) -> Table:
    """Every second SNR; the CSV has all."""
    first = rows[0]
    table = Table(
        title=f"{rate} Mbit/s, {first['packets']} packets at each SNR: share right"
    )
    shown = sorted({row["snr_db"] for row in rows})[1::2]
    table.add_column("estimator", no_wrap=True)
    for head in (*(f"{value:g} dB" for value in shown), "half at", "gain", "95 %"):
        table.add_column(head, justify="right", no_wrap=True)
    for name in dict.fromkeys(row["estimator"] for row in rows):
        own = {row["snr_db"]: row for row in rows if row["estimator"] == name}
        row = own[shown[0]]
        interval = f"{row['gain_low_db']:.2f}..{row['gain_high_db']:.2f}"
        table.add_row(
            name,
            *(f"{own[value]['right']:.2f}" for value in shown),
            f"{row['half_db']:.2f}",
            f"{row['gain_db']:.2f}",
            interval,
        )
    return table


if __name__ == "__main__":
    main()
