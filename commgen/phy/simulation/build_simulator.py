"""From a configuration to what simulates its batches."""

from collections.abc import Callable
from pathlib import Path

from commgen.phy.simulation.build_link import build_link
from commgen.phy.simulation.config import SimulationConfig
from commgen.phy.simulation.estimators import build_estimators, build_unfitted
from commgen.phy.simulation.memory import check_memory
from commgen.phy.simulation.simulator import Simulator


def build_simulator(
    config: SimulationConfig,
    keep: Callable[[], Path | None],
    *,
    jit_compile: bool = True,
) -> Simulator:
    """Build link and estimators of a simulation.

    Parameters
    ----------
    config
        The simulation.
    keep
        As in :meth:`~commgen.montecarlo.Experiment.build`: called before models are
        fitted, it returns where they are kept.
    jit_compile
        As in :class:`~commgen.phy.Link`.

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.phy.simulation.build_link.build_link` and
        :func:`~commgen.phy.simulation.estimators.build_estimators`.
    """
    # Whatever does not fit shows here, before anything is kept.
    check_memory(config)
    link = build_link(config, jit_compile=jit_compile)
    ready = build_unfitted(config, link.resource_grid)
    estimators = build_estimators(
        config, link.resource_grid, model_folder=keep(), ready=ready
    )
    size = config.sweep.batch_size or 1  # a configuration has set it
    return Simulator(link, estimators, config.sweep.snr_db, size)
