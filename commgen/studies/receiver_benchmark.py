"""Block error rate by receiver, scenario by scenario."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen.generative.training import TrainingConfig
from commgen.phy import Link, parse_config, save_overview
from commgen.phy.neural.training import train_neural_receiver, training_seed
from commgen.phy.simulation.sources import build_source
from commgen.studies.receiver_scenarios import (
    SCENARIOS,
    WITH_NETWORK,
    baselines,
    slug,
)
from commgen.studies.receivers import receiver_study
from commgen.studies.seeds import part_seed
from commgen.studies.stages import Stages
from commgen.studies.tables import Rows


@dataclass(frozen=True)
class ReceiverSize:
    """Which links are simulated, and how long.

    Parameters
    ----------
    scenarios
        Of :data:`~commgen.studies.receiver_scenarios.SCENARIOS`.
    estimators
        Names of those that are kept, all where None.
    sweep
        What replaces values of each scenario's sweep.
    num_slots, num_epochs, width
        Of the network's training; no slots leave the network out.
    """

    scenarios: tuple[str, ...] = tuple(SCENARIOS)
    estimators: tuple[str, ...] | None = None
    sweep: tuple[tuple[str, Any], ...] = ()
    num_slots: int = 1024
    num_epochs: int = 30
    width: int = 32


#: One link, its network included, at three SNRs; the figures mean little.
QUICK = ReceiverSize(
    (WITH_NETWORK,),
    ("perfect", "ls", "lmmse", "lmmse untold", "lmmse x3"),
    (
        ("snr_start_db", 0.0),
        ("snr_stop_db", 10.0),
        ("snr_step_db", 5.0),
        ("batch_size", 16),
        ("max_num_blocks", 16),
        ("target_block_errors", 16),
        ("target_bler", (0.5,)),
    ),
    num_slots=16,
    num_epochs=1,
    width=4,
)


def receiver_benchmark(
    output: Path, size: ReceiverSize, *, seed: int
) -> dict[str, Rows]:
    """Run all receivers of each scenario over the same bits, channels and noise.

    A gain is the SNR that a receiver needs less than its own baseline, with a paired
    interval.

    Parameters
    ----------
    output
        Folder of ``receivers.csv``, a picture, the network, and a folder for each
        scenario, which is done once.
    size
        How much.
    seed
        Seed of everything.

    Returns
    -------
    dict
        Title to rows: of each receiver and target its SNR, its gain, and the CPU time
        of estimation for each slot.
    """
    stages, gains, pictures = Stages(output / "stages"), [], []
    tables: dict[str, Rows] = {}
    for title in size.scenarios:

        def compute(title=title):
            study = _scenario(output, title, size, seed)
            return [study.rows, study.gains]

        rows, own = stages.result(slug(title), [asdict(size), seed], compute)
        cost = _cpu_ms(rows)
        tables[title] = [row | {"cpu_ms": cost[row["estimator"]]} for row in own]
        gains += [{"scenario": title, **row} for row in tables[title]]
        estimates = [row for row in rows if row["estimator"] != "perfect"]
        pictures.append((title, estimates, rows))
    write_csv(output / "receivers.csv", gains)
    save_overview(output / "receivers.png", pictures)
    return tables


def _scenario(output: Path, title: str, size: ReceiverSize, seed: int) -> Any:
    values: dict[str, Any] = {"seed": seed, **SCENARIOS[title]()}
    values["sweep"] |= dict(size.sweep)
    if size.estimators is not None:
        values["estimators"] = [
            entry
            for entry in values["estimators"]
            if entry.get("name", entry["kind"]) in size.estimators
        ]
    if title == WITH_NETWORK and size.num_slots:
        network = output / "network"
        _train(values, network, size, part_seed(seed, "receivers/network"))
        entry = {"kind": "neural-receiver", "name": "network", "model": str(network)}
        values["estimators"] = [*values["estimators"], entry]
    config = parse_config(values)
    names = [entry.name for entry in config.estimators]
    folder = output / slug(title)
    return receiver_study(config, folder, baselines=baselines(names), progress=True)


def _train(values: dict, folder: Path, size: ReceiverSize, seed: int) -> None:
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
        num_slots=size.num_slots,
        width=size.width,
        training=TrainingConfig(
            num_epochs=size.num_epochs, batch_size=16, learning_rate=3e-3, patience=30
        ),
        progress=True,
    )


def _cpu_ms(rows: Rows) -> dict[str, float]:
    """Return the CPU time of estimation for each slot, by estimator [ms]."""
    seconds: dict[str, float] = {}
    slots: dict[str, int] = {}
    for row in rows:
        name = row["estimator"]
        seconds[name] = seconds.get(name, 0.0) + row["cpu_seconds"]
        slots[name] = slots.get(name, 0) + row["num_channels"]
    return {name: 1e3 * seconds[name] / slots[name] for name in seconds}
