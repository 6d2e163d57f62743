"""The packaged receiver beside LMMSE and blanking: interference, none, and outside.

    python benchmarks/radio_learned.py --output radio_learned [--num-frames 4096]
        [--model FILE.onnx] [--float32 FILE.onnx]

Frames over TDL-A to -E, 30 to 300 ns, 0 to 30 m/s at 3.5 GHz, are received at grid
level, told timing and all but 100 Hz of the CFO, by LMMSE, LMMSE with LLRs held within
20, LMMSE with blanking, and the model, with and without its fall-back. The seeds are
apart from those of the training. "psd" has bursts 0 to 10 dB over the signal on each
element, "sir" bursts 0 to 10 dB over the whole signal, 72 subcarriers together. The
tables say the SNR at BLER 0.25 and 0.1, the gains with 95 % intervals (paired: the
frames are the same), and the CPU time of a slot on one thread.

The second table has the cells outside of the training, with the fall-back on: what the
model then loses against LMMSE, at the greatest BLER that both reach.
"""

import argparse
import csv
from dataclasses import replace
from pathlib import Path

import numpy as np

from commgen._console import plain_console
from commgen.cli._tables import plain_table
from commgen.frame.bursts import Bursts
from commgen.frame.frame import RADIO_FRAME
from commgen.frame.received import FrameConditions
from commgen.sdr.models import RECEIVER
from commgen.sdr.reception.blanking import Blanking
from commgen.sdr.reception.comparison import compare_receivers
from commgen.sdr.reception.learned import ModelReceiver
from commgen.sdr.reception.slots import SlotReception, as_slot_receiver

SEED = 7301  # of channels and frames; no training has it
SNR_DB = np.arange(1.0, 18.0, 2.0)
QUIET = FrameConditions(bursts=Bursts(probability=0.0))
CASES = {
    "none": QUIET,
    "psd": replace(QUIET, bursts=Bursts()),
    "sir": replace(QUIET, bursts=Bursts(over="signal")),
}


class Held:
    """LMMSE with LLRs held within 20, as a network sees them."""

    name = "lmmse-20"

    def __init__(self):
        self._lmmse = as_slot_receiver("lmmse", RADIO_FRAME)

    def receive(self, y, no, measured=None):
        """Receive slots."""
        found = self._lmmse.receive(y, no)
        llr = np.clip(found.llr, -20, 20)
        return SlotReception(found.h_hat, llr, (self.name,) * len(y))


def channels(num, *, seed, **changes):
    """Draw slots of the frame, with their fading."""
    from commgen.channels import draw_channels, parse_channel_config
    from commgen.frame.slots import slots_of

    grid = {
        "num_time_steps": 14,
        "time_step_s": RADIO_FRAME.symbol_duration_s,
        "num_subcarriers": 73,
        "subcarrier_spacing_hz": 15e3,
    }
    values = {
        "scenario": "tdl",
        "model": list("ABCDE"),
        "delay_spread_min_s": 30e-9,
        "delay_spread_max_s": 300e-9,
        "carrier_hz": 3.5e9,
        "speed_max_m_s": 30.0,
        "grid": grid,
    }
    config = parse_channel_config({**values, **changes})
    h = draw_channels(config, num, seed=seed).h
    return slots_of(
        h,
        RADIO_FRAME,
        subcarrier_spacing_hz=15e3,
        time_step_s=RADIO_FRAME.symbol_duration_s,
    )


