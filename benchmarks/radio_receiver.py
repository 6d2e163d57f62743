"""The radio receiver: how fast it is, and how far behind perfect channel knowledge.

Speed: process CPU time of one thread, rounds in turn, on frames of simulated air that
come in pieces as GNU Radio's buffers hold them. The parts are timed on the same frames.
Loss: SNR at a block error rate of 0.1 over TDL-A to -E, 30 to 300 ns, 0 to 30 m/s at
3.5 GHz, each frame a channel of its own, timing and CFO told. All estimators see the
same frames and noise. Perfect channel knowledge is what comes through without noise.
"""

import argparse
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from commgen._files.tables import write_csv
from commgen._random import complex_normal
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.frame.llr import slot_llr
from commgen.measures.crossing import error_rate_crossing
from commgen.measures.decibel import noise_variance
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.reception.decoding import decode_slots
from commgen.sdr.reception.named import estimator_named
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.reception.search import Search
from commgen.sdr.reception.slots import as_slot_receiver
from commgen.sdr.reception.windows import received_grids
from commgen.sdr.waveform.code import transport_block
from commgen.sdr.waveform.transmitter import FrameTransmitter

MODELS = ("TDL-A", "TDL-B", "TDL-C", "TDL-D", "TDL-E")
SPREADS_S = 30e-9 * 10 ** ((np.arange(5) + 0.5) / 5)  # log-uniform, 30 to 300 ns
SPEEDS_M_S = (3.75, 11.25, 18.75, 26.25)  # uniform, 0 to 30 m/s
SNR_DB = np.arange(5.0, 14.0)
ESTIMATORS = ("ls", "lmmse", "slot")
PERFECT = "perfect CSI"
TARGET = 0.1
SPEED_SNR_DB = (10.0, 20.0)  # with some frames lost, and with hardly any
PAIRS = (("ls", "lmmse"), ("slot", PERFECT), ("lmmse", PERFECT), ("lmmse", "slot"))
PIECE = 131_072
BATCH = 64


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--frames", type=int, default=200, help="of each cell")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    speeds = []
    for snr_db in SPEED_SNR_DB:
        speeds += speed(arguments.rounds, arguments.seed, snr_db)
    show("Speed", speeds)
    write_csv(arguments.output / "radio_receiver_speed.csv", speeds, list(speeds[0]))
    if not arguments.frames:
        return
    errors = block_errors(arguments.frames, arguments.seed)
    found = {
        name: error_rate_crossing(SNR_DB, rows, TARGET) for name, rows in errors.items()
    }
    rows = [line(name, crossing.interval()) for name, crossing in found.items()]
    rows += [line(f"{a} behind {b}", found[a].minus(found[b])) for a, b in PAIRS]
    show(f"SNR at BLER {TARGET} [dB], {arguments.frames * 100} frames", rows)
    write_csv(arguments.output / "radio_receiver.csv", rows, list(rows[0]))


def line(name, interval):
    return dict(zip(("what", "dB", "low", "high"), (name, *interval), strict=True))


def speed(rounds, seed, snr_db, num_frames=240):
    """Return Msample a CPU second of the receiver, and what its parts take."""
    samples = stream(num_frames, snr_db, seed)
    names = (*ESTIMATORS, "learned")
    receivers = {
        name: FrameReceiver(estimator=estimator_named(name, FRAME)) for name in names
    }
    search = Search(FRAME)
    llr, block = coded_llr(samples), transport_block(FRAME)
    contestants = {
        **{name: lambda r=r: receive(r, samples) for name, r in receivers.items()},
        "search alone": lambda: (search.push(samples), search.reset()),
        "LDPC decoder alone": lambda: [block.decode_once(part) for part in llr],
    }
    times = np.zeros((rounds + 1, len(contestants)))
    for row in times:
        for i, run in enumerate(contestants.values()):
            start = time.process_time()
            run()
            row[i] = time.process_time() - start
    times = times[1:] / len(samples)  # without compiling
    share = times / times[:, [1]]  # of the receiver with LMMSE
    return [
        {
            "what": name,
            "SNR_dB": snr_db,
            "Msample_per_cpu_s": 1e-6 / np.median(times[:, i]),
            "ns_per_sample": 1e9 * np.median(times[:, i]),
            "share_of_lmmse": np.median(share[:, i]),
            "low": share[:, i].min(),
            "high": share[:, i].max(),
        }
        for i, name in enumerate(contestants)
    ]


