"""One configuration in, one run folder out."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from commgen._files import sha256, write_text
from commgen._progress import progress_bar
from commgen.phy.card import RunCard
from commgen.phy.config import SimulationConfig
from commgen.phy.config_file import dump_config
from commgen.phy.figure import save_figure
from commgen.phy.link import Link
from commgen.phy.monte_carlo import MonteCarlo, Tally
from commgen.phy.priors import build_estimators, build_unfitted, model_files
from commgen.phy.run_folder import (
    ESTIMATION_COLUMNS,
    RESULT_COLUMNS,
    load_tally,
    save_tally,
    write_csv,
)
from commgen.phy.sources import build_source

_SAVE_EVERY_S = 2.0


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
    was_done
        Whether the folder already held the finished run, so that nothing was computed.
    """

    folder: Path
    rows: list[dict[str, Any]]
    was_done: bool


def run_simulation(
    config: SimulationConfig,
    folder: str | Path,
    *,
    progress: bool = True,
    jit_compile: bool = True,
) -> RunResult:
    """Simulate ``config`` into ``folder``, or go on where an earlier run stopped.

    The folder then holds ``config.yaml``, ``results.csv``, ``estimation.csv``,
    ``results.png``, ``card.json``, ``state.npz`` (from which a killed run resumes, with
    the same results) and, in ``models``, what was fitted.

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

    Raises
    ------
    ValueError
        If the folder holds something else, another configuration, or inputs that have
        changed since; or the configuration does not fit its data. Nothing is written
        then.
    OSError
        If a file is missing or the folder cannot be written.
    """
    folder = Path(folder)
    _check_folder(folder, config)
    inputs = {str(path): sha256(path) for path in model_files(config)}
    card = RunCard(folder, config, inputs)
    card.check_inputs()
    state = folder / "state.npz"
    if card.done:
        names = [entry.name for entry in config.estimators]
        rows = load_tally(state).rows(names, config.sweep.snr_db)
        return RunResult(folder, rows, was_done=True)
    clock = _Clock()
    # Whatever does not fit shows here, before anything is written.
    source = build_source(config, seed=config.seed)
    link = Link(config.link, source, seed=config.seed, jit_compile=jit_compile)
    build_unfitted(config, link.resource_grid)
    write_text(folder / "config.yaml", dump_config(config))
    card.write(done=False, **clock.spent())
    estimators = build_estimators(
        config, link.resource_grid, model_folder=folder / "models"
    )
    tally = load_tally(state) if state.exists() else None
    monte_carlo = MonteCarlo(link, estimators, config.sweep, tally=tally)
    try:
        _sweep(monte_carlo, state, progress)
    finally:  # also when interrupted: what was spent was spent
        card.write(done=False, **clock.spent())
    rows = _write_results(folder, monte_carlo)
    card.write(done=True, **clock.spent())
    return RunResult(folder, rows, was_done=False)


def _check_folder(folder: Path, config: SimulationConfig) -> None:
    """Raise unless ``folder`` is new, empty, or a run of ``config``."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} must be a folder, it is a file.")
    path = folder / "config.yaml"
    if not path.exists():
        if folder.is_dir() and any(folder.iterdir()):
            raise ValueError(
                f"{folder} is not empty and holds no run; choose another folder."
            )
        return
    if path.read_text(encoding="utf-8") != dump_config(config):
        raise ValueError(
            f"{folder} holds a run of another configuration; choose another folder."
        )


class _Clock:
    """Wall and CPU time since it was made."""

    def __init__(self):
        self._start = time.monotonic(), time.process_time()

    def spent(self) -> dict[str, float]:
        """Seconds, as arguments of :meth:`RunCard.write`."""
        return {
            "wall_seconds": time.monotonic() - self._start[0],
            "cpu_seconds": time.process_time() - self._start[1],
        }


def _sweep(monte_carlo: MonteCarlo, state: Path, progress: bool) -> None:
    """Run all batches; save the tally every few seconds and at the end."""
    saved = time.monotonic()
    num_points = monte_carlo.pending.size
    per_batch = monte_carlo.num_blocks_per_batch
    with progress_bar(
        "simulating",
        monte_carlo.num_batches * per_batch,
        unit="blocks",
        enabled=progress,
    ) as advance:
        advance(monte_carlo.tally.num_batches * per_batch)

        def after_batch(tally: Tally) -> None:
            nonlocal saved
            num_pending = int(monte_carlo.pending.sum())
            advance(per_batch, note=f"{num_pending} of {num_points} points to go")
            if num_pending == 0 or time.monotonic() - saved > _SAVE_EVERY_S:
                save_tally(state, tally)
                saved = time.monotonic()

        monte_carlo.run(after_batch=after_batch)


def _write_results(folder: Path, monte_carlo: MonteCarlo) -> list[dict[str, Any]]:
    rows = monte_carlo.tally.rows(monte_carlo.names, monte_carlo.snr_db)
    write_csv(folder / "results.csv", rows, RESULT_COLUMNS)
    write_csv(folder / "estimation.csv", rows, ESTIMATION_COLUMNS)
    save_figure(folder / "results.png", rows)
    return rows
