"""Tables and picture of a run, from what it counted."""

from pathlib import Path
from typing import Any

from commgen._files.tables import write_csv
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.readings import readings
from commgen.montecarlo.tally import Tally

Rows = list[dict[str, Any]]


def results_of(experiment: Experiment, tally: Tally) -> tuple[Rows, Rows]:
    """Return the rows of a run's tables, and of its ``readings.csv``."""
    found = readings(tally, experiment.layout, experiment.targets())
    return experiment.rows(tally), found


def write_results(
    folder: Path, experiment: Experiment, tally: Tally
) -> tuple[Rows, Rows]:
    """Write the tables of a run, ``readings.csv`` and ``results.png``.

    Parameters
    ----------
    folder
        Run folder.
    experiment
        What was run.
    tally
        What was counted.

    Returns
    -------
    rows, readings : list of dict
        As :func:`results_of`.
    """
    from commgen.montecarlo.figure import save_figure  # and Matplotlib, only to draw

    rows, found = results_of(experiment, tally)
    for name, columns in experiment.tables.items():
        write_csv(folder / name, rows, columns)
    write_csv(folder / "readings.csv", found, experiment.layout.reading_columns)
    save_figure(folder / "results.png", rows, experiment.layout)
    return rows, found
