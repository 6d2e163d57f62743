"""Frames of a stream that are decoded, of those decoded when told where they are.

Over TDL-A to TDL-E with 30-300 ns, 0-30 m/s at 3.5 GHz, CFOs within 20 kHz and clock
errors within 5 ppm, the receiver searches a stream of frames; a second one is told
timing and CFO of the same samples. The first table has, for each profile and SNR, the
share of what the second one decodes that the first one decodes too; the last line
counts frames of both receivers of which CRC and parity checks held though their bits
were wrong; most of those that failed come from -2 dB. The picture shows the shares.
"""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from commgen._figure import curve_style, tidy
from commgen._files.tables import write_csv
from commgen._files.whole import atomic_path
from commgen.frame.frame import RADIO_FRAME
from commgen.measures import wilson_interval
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.reception.chain import FrameChain
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.reception.search import Candidate
from commgen.sdr.waveform.payloads import Payloads
from commgen.sdr.waveform.transmitter import FrameTransmitter

PROFILES = tuple(f"TDL-{letter}" for letter in "ABCDE")
SNR_DB = (0.0, 5.0, 10.0, 15.0)
ASKED = {0.0: 0.92, 5.0: 0.96, 10.0: 0.985, 15.0: 0.993}
DELAY_SPREADS_S = (30e-9, 300e-9)
SPEEDS_M_S = (0.0, 30.0)
MAX_CFO_HZ = 20e3
MAX_CLOCK_PPM = 5.0
FRAMES_A_STREAM = 50
TOLERANCE = 20  # samples between a frame and what was found, at most


