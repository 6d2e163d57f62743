"""Designed points on the radio: what they gain over QAM there, and in the link.

The same frame, code and channels twice: blocks of the simulator's link, and frames that
the radio's receiver finds, tunes and decodes on simulated air with a CFO. Within each
QAM and the points see the same data, channels and noise, so that gains are paired; a
frame that is not found counts as wrong. Shaped QAM, which the radio does not send, is
in the rows of the link alone.
"""

import argparse
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from rich.console import Console
from rich.table import Table
from scipy.constants import speed_of_light

from commgen._files.tables import write_csv
from commgen.channels import RecordedChannel
from commgen.design.goal import ConstellationGoal
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation
from commgen.frame.fields import FRAME_FIELDS
from commgen.frame.frame import RADIO_FRAME
from commgen.measures.crossing import error_rate_crossing
from commgen.phy import Link, parse_config
from commgen.phy.simulation.build_link import build_link
from commgen.phy.simulation.estimators import build_estimators
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.waveform.numbered import NumberedFrames

FRAME = replace(RADIO_FRAME, num_bits_per_symbol=6, coderate=2 / 3)
TARGET, ASKED_DB = 0.1, 0.2
DELAY_SPREAD_S, SPEED_M_S, CARRIER_HZ = 100e-9, 3.0, 3.5e9
CFO_HZ = 1e3
#: Channel to SNRs [dB].
CHANNELS = {
    "AWGN": np.arange(12.6, 14.21, 0.1),
    "TDL-A": np.arange(16.0, 28.1, 1.0),
}
#: Of the link's QAM, with the data of plain QAM.
SHAPING = {"matcher": "sphere", "length": 288, "num_bits": 461}
BATCH = 50


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--constellation", type=Path, help="designed here if not given")
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--frames", type=int, default=1000, help="of each SNR")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    points = points_of(arguments.constellation)
    size = arguments.frames, arguments.seed
    rows = []
    for channel, snr_db in CHANNELS.items():
        gains, own = {}, []
        for name, errors in (("link", link_errors), ("radio", radio_errors)):
            qam, *others = (
                error_rate_crossing(snr_db, errors(c, channel, snr_db, *size), TARGET)
                for c in (None, points, SHAPING)[: 3 if name == "link" else 2]
            )
            gains[name] = qam.minus(others[0])
            own.append(line(channel, f"{name}: QAM", qam.interval()))
            own.append(line(channel, f"{name}: gain", gains[name]))
            for shaped in others[1:]:
                own.append(line(channel, f"{name}: gain, shaped", qam.minus(shaped)))
        own.append(line(channel, "radio behind link", behind(gains)))
        show(own, f"{channel}, BLER {TARGET}, asked: within {ASKED_DB} dB")
        rows += own
    write_csv(arguments.output / "radio_constellation.csv", rows, list(rows[0]))


def points_of(path):
    """64 points for 4 bits: of a file, or designed from random starts."""
    if path is not None:
        return Constellation.load(path)
    goal = ConstellationGoal(num_bits_per_symbol=6, rate=4.0)
    return design_constellation(goal, seed=1, num_starts=4)[0].constellation


def link_errors(constellation, channel, snr_db, num_frames, seed):
    """Whether blocks of the simulator's link are wrong, [num_snr, num_frames]."""
    with TemporaryDirectory() as folder:
        config = link_config(Path(folder), constellation, seed)
        link = link_over(channel, config)
        estimators = build_estimators(config, link.resource_grid)
        pending = np.ones((1, len(snr_db)), bool)
        parts = []
        for batch in range(-(-num_frames // BATCH)):
            found = link.run_batch(batch, BATCH, snr_db, estimators, pending)
            parts.append(np.stack([counts.block_errors > 0 for _, _, counts in found]))
    return np.concatenate(parts, axis=1)


def link_over(channel, config):
    """Return the link of a configuration, over its TDL-A or over ones."""
    if channel != "AWGN":
        return build_link(config)
    h = np.ones((1, 1, 1, 1, FRAME.fft_size), np.complex64)
    ones = RecordedChannel(h, FRAME.subcarrier_spacing_hz, seed=config.seed)
    return Link(config.link, ones, seed=config.seed)


def link_config(folder, constellation, seed):
    link = {name: getattr(FRAME, name) for name in FRAME_FIELDS}
    link["coderate"] = FRAME.coderate
    if constellation is SHAPING:
        link["shaping"] = SHAPING
    elif constellation is not None:
        constellation.save(folder / "points.npz")
        link["constellation"] = str(folder / "points.npz")
    source = {
        "source": "3gpp",
        "scenario": "tdl",
        "model": "A",
        "delay_spread_s": DELAY_SPREAD_S,
        "carrier_hz": CARRIER_HZ,
        "speed_min_m_s": SPEED_M_S,
        "speed_max_m_s": SPEED_M_S,
        "num_rx_ant": 1,
    }
    estimator = {
        "kind": "lmmse-interpolation",
        "delay_spread_s": DELAY_SPREAD_S,
        "max_doppler_hz": SPEED_M_S / speed_of_light * CARRIER_HZ,
    }
    sweep = {"snr_start_db": 0, "snr_stop_db": 1, "snr_step_db": 1}
    return parse_config(
        {
            "seed": seed,
            "channel": source,
            "link": link,
            "estimators": [estimator],
            "sweep": {**sweep, "max_num_blocks": 1, "target_block_errors": 1},
        }
    )


def radio_errors(constellation, channel, snr_db, num_frames, seed):
    """Whether frames on simulated air are lost or wrong, [num_snr, num_frames]."""
    frame = replace(FRAME, constellation=constellation)
    frames = NumberedFrames(frame, seed=seed)
    # One frame more, since the air holds back the last samples.
    samples = frames(np.arange(num_frames + 1)).ravel()
    wrong = np.ones((len(snr_db), num_frames), bool)
    for row, snr in zip(wrong, snr_db, strict=True):
        config = AirConfig(
            channel=channel,
            delay_spread_s=DELAY_SPREAD_S,
            speed_m_s=SPEED_M_S,
            carrier_hz=CARRIER_HZ,
            renewal=frames.transmitter.num_samples,
            snr_db=float(snr),
            cfo_hz=CFO_HZ,
            seed=seed,
        )
        receiver = FrameReceiver(frame, estimator="lmmse")
        received = receiver.push(Air(config, frame).push(samples))
        right = [f.bits for f in received + receiver.finish() if f.crc_ok]
        numbers = [frames.payloads.number_of(bits) for bits in right]
        row[[number for number in numbers if number < num_frames]] = False
    return wrong


def behind(gains):
    """Return by how much less the radio gains than the link; other draws."""
    (a, *ends_a), (b, *ends_b) = gains["link"], gains["radio"]
    half = np.hypot(np.ptp(ends_a), np.ptp(ends_b)) / 2
    return a - b, a - b - half, a - b + half


def line(channel, what, interval):
    names = ("channel", "what", "dB", "low", "high")
    return dict(zip(names, (channel, what, *map(float, interval)), strict=True))


def show(rows, title):
    table = Table(*rows[0], title=title)
    for row in rows:
        values = (v if isinstance(v, str) else f"{v:.3f}" for v in row.values())
        table.add_row(*values)
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
