"""Block error rate by receiver: err_var used or not, data-aided iterations, a network.

Every scenario runs all its receivers over the same bits, channels and noise; a gain is
the SNR that a receiver needs less than its own baseline, with a paired interval.
"""

import argparse
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from commgen._tables import write_csv
from commgen.generative.training import TrainingConfig
from commgen.phy import Link, parse_config, save_overview
from commgen.phy.neural.training import train_neural_receiver, training_seed
from commgen.phy.simulation.sources import build_source
from commgen.studies.receivers import GAIN_COLUMNS, receiver_study

TRAINING = TrainingConfig(num_epochs=30, batch_size=16, learning_rate=3e-3, patience=30)
NUM_TRAINING_SLOTS = 1024


def versions(
    kind: str, name: str, *, iterations=(3,), again=None, **options
) -> list[dict]:
    """Return an estimator as it is, without ``err_var``, and iterated."""
    entry = {"kind": kind, **options}
    again = [
        {**entry, **(again or {}), "name": f"{name} x{n}", "iterations": n}
        for n in iterations
    ]
    untold = {**entry, "name": f"{name} untold", "use_err_var": False}
    return [{**entry, "name": name}, untold, *again]


def baselines(config) -> dict[str, str]:
    """Compare ``NAME untold`` and ``NAME xN`` with ``NAME``."""
    names = [entry.name for entry in config.estimators]
    stems = {name: name.rsplit(" ", 1)[0] for name in names}
    return {name: stem for name, stem in stems.items() if stem in names}


def pusch(name: str, model: str, max_doppler_hz: float, start_db: float) -> dict:
    """Return a fixed reference channel of TS 38.104 with two receive antennas."""
    return {
        "channel": {
            "source": "3gpp",
            "scenario": "tdl",
            "model": model,
            "max_doppler_hz": max_doppler_hz,
            "num_rx_ant": 2,
        },
        "link": {"kind": "pusch", "reference_channel": name, "num_rx_ant": 2},
        "estimators": [
            {"kind": "perfect"},
            *versions("ls", "ls"),
            *versions("lmmse-interpolation", "lmmse", iterations=(1, 2, 3)),
        ],
        "sweep": sweep(start_db, start_db + 6, 1.0, 512, bler=[0.1]),
    }


def sweep(start_db, stop_db, step_db, num_blocks, *, bler=(0.1, 0.01)) -> dict:
    """All blocks at every SNR: a paired gain needs common slots."""
    return {
        "snr_start_db": start_db,
        "snr_stop_db": stop_db,
        "snr_step_db": step_db,
        "batch_size": 64,
        "max_num_blocks": num_blocks,
        "target_block_errors": num_blocks,
        "target_bler": list(bler),
    }


def ofdm() -> dict:
    """Return 16-QAM over a channel that moves; one covariance is a guess."""
    guess = {"delay_spread_s": 2e-7, "max_doppler_hz": 100.0}
    return {
        "channel": {
            "source": "3gpp",
            "scenario": "tdl",
            "model": "A",
            "delay_spread_s": 1e-7,
            "max_doppler_hz": 100.0,
            "num_rx_ant": 2,
        },
        "link": {
            "fft_size": 72,
            "subcarrier_spacing_hz": 30e3,
            "cyclic_prefix_length": 6,
            "num_rx_ant": 2,
            "num_bits_per_symbol": 4,
            "coderate": 0.5,
        },
        "estimators": [
            {"kind": "perfect"},
            *versions("ls", "ls"),
            *versions("lmmse-interpolation", "lmmse"),
            *versions("lmmse-interpolation", "guess", **guess),
        ],
        "sweep": sweep(4, 14.5, 1.5, 640, bler=[0.1]),
    }


