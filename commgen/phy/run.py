"""One configuration in, one run folder out."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files import check_folder, sha256, write_text
from commgen._progress import progress_bar
from commgen.phy.card import RunCard
from commgen.phy.monte_carlo import MonteCarlo
from commgen.phy.results import write_results
from commgen.phy.run_folder import load_state, save_state
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.config_file import dump_config
from commgen.phy.simulation.estimators import build_estimators, build_unfitted
from commgen.phy.simulation.inputs import model_files
from commgen.phy.simulation.links import build_link
from commgen.phy.tally import Tally
from commgen.phy.workers import Workers


@dataclass(frozen=True)
class RunResult:
    """What a run found.

    Parameters
    ----------
    folder
        The run folder.
    rows
        One dict for each estimator and SNR, with the columns of ``results.csv`` and
        ``estimation.csv``.
    readings
        SNRs at the targets of the sweep, with the columns of ``readings.csv``.
    was_done
        Whether the folder already held the finished run, so that nothing was computed.
    """

    folder: Path
    rows: list[dict[str, Any]]
    readings: list[dict[str, Any]]
    was_done: bool


def run_simulation(
    config: SimulationConfig,
    folder: str | Path,
    *,
    progress: bool = True,
    jit_compile: bool = True,
    workers: Workers | None = None,
) -> RunResult:
    """Simulate ``config`` into ``folder``, or go on where an earlier run stopped.

    The folder then holds ``config.yaml``, ``results.csv``, ``estimation.csv``,
    ``readings.csv``, ``results.png``, ``card.json``, ``state.npz`` (saved after every
    batch: from it a killed run resumes, with the same results) and, in ``models``, what
    was fitted.

    Parameters
    ----------
    config
        The simulation.
    folder
        Run folder; made if it is not there.
    progress
        Show a progress bar on standard error.
    jit_compile
        As in :class:`~commgen.phy.Link`; ``False`` pays for short runs.
    workers
        Processes that simulate; by default this one does. The results are the same.

    Raises
    ------
    ValueError
        If the folder holds something else, another configuration, or inputs that have
        changed since; or the configuration does not fit its data. Nothing is written
        then.
    OSError
        If a file is missing or the folder cannot be written; what is there stays.
    """
    folder = Path(folder)
    check_folder(folder, "run", "config.yaml", dump_config(config))
    inputs = {str(path): sha256(path) for path in model_files(config)}
    card = RunCard(folder, config, inputs)
    card.check_inputs()
    state = folder / "state.npz"
    if card.done:
        rows, found = write_results(folder, config, load_state(state)[0], again=False)
        return RunResult(folder, rows, found, was_done=True)
    clock = _Clock()
    # Whatever does not fit shows here, before anything is written.
    link = build_link(config, jit_compile=jit_compile)
    ready = build_unfitted(config, link.resource_grid)
    write_text(folder / "config.yaml", dump_config(config))
    card.write(done=False, **clock.spent())
    models = folder / "models"
    estimators = build_estimators(
        config, link.resource_grid, model_folder=models, ready=ready
    )
    tally, waiting = load_state(state) if state.exists() else (None, [])
    executor = None
    if workers is not None:
        executor = workers.serve(config, models, jit_compile=jit_compile)
    monte_carlo = MonteCarlo(
        link,
        estimators,
        config.sweep,
        tally=tally,
        waiting=waiting,
        executor=executor,
    )
    try:
        _sweep(monte_carlo, state, progress)
    finally:  # also when interrupted: what was spent was spent
        card.write(done=False, **clock.spent(executor))
    rows, found = write_results(folder, config, monte_carlo.tally)
    card.write(done=True, **clock.spent(executor))
    return RunResult(folder, rows, found, was_done=False)


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
            save_state(state, tally, monte_carlo.waiting.values())

        monte_carlo.run(after_batch=after_batch)
