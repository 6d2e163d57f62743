"""One experiment in, one run folder out."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._progress import progress_bar
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.home import RunHome
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.lock import FolderLock
from commgen.montecarlo.monte_carlo import MonteCarlo
from commgen.montecarlo.results import results_of, write_results
from commgen.montecarlo.tally import Tally
from commgen.montecarlo.workers import Workers


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
    tally
        What was counted: for readings beside those, with
        :class:`~commgen.montecarlo.readings.CurveReader`.
    was_done
        Whether the folder already held the finished run, so that nothing was computed.
    """

    folder: Path
    layout: Layout
    rows: list[dict[str, Any]]
    readings: list[dict[str, Any]]
    tally: Tally
    was_done: bool


def run_experiment(
    experiment: Experiment,
    folder: str | Path,
    *,
    progress: bool = True,
    workers: Workers | None = None,
    other_versions: bool = False,
) -> RunResult:
    """Run an experiment into ``folder``, or go on where an earlier run stopped.

    The folder then holds ``config.yaml``, the tables of the experiment
    (``results.csv``), ``readings.csv``, ``results.png``, ``card.json``, ``state.npz``
    (saved after every batch: from it a killed run resumes, with the same results) and,
    in ``models``, what was made for it. It goes on only with what its counts were made
    of: configuration, content of the inputs, models, and versions.

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
    other_versions
        Go on although Python, commgen or a package has another version than when the
        run began; the card then has both.

    Raises
    ------
    ValueError
        If the folder holds something else, another configuration, counts of another
        run, or inputs that have changed since; or the experiment does not fit its
        data. Nothing is written then.
    BlockingIOError
        If another run is at work in the folder.
    OSError
        If a file is missing, the folder cannot be written, or is removed meanwhile;
        what is there stays.
    """
    home = RunHome(experiment, Path(folder))
    if home.card.before.done:
        return _result(home, home.read_finished(), was_done=True)
    clock = _Clock()
    with FolderLock(home.folder) as lock:
        home.reread()  # another run may have ended meanwhile
        if home.card.before.done:
            return _result(home, home.read_finished(), was_done=True)
        state = home.read_unfinished(other_versions=other_versions)

        def keep() -> Path:
            if not home.begun:
                lock.take()
                home.reread()
            home.begin(**clock.spent())
            return home.models

        simulator = experiment.build(keep)
        if not home.begun:
            keep()
        home.check_models(state)
        executor = workers.serve(experiment, home.models) if workers else None
        monte_carlo = MonteCarlo(
            simulator,
            experiment.sweep,
            tally=state.tally if state else None,
            waiting=state.waiting if state else (),
            executor=executor,
        )
        try:
            _sweep(monte_carlo, home, lock, progress)
        finally:  # also when interrupted: what was spent was spent
            if lock.holds:
                home.card.write(done=False, **clock.spent(executor))
        result = _result(home, monte_carlo.tally, was_done=False)
        home.card.write(done=True, **clock.spent(executor))
        return result


def _result(home: RunHome, tally: Tally, *, was_done: bool) -> RunResult:
    """Return what was found, and write its tables unless they are there."""
    experiment = home.experiment
    if was_done:
        rows, found = results_of(experiment, tally)
    else:
        rows, found = write_results(home.folder, experiment, tally)
    return RunResult(home.folder, experiment.layout, rows, found, tally, was_done)


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


def _sweep(
    monte_carlo: MonteCarlo, home: RunHome, lock: FolderLock, progress: bool
) -> None:
    """Run all batches, and save the tally after each."""
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

        def after_batch(tally: Tally) -> None:
            nonlocal done
            num_pending = int(monte_carlo.pending.sum())
            note = f"{num_pending} of {num_points} points to go"
            advance((tally.num_batches - done) * per_batch, note=note)
            done = tally.num_batches
            lock.check()
            home.save(tally, monte_carlo.waiting.values())

        monte_carlo.run(after_batch=after_batch)
    home.sync()
