"""Record a site, learn it, receive there again: what that is worth.

A site is a set of scatterers around a base station, drawn from a seed; terminals stand
at random places of a square and move. Frames are sent over the channels of some places
(simulated air with noise, CFO and clock error), recorded by ``commgen sdr record``, and
learned by ``commgen train --family slot`` and ``commgen export``. Then frames come from
other places of the same site, and all receivers see the same samples: LMMSE, the slot
mixture of TDL channels (the old model), and the new one. The table has the SNR at a
block error rate of 0.1, and what the new one gains, with 95 % intervals; also at a
second site, which nobody has recorded.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from rich.console import Console
from rich.table import Table

from commgen._figure import curve_style, tidy
from commgen._files.tables import write_csv
from commgen._files.whole import atomic_path
from commgen.datasets import ChannelMeta, write_channels
from commgen.frame.frame import RADIO_FRAME as FRAME
from commgen.measures.crossing import error_rate_crossing
from commgen.sdr.air.air import Air
from commgen.sdr.air.config import AirConfig
from commgen.sdr.reception.named import estimator_named
from commgen.sdr.reception.receiver import FrameReceiver
from commgen.sdr.waveform.numbered import NumberedFrames

SNR_DB = np.arange(3.0, 16.0, 1.5)
TARGET = 0.1
CARRIER_HZ, MAX_SPEED_M_S = 3.5e9, 10.0
NUM_SCATTERERS, RAYS = 7, 8
LIGHT_M_S = 299_792_458.0
PIECE = 131_072
NEW, OLD = "site", "slot"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output", type=Path, default=Path("runs/benchmarks"))
    parser.add_argument("--recorded", type=int, default=3000, help="frames to learn")
    parser.add_argument("--frames", type=int, default=1500, help="at each SNR")
    parser.add_argument("--components", type=int, default=32, help="of the mixture")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    folder = arguments.output / "radio_site"
    folder.mkdir(parents=True, exist_ok=True)
    seed = arguments.seed
    sites = {"recorded site": 2 * seed, "another site": 2 * seed + 1}
    for name, site in sites.items():
        write_site(folder / f"{name}.h5", site, arguments.frames, seed=[seed, 1])
    write_site(folder / "places.h5", 2 * seed, arguments.recorded, seed=[seed, 2])
    model = learn(folder, arguments.recorded, arguments.components, seed)
    rows, curves = [], {}
    for name in sites:
        errors = block_errors(folder / f"{name}.h5", model, arguments.frames, seed)
        rows += crossings(name, errors)
        curves[name] = {key: lost.mean(axis=1) for key, lost in errors.items()}
    write_csv(arguments.output / "radio_site.csv", rows)
    draw(curves, arguments.output / "radio_site.png")
    show(rows, arguments)


def write_site(path: Path, site: int, num: int, *, seed) -> None:
    """Write channels of ``num`` places of a site, on the grid of the frame."""
    rng = np.random.default_rng([site, 100])
    at = rng.uniform(-1, 1, (NUM_SCATTERERS, 2)) * 350 + np.array([150, 0])
    loss_db = rng.uniform(0, 12, NUM_SCATTERERS)
    rng = np.random.default_rng([site, *seed])
    terminal = rng.uniform(-30, 30, (num, 1, 2)) + np.array([150, 0])
    ray = at + rng.normal(size=(RAYS, NUM_SCATTERERS, 2)) * 3
    ray = ray.reshape(-1, 2)
    away = np.linalg.norm(ray - terminal, axis=2)
    length = np.linalg.norm(ray, axis=1) + away
    amplitude = 10 ** (-np.tile(loss_db, RAYS) / 20) / length
    direction = (ray - terminal) / away[..., None]
    angle = rng.uniform(0, 2 * np.pi, num)
    heading = np.stack([np.cos(angle), np.sin(angle)], 1)[:, None]
    speed = rng.uniform(0, MAX_SPEED_M_S, (num, 1))
    doppler = speed * np.sum(direction * heading, axis=2) * CARRIER_HZ / LIGHT_M_S
    delay = (length - length.min(axis=1, keepdims=True)) / LIGHT_M_S
    # Roughness: a ray's phase is as good as random from place to place.
    phase = rng.uniform(0, 2 * np.pi, length.shape)
    times = np.arange(FRAME.num_ofdm_symbols) * FRAME.symbol_duration_s
    frequencies = np.arange(-36, 37) * FRAME.subcarrier_spacing_hz
    over_time = np.exp(
        2j * np.pi * doppler[:, None] * times[:, None] + 1j * phase[:, None]
    )
    over_band = np.exp(-2j * np.pi * delay[..., None] * frequencies)
    h = (amplitude[:, None] * over_time) @ over_band
    h = h / np.sqrt(np.mean(np.abs(h) ** 2))
    meta = ChannelMeta(
        domain="frequency",
        subcarrier_spacing_hz=FRAME.subcarrier_spacing_hz,
        time_step_s=FRAME.symbol_duration_s,
        carrier_hz=CARRIER_HZ,
        scenario=f"simulated site {site}",
    )
    write_channels(path, h[:, None, None].astype(np.complex64), meta)


def learn(folder: Path, num_frames: int, num_components: int, seed: int) -> Path:
    """Record, train and export by the commands that a user would give."""
    recorded, model, exported = (folder / n for n in ("on_air.h5", "model", "site.npz"))
    air = ["--channel-file", folder / "places.h5", "--snr-db", 15, "--cfo-hz", 3000]
    air += ["--clock-error-ppm", 2, "--seed", seed]
    record = ["sdr", "record", "-o", recorded, "--frames", num_frames, *air]
    train = ["train", recorded, "-o", model, "--family", "slot", "--seed", seed]
    train += ["--num-components", num_components]
    for command in (record, train, ["export", model, "-o", exported]):
        words = [sys.executable, "-m", "commgen.cli", *map(str, command), "--force"]
        subprocess.run(words, check=True)
    return exported


def block_errors(path: Path, model: Path, num: int, seed: int) -> dict:
    """Return which frames were lost, receiver to [num_snr, num], bool."""
    names = {"lmmse": "lmmse", OLD: OLD, NEW: str(model)}
    errors = {name: np.ones((len(SNR_DB), num), bool) for name in names}
    numbered = NumberedFrames(seed=seed)
    sent = numbered(np.arange(num)).ravel()
    tail = np.zeros(numbered.transmitter.num_samples, np.complex64)
    for j, snr_db in enumerate(SNR_DB):
        config = AirConfig(
            channel_file=path,
            renewal=numbered.transmitter.num_samples,
            snr_db=float(snr_db),
            cfo_hz=-2e3,
            clock_error_ppm=-1.0,
            seed=seed + 10,
        )
        y = Air(config).push(np.concatenate([sent, tail]))
        for name, estimator in names.items():
            slots = estimator if name == OLD else estimator_named(estimator, FRAME)
            receiver = FrameReceiver(estimator=slots)
            frames = [
                f
                for i in range(0, len(y), PIECE)
                for f in receiver.push(y[i : i + PIECE])
            ]
            for f in [*frames, *receiver.finish()]:
                number = numbered.payloads.number_of(f.bits)
                if f.crc_ok and number < num and not numbered.payloads.errors(f.bits):
                    errors[name][j, number] = False
    return errors


def crossings(site: str, errors: dict) -> list[dict]:
    """Return SNRs at the target, and the gains of the new model."""
    found = {n: error_rate_crossing(SNR_DB, rows, TARGET) for n, rows in errors.items()}
    rows = [(name, crossing.interval()) for name, crossing in found.items()]
    for other in (OLD, "lmmse"):
        rows.append((f"gain over {other}", found[other].minus(found[NEW])))
    columns = ("site", "what", "db", "low", "high")
    return [dict(zip(columns, (site, n, *values), strict=True)) for n, values in rows]


def show(rows: list[dict], arguments) -> None:
    table = Table(title=f"SNR in dB at BLER {TARGET}, {arguments.frames} frames an SNR")
    for name in ("site", "what", "dB", "95 %"):
        table.add_column(name)
    for r in rows:
        ends = f"{r['low']:.2f} to {r['high']:.2f}"
        table.add_row(r["site"], r["what"], f"{r['db']:.2f}", ends)
    console = Console(width=100)
    console.print(table)
    console.print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def draw(curves: dict, path: Path) -> None:
    figure = Figure(figsize=(9, 4), layout="constrained")
    for axes, (site, rates) in zip(figure.subplots(1, 2), curves.items(), strict=True):
        for i, (name, rate) in enumerate(rates.items()):
            axes.semilogy(SNR_DB, rate, label=name, **curve_style(i))
        axes.set_title(site)
        axes.set_ylabel("block error rate")
        tidy(axes)
        axes.legend()
    with atomic_path(path) as temporary:
        figure.savefig(temporary, format="png", dpi=150)


if __name__ == "__main__":
    main()