@dataclass
class Counts:
    """Frames sent, found, decoded when told, by the search, by both; false ones."""

    sent: int = 0
    found: int = 0
    told: int = 0
    searched: int = 0
    both: int = 0
    false: int = 0
    wrong: int = 0
    failed: int = 0

    def add(self, other: "Counts") -> None:
        """Add the counts of another stream."""
        for field in fields(self):
            total = getattr(self, field.name) + getattr(other, field.name)
            setattr(self, field.name, total)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--frames", type=int, default=4000, help="for each cell")
    parser.add_argument("--failing", type=int, default=100_000, help="frames at -2 dB")
    parser.add_argument("--estimator", choices=("lmmse", "ls"), default="lmmse")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console = Console(width=110)
    rows, everything = [], Counts()
    for snr_db in SNR_DB:
        for profile in PROFILES:
            counts = cell(profile, snr_db, arguments.frames, arguments)
            rows.append(row(profile, snr_db, counts))
            everything.add(counts)
    for profile in PROFILES:
        num = arguments.failing // len(PROFILES)
        everything.add(cell(profile, -2.0, num, arguments))
    write_csv(arguments.output / "radio_search.csv", rows)
    draw(rows, arguments.output / "radio_search.png")
    console.print(table(rows))
    console.print(wrong_frames(everything), highlight=False, soft_wrap=True)
    console.print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def cell(profile: str, snr_db: float, num_frames: int, arguments) -> Counts:
    """Count frames of one profile and SNR, over streams that differ in all else."""
    counts = Counts()
    entropy = [arguments.seed, PROFILES.index(profile), round(snr_db) + 100]
    receiver = FrameReceiver(RADIO_FRAME, estimator=arguments.estimator)
    told = FrameChain(RADIO_FRAME, arguments.estimator, tune=False)
    for stream in range(-(-num_frames // FRAMES_A_STREAM)):
        rng = np.random.default_rng([*entropy, stream])
        config = AirConfig(
            channel=profile,
            delay_spread_s=rng.uniform(*DELAY_SPREADS_S),
            speed_m_s=rng.uniform(*SPEEDS_M_S),
            renewal=2183,
            snr_db=snr_db,
            cfo_hz=rng.uniform(-MAX_CFO_HZ, MAX_CFO_HZ),
            clock_error_ppm=rng.uniform(-MAX_CLOCK_PPM, MAX_CLOCK_PPM),
            seed=int(rng.integers(2**31)),
        )
        counts.add(one_stream(config, receiver, told))
    return counts


def one_stream(config: AirConfig, receiver: FrameReceiver, told: FrameChain) -> Counts:
    """Send frames through the air, and receive them in both ways."""
    payloads = Payloads(RADIO_FRAME, seed=config.seed)
    transmitter = FrameTransmitter(RADIO_FRAME)
    numbers = np.arange(FRAMES_A_STREAM)
    sent = transmitter.samples(payloads.bits(numbers))
    air = Air(config)
    tail = np.zeros(transmitter.num_samples, np.complex64)
    y = np.concatenate([air.push(part) for part in (sent.ravel(), tail)])
    rate = 1 + config.clock_error_ppm * 1e-6
    begins = (numbers * transmitter.num_samples + air.latency) * rate
    known = [candidate(begin, config) for begin in begins]
    told_frames = told.receive(y, 0, known)
    decoded_told = rightly(told_frames, payloads, numbers)
    frames = receiver.push(y) + receiver.finish()
    nearest = np.array(
        [np.argmin(np.abs(begins - f.start)) for f in frames], dtype=np.int64
    )
    distance = np.array([f.start for f in frames]) - begins[nearest]
    own = np.abs(distance) < TOLERANCE
    decoded = np.zeros(len(numbers), bool)
    right = rightly(frames, payloads, nearest)
    decoded[nearest[right]] = True
    accepted = sum(f.crc_ok for f in [*frames, *told_frames])
    num_right = int(right.sum()) + int(decoded_told.sum())
    return Counts(
        sent=len(numbers),
        found=len(set(nearest[own])),
        told=int(decoded_told.sum()),
        searched=int(decoded.sum()),
        both=int((decoded & decoded_told).sum()),
        false=int((~own).sum()),
        wrong=accepted - num_right,
        failed=len(frames) + len(told_frames) - accepted,
    )


def candidate(begin: float, config: AirConfig) -> Candidate:
    """Return what a search would say that knew everything."""
    start = round(begin) - 2
    return Candidate(start, config.cfo_hz, 1.0, config.snr_db or 0.0, begin - start)


def rightly(frames, payloads: Payloads, numbers) -> np.ndarray:
    """Return which frames were accepted, and hold what number ... holds, [n], bool."""
    pairs = zip(frames, numbers, strict=True)
    right = [f.crc_ok and not payloads.errors(f.bits, int(n)) for f, n in pairs]
    return np.array(right, bool)


def row(profile: str, snr_db: float, counts: Counts) -> dict:
    low, high = wilson_interval(counts.both, counts.told)
    return {
        "profile": profile,
        "snr_db": snr_db,
        "sent": counts.sent,
        "found": counts.found,
        "decoded_told": counts.told,
        "decoded": counts.searched,
        "false": counts.false,
        "share": counts.both / counts.told,
        "share_low": float(low),
        "share_high": float(high),
        "asked": ASKED[snr_db],
    }


def wrong_frames(counts: Counts) -> str:
    _, high = wilson_interval(counts.wrong, counts.failed)
    return (
        f"{counts.wrong} wrong frames past CRC and parity, of {counts.failed} failed "
        f"ones: at most {float(high):.1e} (95 %)"
    )


def table(rows: list[dict]) -> Table:
    out = Table(title="frames decoded, of those decoded when told timing and CFO")
    for name in ("profile", *(f"{snr_db:g} dB" for snr_db in SNR_DB)):
        out.add_column(name)
    asked = (f"{100 * share:.1f} %" for share in ASKED.values())
    for profile in PROFILES:
        own = [r for r in rows if r["profile"] == profile]
        out.add_row(profile, *(_share(r) for r in own))
    out.add_row("asked", *asked)
    return out


def _share(r: dict) -> str:
    low, high = 100 * r["share_low"], 100 * r["share_high"]
    return f"{100 * r['share']:.2f} ({low:.2f}-{high:.2f}) %"


def draw(rows: list[dict], path: Path) -> None:
    figure = Figure(figsize=(6.4, 4.4), layout="constrained")
    axes = figure.subplots()
    for i, profile in enumerate(PROFILES):
        own = [r for r in rows if r["profile"] == profile]
        share = np.array([r["share"] for r in own])
        ends = np.array([(r["share_low"], r["share_high"]) for r in own])
        bars = 100 * np.abs(ends.T - share)
        snr_db = np.array(SNR_DB) + 0.15 * (i - 2)
        axes.errorbar(snr_db, 100 * share, bars, label=profile, **curve_style(i))
    axes.plot(SNR_DB, [100 * s for s in ASKED.values()], "k_", ms=24, label="asked")
    axes.set_ylabel("decoded of those decodable [%]")
    tidy(axes)
    axes.legend(loc="lower right")
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


if __name__ == "__main__":
    main()
