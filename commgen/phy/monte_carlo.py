"""The sweep over SNR: batches, who computes them, and when it is enough."""

from collections.abc import Callable, Iterable
from typing import Any, Protocol

import numpy as np

from commgen.phy.counts import Block
from commgen.phy.simulation.simulator import Simulator
from commgen.phy.tally import Tally


class Executor(Protocol):
    """Computes batches, in any order.

    ``capacity`` is how many batches it holds at once.
    """

    capacity: int

    def submit(self, batch: int, pending: np.ndarray) -> None:
        """Begin batch number ``batch`` for the points of ``pending``."""
        ...

    def next_block(self) -> Block:
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

    def next_block(self) -> Block:
        """Compute the batch that waits longest."""
        return self._simulator.run(*self._queue.pop(0))


class MonteCarlo:
    """Run estimators over one link until every SNR has enough errors or blocks.

    Batches are counted in order, and each serves all SNRs and estimators that still
    need it. A batch depends on its number alone, and whether a point goes on follows
    from its own counts, so the result is a function of configuration and seed, however
    many workers computed it and wherever it was interrupted. Workers run ahead: a batch
    that came early waits in ``waiting``, and what it has of a point that rests by then
    is not counted.

    Parameters
    ----------
    link : Link or PuschLink
        The link.
    estimators
        Name to receiver or estimator, as the link takes them.
    sweep : SweepConfig
        SNRs and stopping.
    tally
        Where to go on; nothing counted by default.
    waiting
        Batches beyond the tally that were computed before.
    executor
        Who computes; by default this process.

    Raises
    ------
    ValueError
        If ``tally`` is of another sweep.
    """

    def __init__(
        self,
        link: Any,
        estimators: dict[str, Any],
        sweep: Any,
        *,
        tally: Tally | None = None,
        waiting: Iterable[Block] = (),
        executor: Executor | None = None,
    ):
        self.link, self.sweep = link, sweep
        self.names = list(estimators)
        self.snr_db = sweep.snr_db
        empty = Tally.empty(
            len(self.names), len(self.snr_db), harq=getattr(link, "harq", False)
        )
        self.tally = tally or empty
        if self.tally.events.shape != empty.events.shape:
            raise ValueError(
                f"tally must be of {len(self.names)} estimators and "
                f"{len(self.snr_db)} SNRs, got {self.tally.blocks.shape}."
            )
        self.waiting = {block.batch: block for block in waiting}
        self._executor = executor or InProcess(
            Simulator(link, estimators, self.snr_db, sweep.batch_size)
        )
        self._in_flight: set[int] = set()

    @property
    def pending(self) -> np.ndarray:
        """Which estimators go on at which SNR, [num_estimators, num_snr], bool."""
        return ~self.tally.resting

    @property
    def num_batches(self) -> int:
        """Batches after which every SNR has ``max_num_blocks``."""
        return -(-self.sweep.max_num_blocks // self.num_blocks_per_batch)

    @property
    def num_blocks_per_batch(self) -> int:
        """Blocks that a batch adds at each SNR."""
        return self.sweep.batch_size * self.link.num_blocks_per_slot

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
            block = self._executor.next_block()
            self._in_flight.discard(block.batch)
            self.waiting[block.batch] = block
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

    def _count(self, block: Block) -> None:
        tally, link = self.tally, self.link
        tally.add(block, blocks=link.num_blocks_per_slot, bits=link.num_bits_per_slot)
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
