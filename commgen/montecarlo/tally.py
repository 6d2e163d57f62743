"""What a sweep has counted so far, and what follows from it."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from commgen.measures.intervals import RatioSums, wilson_interval
from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.layout import BLOCKS, TRIALS, Layout, Rate

# Rows of the events that every experiment has.
_TRIALS, _ERRORS = 0, 1


@dataclass
class Tally:
    """What has been counted, [num_curves, num_points] unless stated; mutable.

    Parameters
    ----------
    num_batches
        Batches of the sweep that are done.
    blocks
        Blocks of the trials.
    events : [num_events, num_curves, num_points]
        Sums over trials of the events of the layout: the trials themselves, wrong
        blocks, and others.
    joint : [num_events, num_curves, num_points, num_events, num_curves, num_points]
        Sums over trials of products of two events, where both points were run.
    cpu_seconds
        CPU time of each curve.
    resting
        Points that have enough, bool.
    sums
        What an experiment sums besides, by name, [num_curves, num_points, ...].
    """

    num_batches: int
    blocks: np.ndarray
    events: np.ndarray
    joint: np.ndarray
    cpu_seconds: np.ndarray
    resting: np.ndarray
    sums: dict[str, np.ndarray] = field(default_factory=dict)

    @classmethod
    def empty(cls, layout: Layout) -> "Tally":
        """Return a tally of nothing."""
        shape = len(layout.curves), len(layout.points)
        events = (len(layout.events), *shape)
        return cls(
            num_batches=0,
            blocks=np.zeros(shape, np.int64),
            events=np.zeros(events, np.int64),
            joint=np.zeros((*events, *events), np.int64),
            cpu_seconds=np.zeros(shape),
            resting=np.zeros(shape, bool),
        )

    @property
    def trials(self) -> np.ndarray:
        """Trials, such as slots of a link, [num_curves, num_points]."""
        return self.events[_TRIALS]

    @property
    def block_errors(self) -> np.ndarray:
        """Wrong blocks, [num_curves, num_points]."""
        return self.events[_ERRORS]

    def add(self, batch: CountedBatch, *, num_blocks: int = 1) -> None:
        """Add the next batch; what it has of points that rest already is left out.

        A batch may have been run before it was known that a point would rest. Leaving
        that out makes the tally what it would be if batches ran one after the other.

        Parameters
        ----------
        batch
            Batch number ``num_batches``.
        num_blocks
            Blocks of a trial.

        Raises
        ------
        ValueError
            If it is not the next batch, or its sums are not those of the others.
        """
        if batch.batch != self.num_batches:
            raise ValueError(
                f"batch must be number {self.num_batches}, got {batch.batch}."
            )
        if self.num_batches and batch.sums.keys() != self.sums.keys():
            raise ValueError(
                f"batch must have the sums {sorted(self.sums)}, "
                f"got {sorted(batch.sums)}."
            )
        i, j = batch.points.T
        keep = np.flatnonzero(~self.resting[i, j])
        i, j = i[keep], j[keep]
        self.blocks[i, j] += num_blocks * batch.events[_TRIALS, keep]
        self.events[:, i, j] += batch.events[:, keep]
        every = np.arange(len(self.events))
        index = np.ix_(every, keep, every, keep)
        rows = (every[:, None, None, None], i[:, None, None], j[:, None, None])
        self.joint[(*rows, every[:, None], i, j)] += batch.joint[index]
        for name, values in batch.sums.items():
            shape = (*self.blocks.shape, *values.shape[1:])
            total = self.sums.setdefault(name, np.zeros(shape, values.dtype))
            total[i, j] += values[keep]
        self.cpu_seconds[i, j] += batch.cpu_seconds[keep]
        self.num_batches += 1

    def bler_interval(self, i: int, j: int) -> tuple[float, float]:
        """Return Wilson's 95 % interval of a block error rate, for blocks in trials.

        The blocks of a trial share its channel. The effective number of blocks is
        their number divided by the design effect, the variance over trials beside that
        of independent blocks (Kish, *Survey Sampling*, 1965, 8.2), between 1 and the
        blocks of a trial; where no block or every block failed, trials count.
        """
        return self._wilson(_ERRORS, self.blocks, i, j)

    def rate(
        self, layout: Layout, rate: Rate, i: int, j: int
    ) -> tuple[float, float, float]:
        """Return a rate at a point, and its 95 % interval.

        Over trials or their blocks it is that of :meth:`bler_interval`; over another
        event, as deliveries over transmissions are, by the delta method.
        """
        top, bottom = layout.event(rate.top), layout.event(rate.bottom)
        count = int(self.events[top, i, j])
        if rate.bottom in (TRIALS, BLOCKS):
            among = self.blocks if rate.bottom == BLOCKS else self.trials
            return count / int(among[i, j]), *self._wilson(top, among, i, j)
        sums = RatioSums(
            float(self.trials[i, j]),
            float(count),
            float(self.events[bottom, i, j]),
            *(
                float(self.joint[a, i, j, b, i, j])
                for a, b in ((top, top), (top, bottom), (bottom, bottom))
            ),
        )
        low, high = sums.interval()
        return sums.ratio(), low, min(high, 1.0) if rate.is_share else high

    def _wilson(self, event: int, among: Any, i: int, j: int) -> tuple[float, float]:
        count, blocks = int(self.events[event, i, j]), int(among[i, j])
        trials = int(self.trials[i, j])
        if trials == blocks:
            return wilson_interval(count, blocks)
        rate, share = count / blocks, blocks / trials
        spread = self.joint[event, i, j, event, i, j] / trials - (count / trials) ** 2
        alone = rate * (1 - rate) * share
        effect = float(np.clip(spread / alone, 1, share)) if alone > 0 else share
        low, high = wilson_interval(count / effect, blocks / effect)
        return min(low, rate), max(high, rate)
