"""Tables and picture of a run, from what it counted."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from commgen._tables import ESTIMATION_COLUMNS, write_csv
from commgen.phy.figure import save_figure
from commgen.phy.readings import readings
from commgen.phy.run_folder import READING_COLUMNS, RESULT_COLUMNS, THROUGHPUT_COLUMNS
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.tally import Tally


def write_results(
    folder: Path, config: SimulationConfig, tally: Tally, *, again: bool = True
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Write ``results.csv``, ``estimation.csv``, ``readings.csv`` and ``results.png``.

    Parameters
    ----------
    folder
        Run folder.
    config
        Its simulation.
    tally
        What was counted.
    again
        ``False``: write nothing, only return.

    Returns
    -------
    rows, readings : list of dict
        Of ``results.csv`` with ``estimation.csv``, and of ``readings.csv``.
    """
    names = [entry.name for entry in config.estimators]
    sweep = config.sweep
    rows = tally.rows(names, sweep.snr_db)
    targets: dict[str, Sequence[float]] = {"bler": sweep.target_bler}
    if tally.harq:
        targets["throughput"] = sweep.target_throughput
    found = readings(tally, names, sweep.snr_db, targets)
    if again:
        extra = THROUGHPUT_COLUMNS if tally.harq else ()
        write_csv(folder / "results.csv", rows, RESULT_COLUMNS + extra)
        write_csv(folder / "estimation.csv", rows, ESTIMATION_COLUMNS)
        write_csv(folder / "readings.csv", found, READING_COLUMNS)
        save_figure(folder / "results.png", rows)
    return rows, found