def stream(num_frames, snr_db, seed):
    """Frames over TDL-C, with a CFO, in noise."""
    transmit = FrameTransmitter(FRAME)
    rng = np.random.default_rng(seed)
    bits = rng.integers(0, 2, (num_frames, transmit.k), dtype=np.uint8)
    config = AirConfig(
        channel="TDL-C", speed_m_s=15, snr_db=snr_db, cfo_hz=5e3, seed=seed
    )
    return Air(config).push(transmit.samples(bits).ravel())


def receive(receiver, samples):
    for i in range(0, len(samples), PIECE):
        receiver.push(samples[i : i + PIECE])
    return receiver.finish()


def coded_llr(samples):
    """LLRs of the frames in ``samples``, in batches as the receiver decodes them."""
    kept = []

    class Keeper:
        name = "keeper"
        inner = as_slot_receiver("lmmse", FRAME)

        def receive(self, y, no, measured):
            found = self.inner.receive(y, no, measured)
            kept.append(found.llr)
            return found

    receive(FrameReceiver(estimator=Keeper()), samples)
    return kept


def block_errors(num_frames, seed):
    """Return whether frames were lost, estimator to [num_snr, n], bool."""
    receivers = {name: as_slot_receiver(name, FRAME) for name in ESTIMATORS}
    parts = {name: [] for name in (*ESTIMATORS, PERFECT)}
    cell = 0
    for model in MODELS:
        for spread in SPREADS_S:
            for speed_m_s in SPEEDS_M_S:
                config = AirConfig(
                    channel=model,
                    delay_spread_s=float(spread),
                    speed_m_s=speed_m_s,
                    renewal=FrameTransmitter(FRAME).num_samples,
                    snr_db=None,
                    seed=seed * 1000 + cell,
                )
                lost = cell_errors(config, num_frames, receivers)
                for name, rows in lost.items():
                    parts[name].append(rows)
                cell += 1
    return {name: np.concatenate(rows, axis=1) for name, rows in parts.items()}


def cell_errors(config, num_frames, receivers):
    transmit = FrameTransmitter(FRAME)
    rng = np.random.default_rng([config.seed, 1])
    bits = rng.integers(0, 2, (num_frames, transmit.k), dtype=np.uint8)
    air = Air(config)
    # A path of delay 0 comes late by this, and is looked for there.
    tail = np.zeros(air.latency, np.complex64)
    clean = np.concatenate([air.push(transmit.samples(bits).ravel()), air.push(tail)])
    starts = air.latency + transmit.num_samples * np.arange(num_frames)
    still = np.zeros(num_frames)
    y_clean = received_grids(FRAME, clean, starts, still, still)[:, 1:]
    h = y_clean / transmit.grid(bits)
    noise = complex_normal(rng, h.shape)
    lost = {
        name: np.zeros((len(SNR_DB), num_frames), bool) for name in parts_of(receivers)
    }
    for j, no in enumerate(noise_variance(SNR_DB)):
        y = (y_clean + np.sqrt(no) * noise).astype(np.complex64)
        for name in lost:
            for i in range(0, num_frames, BATCH):
                rows = slice(i, i + BATCH)
                llr = llr_of(receivers.get(name), y[rows], h[rows], no)
                lost[name][j, rows] = ~decode_slots(FRAME, llr).accepted
    return lost


def parts_of(receivers):
    return (*receivers, PERFECT)


def llr_of(receiver, y, h, no):
    no = np.full(len(y), no, np.float32)
    if receiver is None:
        return slot_llr(FRAME, y, np.ascontiguousarray(h), no[:, None, None])
    return receiver.receive(y, no, None).llr


def show(title, rows):
    table = Table(*rows[0], title=title)
    for row in rows:
        values = (v if isinstance(v, str) else f"{v:.3g}" for v in row.values())
        table.add_row(*values)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
