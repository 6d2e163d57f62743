"""Receivers over the same slots: curves, and what each gains over its own baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files import sha256
from commgen._progress import progress_bar
from commgen._tables import write_csv
from commgen.phy.monte_carlo import InProcess, MonteCarlo
from commgen.phy.readings import CurveReader
from commgen.phy.results import write_results
from commgen.phy.run_folder import READING_COLUMNS
from commgen.phy.simulation.estimators import build_estimators
from commgen.phy.simulation.inputs import model_files
from commgen.phy.simulation.links import build_link
from commgen.phy.simulation.simulator import Simulator

GAIN_COLUMNS = (*READING_COLUMNS[:3], "baseline", *READING_COLUMNS[3:])


@dataclass(frozen=True)
class ReceiverStudy:
    """Result of :func:`receiver_study`.

    Parameters
    ----------
    rows
        Of each estimator and SNR, as in ``results.csv`` and ``estimation.csv``.
    gains
        Of each estimator and target: the SNR at which it is met and how much less that
        is than its ``baseline`` needs, in dB, with paired intervals of 95 %.
    inputs
        SHA-256 of the models and data that were read.
    """

    rows: list[dict[str, Any]]
    gains: list[dict[str, Any]]
    inputs: dict[str, str]


def receiver_study(
    config: Any,
    folder: str | Path | None = None,
    *,
    baselines: Mapping[str, str] | None = None,
    progress: bool = False,
    jit_compile: bool = False,
) -> ReceiverStudy:
    """Simulate all receivers of a configuration over the same slots and compare them.

    Parameters
    ----------
    config : SimulationConfig
        Link, channel, estimators with ``use_err_var`` and ``iterations``, sweep.
    folder
        Where ``results.csv``, ``estimation.csv``, ``readings.csv``, ``gains.csv`` and
        ``results.png`` go; None writes nothing.
    baselines
        Name of an estimator to that which it is compared with; for those left out it is
        the first estimator.
    progress
        Show a progress bar.
    jit_compile
        As in :class:`~commgen.phy.Link`.

    Raises
    ------
    ValueError, OSError
        If ``baselines`` names what is not there; or as
        :func:`~commgen.phy.run_simulation`.
    """
    names = [entry.name for entry in config.estimators]
    pairs = dict(baselines or {})
    unknown = [name for pair in pairs.items() for name in pair if name not in names]
    if unknown:
        raise ValueError(
            f"baselines must name estimators, {names}, got {unknown[0]!r}."
        )
    inputs = {str(path): sha256(path) for path in model_files(config)}
    link = build_link(config, jit_compile=jit_compile)
    estimators = build_estimators(config, link.resource_grid)
    sweep = config.sweep
    simulator = Simulator(link, estimators, sweep.snr_db, sweep.batch_size)
    run = MonteCarlo(link, estimators, config.sweep, executor=InProcess(simulator))
    total = run.num_batches
    with progress_bar(
        "comparing receivers", total, unit="batches", enabled=progress
    ) as advance:
        run.run(after_batch=lambda tally: advance(1))
    tally, snr_db = run.tally, config.sweep.snr_db
    gains = _gains(tally, names, pairs, snr_db, config.sweep)
    if folder is None:
        rows = tally.rows(names, snr_db)
    else:
        folder = Path(folder)
        rows, _ = write_results(folder, config, tally)
        write_csv(folder / "gains.csv", gains, GAIN_COLUMNS)
    return ReceiverStudy(rows, gains, inputs)


def _gains(tally, names, pairs, snr_db, sweep) -> list[dict[str, Any]]:
    targets = [("bler", value) for value in sweep.target_bler]
    if tally.harq:
        targets += [("throughput", value) for value in sweep.target_throughput]
    rows = []
    for measure, target in targets:
        reader = CurveReader(tally, snr_db, measure)
        found = dict(
            zip(names, (reader.read(i, target) for i in range(len(names))), strict=True)
        )
        for name, reading in found.items():
            baseline = pairs.get(name, names[0])
            values = (
                measure,
                target,
                name,
                baseline,
                reading.snr_db,
                *reader.interval(reading),
                *reader.gain(reading, found[baseline]),
            )
            rows.append(dict(zip(GAIN_COLUMNS, values, strict=True)))
    return rows
