"""The sweep over points: batches, who computes them, and when it is enough."""

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np

from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.experiment import Simulator
from commgen.montecarlo.sweep import StoppingRule
from commgen.montecarlo.tally import Tally


class Executor(Protocol):
    """Computes batches, in any order.

    ``capacity`` is how many batches it holds at once.
    """

    capacity: int

    def submit(self, batch: int, pending: np.ndarray) -> None:
        """Begin batch number ``batch`` for the points of ``pending``."""
        ...

    def next_batch(self) -> CountedBatch:
        """Wait for one of the batches that were submitted, and return it."""
        ...


class InProcess:
    """Executor that computes a batch when it is asked for."""

    capacity = 1

    def __init__(self, simulator: Simulator):
        self._simulator = simulator
        self._queue: list[tuple[int, np.ndarray]] = []

    def submit(self, batch: int, pending: np.ndarray) -> None:
        """Put a batch into the queue."""
        self._queue.append((batch, pending))

    def next_batch(self) -> CountedBatch:
        """Compute the batch that waits longest."""
        return self._simulator.run(*self._queue.pop(0))


class MonteCarlo:
    """Run batches until every point of every curve has enough errors or blocks.

    Batches are counted in order, and each serves all points and curves that still need
    it. A batch depends on its number alone, and whether a point goes on follows from
    its own counts, so the result is a function of experiment and seed, however many
    workers computed it and wherever it was interrupted. Workers run ahead: a batch that
    came early waits in ``waiting``, and what it has of a point that rests by then is
    not counted.

    Parameters
    ----------
    simulator
        What runs batches, such as :meth:`~commgen.montecarlo.Experiment.build` gives.
    sweep
        Size of a batch, and stopping.
    tally
        Where to go on; nothing counted by default.
    waiting
        Batches beyond the tally that were computed before.
    executor
        Who computes; by default this process.

    Raises
    ------
    ValueError
        If ``tally`` is of another sweep, or the sweep has no ``batch_size``.
    """

    def __init__(
        self,
        simulator: Simulator,
        sweep: StoppingRule,
        *,
        tally: Tally | None = None,
        waiting: Iterable[CountedBatch] = (),
        executor: Executor | None = None,
    ):
        if sweep.batch_size is None:
            raise ValueError("sweep must have a batch_size, got none.")
        self.simulator, self.sweep = simulator, sweep
        empty = Tally.empty(simulator.layout)
        self.tally = tally or empty
        if self.tally.events.shape != empty.events.shape:
            _, num_curves, num_points = empty.events.shape
            raise ValueError(
                f"tally must be of {num_curves} curves and {num_points} points, "
                f"got {self.tally.blocks.shape}."
            )
        self.num_blocks_per_batch = sweep.batch_size * simulator.num_blocks
        self.waiting = {batch.batch: batch for batch in waiting}
        self._executor = executor or InProcess(simulator)
        self._in_flight: set[int] = set()

    @property
    def pending(self) -> np.ndarray:
        """Which curves go on at which point, [num_curves, num_points], bool."""
        return ~self.tally.resting

    @property
    def num_batches(self) -> int:
        """Batches after which every point has ``max_num_blocks``."""
        return -(-self.sweep.max_num_blocks // self.num_blocks_per_batch)

    def run(self, *, after_batch: Callable[[Tally], None] | None = None) -> Tally:
        """Run to the end; ``after_batch`` is called with the tally after each batch."""
        while self.pending.any():
            self.run_batch()
            if after_batch is not None:
                after_batch(self.tally)
        return self.tally

    def run_batch(self) -> None:
        """Wait for one batch, and count all that are next in order."""
        if self.tally.num_batches not in self.waiting:
            self._fill()
            batch = self._executor.next_batch()
            self._in_flight.discard(batch.batch)
            self.waiting[batch.batch] = batch
        while self.tally.num_batches in self.waiting and self.pending.any():
            self._count(self.waiting.pop(self.tally.num_batches))

    def _fill(self) -> None:
        """Keep the executor busy with the batches that come next."""
        batch = self.tally.num_batches
        while len(self._in_flight) < self._executor.capacity:
            if batch not in self._in_flight and batch not in self.waiting:
                # Beyond the last batch there is nothing to run ahead to.
                if batch >= self.num_batches and self._in_flight:
                    return
                self._executor.submit(batch, self.pending)
                self._in_flight.add(batch)
            batch += 1

    def _count(self, batch: CountedBatch) -> None:
        tally = self.tally
        tally.add(batch, num_blocks=self.simulator.num_blocks)
        for i, j in np.argwhere(~tally.resting):
            tally.resting[i, j] = self._enough(i, j)

    def _enough(self, i: int, j: int) -> bool:
        """Whether a point has what the sweep asks for; once true, it stays so."""
        sweep, tally = self.sweep, self.tally
        if tally.blocks[i, j] >= sweep.max_num_blocks:
            return True
        errors = tally.block_errors[i, j]
        width, floor = sweep.target_relative_width, sweep.min_bler
        if width is None and floor is None:
            return bool(errors >= sweep.target_block_errors)
        low, high = tally.bler_interval(i, j)
        if floor is not None and high < floor:
            return True
        if errors < sweep.target_block_errors:
            return False
        return width is None or high - low <= width * errors / tally.blocks[i, j]
