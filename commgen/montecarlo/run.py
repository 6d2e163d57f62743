"""One experiment in, one run folder out."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files import check_folder, sha256, write_text
from commgen._progress import progress_bar
from commgen._replace import sync
from commgen.montecarlo.card import RunCard
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.monte_carlo import MonteCarlo
from commgen.montecarlo.results import results_of, write_results
from commgen.montecarlo.run_folder import load_state, save_state
from commgen.montecarlo.tally import Tally
from commgen.montecarlo.workers import Workers

CONFIG_FILE = "config.yaml"
STATE_FILE = "state.npz"
# Waiting for the disk after each of many short batches would cost more than 2 %.
_SYNC_SECONDS = 1.0


@dataclass(frozen=True)
class RunResult:
    """What a run found.

    Parameters
    ----------
    folder
        The run folder.
    layout
        Curves and points.
    rows
        One dict for each curve and point, with the columns of all tables of the run.
    readings
        Points at the targets of the sweep, with the columns of ``readings.csv``.
    was_done
        Whether the folder already held the finished run, so that nothing was computed.
    """

    folder: Path
    layout: Layout
    rows: list[dict[str, Any]]
    readings: list[dict[str, Any]]
    was_done: bool


def run_experiment(
    experiment: Experiment,
    folder: str | Path,
    *,
    progress: bool = True,
    workers: Workers | None = None,
) -> RunResult:
    """Run an experiment into ``folder``, or go on where an earlier run stopped.

    The folder then holds ``config.yaml``, the tables of the experiment
    (``results.csv``), ``readings.csv``, ``results.png``, ``card.json``, ``state.npz``
    (saved after every batch: from it a killed run resumes, with the same results) and,
    in ``models``, what was made for it.

    Parameters
    ----------
    experiment
        What is run.
    folder
        Run folder; made if it is not there.
    progress
        Show a progress bar on standard error.
    workers
        Processes that compute; by default this one does. The results are the same.

    Raises
    ------
    ValueError
        If the folder holds something else, another configuration, or inputs that have
        changed since; or the experiment does not fit its data. Nothing is written
        then.
    OSError
        If a file is missing or the folder cannot be written; what is there stays.
    """
    folder, layout = Path(folder), experiment.layout
    check_folder(folder, "run", CONFIG_FILE, experiment.dump())
    inputs = {str(path): sha256(path) for path in experiment.inputs()}
    card = RunCard(folder, experiment, inputs)
    card.check_inputs()
    if card.done:
        rows, found = results_of(experiment, load_state(folder / STATE_FILE)[0])
        return RunResult(folder, layout, rows, found, was_done=True)
    clock, models = _Clock(), folder / "models"

    def keep() -> Path:
        write_text(folder / CONFIG_FILE, experiment.dump())
        card.write(done=False, **clock.spent())
        return models

    simulator = experiment.build(keep)
    if not (folder / CONFIG_FILE).is_file():
        keep()
    executor = workers.serve(experiment, models) if workers is not None else None
    state = folder / STATE_FILE
    tally, waiting = load_state(state) if state.exists() else (None, [])
    monte_carlo = MonteCarlo(
        simulator, experiment.sweep, tally=tally, waiting=waiting, executor=executor
    )
    try:
        _sweep(monte_carlo, state, progress)
    finally:  # also when interrupted: what was spent was spent
        card.write(done=False, **clock.spent(executor))
    rows, found = write_results(folder, experiment, monte_carlo.tally)
    card.write(done=True, **clock.spent(executor))
    return RunResult(folder, layout, rows, found, was_done=False)


class _Clock:
    """Wall and CPU time since it was made."""

    def __init__(self):
        self._start = time.monotonic(), time.process_time()

    def spent(self, executor: Any = None) -> dict[str, float]:
        """Seconds, with those of the workers, as arguments of RunCard.write."""
        workers = executor.cpu_seconds if executor is not None else 0.0
        return {
            "wall_seconds": time.monotonic() - self._start[0],
            "cpu_seconds": time.process_time() - self._start[1] + workers,
        }


def _sweep(monte_carlo: MonteCarlo, state: Path, progress: bool) -> None:
    """Run all batches, and save the tally after each, on disk once a second."""
    num_points = monte_carlo.pending.size
    per_batch = monte_carlo.num_blocks_per_batch
    done = monte_carlo.tally.num_batches
    with progress_bar(
        "simulating",
        monte_carlo.num_batches * per_batch,
        unit="blocks",
        enabled=progress,
    ) as advance:
        advance(done * per_batch)

        synced = float("-inf")

        def after_batch(tally: Tally) -> None:
            nonlocal done, synced
            num_pending = int(monte_carlo.pending.sum())
            note = f"{num_pending} of {num_points} points to go"
            advance((tally.num_batches - done) * per_batch, note=note)
            done = tally.num_batches
            now = time.monotonic()
            due = now >= synced + _SYNC_SECONDS
            synced = now if due else synced
            save_state(state, tally, monte_carlo.waiting.values(), synced=due)

        monte_carlo.run(after_batch=after_batch)
    if state.exists():
        sync(state)