def umi() -> dict:
    """Return the link of the demo with 64 antennas; the mixture is fitted here."""
    return {
        "channel": {
            "source": "3gpp",
            "scenario": "umi",
            "carrier_hz": 3.5e9,
            "bs_array": {"columns": 64},
            "direction": "uplink",
            "distance_min_m": 10.0,
            "distance_max_m": 150.0,
            "azimuth_min_deg": -60.0,
            "azimuth_max_deg": 60.0,
            "indoor_probability": 0.5,
            "num_floors": 4,
            "bs_height_m": 10.0,
        },
        "link": {
            "num_rx_ant": 64,
            "fft_size": 24,
            "subcarrier_spacing_hz": 30e3,
            "cyclic_prefix_length": 2,
            "pilot_subcarrier_step": 2,
            "time_interpolation": "average",
            "num_bits_per_symbol": 4,
            "coderate": 0.5,
        },
        "estimators": [
            {"kind": "perfect"},
            *versions("ls", "ls", again={"block": (14, 6)}),
            *versions(
                "gmm",
                "gmm",
                again={"block": (14, 6)},
                num_train_channels=1000,
                num_components=16,
            ),
        ],
        "sweep": {**sweep(-12, 3, 1.5, 256, bler=[0.1]), "batch_size": 32},
    }


SCENARIOS = {
    "PUSCH A3-11": lambda: pusch("G-FR1-A3-11", "B100", 400.0, -7.0),
    "PUSCH A4-11": lambda: pusch("G-FR1-A4-11", "C300", 100.0, 6.0),
    "OFDM 16-QAM": ofdm,
    "UMi, 64 antennas": umi,
}


def main():
    parser = argparse.ArgumentParser(description="block error rate by receiver")
    parser.add_argument(
        "--output", type=Path, default=Path("runs/benchmarks/receivers")
    )
    parser.add_argument("--only", choices=list(SCENARIOS), help="one scenario")
    parser.add_argument("--no-network", action="store_true")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    console, rows, pictures = Console(), [], []
    for title, scenario in SCENARIOS.items():
        if arguments.only not in (None, title):
            continue
        values: dict[str, Any] = {"seed": arguments.seed, **scenario()}
        if scenario is ofdm and not arguments.no_network:
            network = arguments.output / "network"
            train(values, network, arguments.seed + 1)
            values["estimators"] += [
                {"kind": "neural-receiver", "name": "network", "model": str(network)}
            ]
        config = parse_config(values)
        folder = arguments.output / title.replace(", ", "-").replace(" ", "-")
        study = receiver_study(
            config, folder, baselines=baselines(config), progress=True
        )
        rows += [{"scenario": title, **row} for row in study.gains]
        estimates = [row for row in study.rows if row["estimator"] != "perfect"]
        pictures.append((title, estimates, study.rows))
        console.print(as_table(title, study))
    write_csv(arguments.output / "gains.csv", rows, ("scenario", *GAIN_COLUMNS))
    save_overview(arguments.output / "receivers.png", pictures)
    console.print(f"written to {arguments.output}", highlight=False, soft_wrap=True)


def train(values: dict, folder: Path, seed: int) -> None:
    """Train the network for the link of ``values``, unless it is there."""
    if folder.is_dir():
        return
    limits = values["sweep"]["snr_start_db"], values["sweep"]["snr_stop_db"]
    config, own = parse_config(values), training_seed(seed)
    link = Link(config.link, build_source(config, seed=own), seed=own)
    train_neural_receiver(
        link,
        folder,
        channel=config.channel,
        snr_range_db=limits,
        seed=seed,
        num_slots=NUM_TRAINING_SLOTS,
        training=TRAINING,
        progress=True,
    )


def as_table(title: str, study) -> Table:
    """SNRs at the targets, gains, and the CPU time of estimation."""
    seconds: dict[str, float] = {}
    slots: dict[str, int] = {}
    for row in study.rows:
        name = row["estimator"]
        seconds[name] = seconds.get(name, 0.0) + row["cpu_seconds"]
        slots[name] = slots.get(name, 0) + row["num_channels"]
    table = Table(title=title)
    for head in ("target", "receiver", "SNR dB", "gain dB", "over", "CPU ms / slot"):
        table.add_column(
            head, justify="left" if head in ("receiver", "over") else "right"
        )
    for row in study.gains:
        name = row["estimator"]
        table.add_row(
            f"{row['measure']} {row['target']:g}",
            name,
            f"{row['snr_at_db']:.2f}",
            "{gain_db:.2f} ({gain_low_db:.2f}..{gain_high_db:.2f})".format(**row),
            row["baseline"],
            f"{1e3 * seconds[name] / slots[name]:.2f}",
        )
    return table


if __name__ == "__main__":
    main()
