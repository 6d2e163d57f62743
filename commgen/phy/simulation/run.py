"""One simulation in, one run folder out."""

from pathlib import Path

from commgen.montecarlo.run import RunResult, run_experiment
from commgen.montecarlo.workers import Workers
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.experiment import LinkExperiment


def run_simulation(
    config: SimulationConfig,
    folder: str | Path,
    *,
    progress: bool = True,
    jit_compile: bool = True,
    workers: Workers | None = None,
    other_versions: bool = False,
) -> RunResult:
    """Simulate ``config`` into ``folder``, or go on where an earlier run stopped.

    The folder is that of :func:`~commgen.montecarlo.run_experiment`, with
    ``estimation.csv`` besides: error of the channel estimates, and what was promised.

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
    other_versions
        As in :func:`~commgen.montecarlo.run_experiment`.

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.montecarlo.run_experiment`.
    """
    experiment = LinkExperiment(config, jit_compile=jit_compile)
    return run_experiment(
        experiment,
        folder,
        progress=progress,
        workers=workers,
        other_versions=other_versions,
    )
