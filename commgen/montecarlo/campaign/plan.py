"""What an experiment will cost, from a few batches of it."""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from commgen._progress import progress_bar
from commgen.montecarlo.experiment import Experiment
from commgen.montecarlo.monte_carlo import MonteCarlo
from commgen.montecarlo.run_folder import save_state
from commgen.montecarlo.sweep import StoppingRule


@dataclass(frozen=True)
class Plan:
    """Expected cost of an experiment, with a range where the error rates leave one.

    Parameters
    ----------
    num_points
        Curves times values of the axis.
    num_batches : (low, expected, high)
        Batches until the last point rests.
    num_blocks : (low, expected, high)
        Blocks over all points.
    cpu_hours : (low, expected, high)
        CPU time of the batches [h], as measured on this machine.
    start_seconds
        CPU time before the first batch is done: graphs, fits of models [s].
    num_bytes
        Size of the run folder without fitted models [byte].
    memory_bytes
        Peak memory of a process [byte].
    """

    num_points: int
    num_batches: tuple[int, int, int]
    num_blocks: tuple[int, int, int]
    cpu_hours: tuple[float, float, float]
    start_seconds: float
    num_bytes: int
    memory_bytes: int


def plan_experiment(
    experiment: Experiment, *, num_batches: int = 3, progress: bool = True
) -> Plan:
    """Run a few batches, and extrapolate; nothing is kept.

    Errors come at the measured rate; the range is that of its 95 % interval. A point
    that has not failed yet may need all of ``max_num_blocks``. The time of a point in a
    batch is taken as its share of the batch's.

    Parameters
    ----------
    experiment
        What would be run.
    num_batches
        Batches to run, after one that only warms up.
    progress
        As in :func:`~commgen.montecarlo.run_experiment`.

    Raises
    ------
    ValueError, OSError
        As :func:`~commgen.montecarlo.run_experiment`.
    """
    import resource

    start = time.process_time()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        simulator = experiment.build(lambda: folder / "models")
        endless = {"target_block_errors": 10**9, "max_num_blocks": 10**9}
        sweep = experiment.sweep.model_copy(update={**endless, "min_bler": None})
        monte_carlo = MonteCarlo(simulator, sweep)
        with progress_bar(
            "planning", num_batches + 1, unit="batches", enabled=progress
        ) as advance:
            monte_carlo.run_batch()
            advance(1)
            begun = time.process_time()
            for _ in range(num_batches):
                monte_carlo.run_batch()
                advance(1)
        per_batch = (time.process_time() - begun) / num_batches
        save_state(folder / "state.npz", monte_carlo.tally)
        num_bytes = (folder / "state.npz").stat().st_size + 100_000  # tables, picture
    sweep = experiment.sweep
    needs = np.stack([_batches(sweep, monte_carlo, end) for end in (1, 0.5, 0)])
    # A batch costs as many shares as it has points that still need it.
    shares = needs.sum((1, 2)) / needs[0].size
    low, mid, high = (int(n) for n in needs.max((1, 2)))
    blocks = needs.sum((1, 2)) * monte_carlo.num_blocks_per_batch
    hours = per_batch * shares / 3600
    return Plan(
        needs[0].size,
        (low, mid, high),
        (int(blocks[0]), int(blocks[1]), int(blocks[2])),
        (float(hours[0]), float(hours[1]), float(hours[2])),
        begun - start,
        num_bytes,
        resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
    )


def _batches(sweep: StoppingRule, monte_carlo: MonteCarlo, end: float) -> np.ndarray:
    """Batches that each point needs, at the high end, middle or low end of its rate."""
    tally = monte_carlo.tally
    per_batch = monte_carlo.num_blocks_per_batch
    most = -(-sweep.max_num_blocks // per_batch)
    needs = np.zeros(tally.blocks.shape, np.int64)
    for i, j in np.ndindex(*needs.shape):
        low, high = tally.bler_interval(i, j)
        rate = {0: low, 0.5: tally.block_errors[i, j] / tally.blocks[i, j], 1: high}
        blocks = _blocks(sweep, float(rate[end]))
        needs[i, j] = min(most, max(1, int(np.ceil(min(blocks / per_batch, 1e9)))))
    return needs


def _blocks(sweep: StoppingRule, rate: float) -> float:
    """Blocks until a point of that error rate rests, if there is no greatest number."""
    if rate <= 0:
        blocks = float("inf")
    else:
        blocks = sweep.target_block_errors / rate
        if sweep.target_relative_width is not None:
            # Width of the interval: 2 x 1.96 sqrt((1 - p) / (p n)) as a share of p.
            wanted = (2 * 1.96 / sweep.target_relative_width) ** 2
            blocks = max(blocks, wanted * (1 - rate) / rate)
    if sweep.min_bler is not None and rate < sweep.min_bler:
        # Wilson's upper end without errors is 3.84 / n.
        blocks = min(blocks, 3.84 / (sweep.min_bler - rate))
    return blocks