def outside(num):
    """Cells at and beyond the ends of the training: name, channels, conditions."""
    spreads = {"delay_spread_min_s": None, "delay_spread_max_s": None}
    for model in "ABCDE":
        for spread in (30e-9, 300e-9):
            h = channels(
                num, seed=SEED + 1, model=[model], delay_spread_s=spread, **spreads
            )
            yield f"TDL-{model} {spread * 1e9:.0f} ns", h, QUIET
    for spread in (600e-9, 1e-6):
        h = channels(num, seed=SEED + 2, delay_spread_s=spread, **spreads)
        yield f"delay spread {spread * 1e9:.0f} ns", h, QUIET
    h = channels(num, seed=SEED + 3)
    for speed in (60.0, 100.0):
        fast = channels(num, seed=SEED + 4, speed_min_m_s=speed, speed_max_m_s=speed)
        yield f"{speed:.0f} m/s", fast, QUIET
    for cfo_hz in (300.0, 600.0):
        yield f"CFO {cfo_hz:.0f} Hz", h, replace(QUIET, max_cfo_hz=cfo_hz)
    yield "timing 1 sample", h, replace(QUIET, max_delay_s=520e-9)
    for name, bursts in {
        "wide bursts, 20 carriers": Bursts((20, 20), (3, 15), (0.0, 10.0)),
        "one symbol, all carriers": Bursts((72, 72), (1, 1), (0.0, 10.0)),
        "one carrier, all symbols": Bursts((1, 1), (15, 15), (20.0, 30.0)),
        "weak bursts": Bursts(power_db=(-10.0, 0.0)),
    }.items():
        yield name, h, replace(QUIET, bursts=bursts)


def beside(found, model):
    """Return rows of one case: SNR at the targets, gain of the model, time."""
    rows = []
    for name in found.block_errors:
        row = {"receiver": name}
        for target in (0.25, 0.1):
            row[f"SNR at {target:g}"] = f"{found.snr_at(name, target).snr_db:.2f}"
            gain = found.gain_db(model, name, target)
            row[f"{model} gains"] = row.get(f"{model} gains", "") + (
                "" if name == model else "{:+.2f} ({:+.2f} to {:+.2f}) ".format(*gain)
            )
        row["BLER"] = " ".join(f"{p:.3f}" for p in found.bler(name))
        row["CPU ms"] = f"{found.cpu_ms[name]:.3f}"
        rows.append(row)
    return rows


def loss(found, name, than):
    """Return the loss in dB, with interval, at the first target that both reach."""
    for target in (0.1, 0.25, 0.5):
        gain = found.gain_db(than, name, target)
        if np.isfinite(gain[0]):
            return target, gain
    return None, (np.nan,) * 3


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--num-frames", type=int, default=4096)
    parser.add_argument("--num-outside", type=int, default=512)
    parser.add_argument("--model", type=Path, default=RECEIVER)
    parser.add_argument("--float32", type=Path)
    options = parser.parse_args()
    console, rows = plain_console(width=160), []
    receivers = {
        "ls": as_slot_receiver("ls", RADIO_FRAME),
        "lmmse": as_slot_receiver("lmmse", RADIO_FRAME),
        "lmmse-20": Held(),
        "blanking": Blanking(RADIO_FRAME),
        "model alone": ModelReceiver(options.model, fall_back=False),
        "model": ModelReceiver(options.model),
    }
    if options.float32:
        receivers["float32"] = ModelReceiver(options.float32, fall_back=False)
    h = channels(options.num_frames, seed=SEED)
    for case, conditions in CASES.items():
        found = compare_receivers(h, receivers, SNR_DB, conditions, seed=SEED)
        own = beside(found, "model alone")
        console.print(plain_table(f"interference: {case}", own))
        rows += [{"case": case, **row} for row in own]
    pair = {name: receivers[name] for name in ("lmmse", "model")}
    own = []
    for case, h, conditions in outside(options.num_outside):
        found = compare_receivers(
            h, pair, np.arange(-1.0, 24.0, 4.0), conditions, seed=1
        )
        target, values = loss(found, "model", "lmmse")
        row = {"cell": case, "at BLER": target, "model loses dB": values[0]}
        row |= {"low": values[1], "high": values[2]}
        for name in pair:
            row[f"least BLER {name}"] = found.bler(name).min()
        own.append(
            {k: f"{v:.2f}" if isinstance(v, float) else str(v) for k, v in row.items()}
        )
    console.print(plain_table("outside, fall-back on", own))
    options.output.mkdir(parents=True, exist_ok=True)
    for name, table in (("beside", rows), ("outside", own)):
        with open(options.output / f"{name}.csv", "w", newline="") as file:
            writer = csv.DictWriter(file, list(table[0]))
            writer.writeheader()
            writer.writerows(table)


if __name__ == "__main__":
    main()
