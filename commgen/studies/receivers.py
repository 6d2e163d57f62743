"""Receivers over the same slots: curves, and what each gains over its own baseline."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen._progress import progress_bar
from commgen.montecarlo.monte_carlo import MonteCarlo
from commgen.montecarlo.readings import CurveReader
from commgen.montecarlo.results import write_results
from commgen.phy.simulation.experiment import LinkExperiment


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
    experiment = LinkExperiment(config, jit_compile=jit_compile)
    inputs = {path.name: experiment.digest(path) for path in experiment.inputs()}
    run = MonteCarlo(experiment.build(), experiment.sweep)
    total = run.num_batches
    with progress_bar(
        "comparing receivers", total, unit="batches", enabled=progress
    ) as advance:
        run.run(after_batch=lambda tally: advance(1))
    gains = _gains(run.tally, experiment, pairs)
    if folder is None:
        rows = experiment.rows(run.tally)
    else:
        folder = Path(folder)
        rows, _ = write_results(folder, experiment, run.tally)
        write_csv(folder / "gains.csv", gains)
    return ReceiverStudy(rows, gains, inputs)


def _gains(tally, experiment, pairs) -> list[dict[str, Any]]:
    layout, rows = experiment.layout, []
    columns = layout.reading_columns
    columns = (*columns[:3], "baseline", *columns[3:])
    for measure, targets in experiment.targets().items():
        reader = CurveReader(tally, layout, measure)
        for target in targets:
            read = (reader.read(i, target) for i in range(len(layout.curves)))
            found = dict(zip(layout.curves, read, strict=True))
            for name, reading in found.items():
                baseline = pairs.get(name, layout.curves[0])
                values = (
                    *(measure, target, name, baseline),
                    *(reading.value, *reader.interval(reading)),
                    *reader.gain(reading, found[baseline]),
                )
                rows.append(dict(zip(columns, values, strict=True)))
    return rows
