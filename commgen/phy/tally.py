"""What a sweep has counted so far, and what follows from it."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen.measures.decibel import to_db
from commgen.measures.intervals import RatioSums, wilson_interval
from commgen.phy.counts import RATIO_FIELDS, Block

# Rows of Tally.events.
SLOTS, ERRORS, TRANSMISSIONS, DELIVERED = 0, 1, 2, 3


@dataclass
class Tally:
    """What has been counted, [num_estimators, num_snr] unless stated; mutable.

    Parameters
    ----------
    num_batches
        Batches of the sweep that are done.
    bits, blocks, bit_errors
        Information bits, codewords; wrong bits.
    events : [num_events, num_estimators, num_snr]
        Slots (or HARQ processes), block errors, and with HARQ transmissions and
        deliveries, see :meth:`~commgen.phy.counts.Counts.events`.
    joint : [num_events, num_estimators, num_snr, num_events, num_estimators, num_snr]
        Sums over slots of products of two events, where both points were run.
    nmse : [num_estimators, num_snr, 6]
        Fields of :class:`~commgen.measures.intervals.RatioSums`, over slots.
    predicted_power
        Sum of ``err_var``.
    cpu_seconds
        CPU time of the estimation stage.
    resting
        Points that have enough, bool.
    """

    num_batches: int
    bits: np.ndarray
    blocks: np.ndarray
    bit_errors: np.ndarray
    events: np.ndarray
    joint: np.ndarray
    nmse: np.ndarray
    predicted_power: np.ndarray
    cpu_seconds: np.ndarray
    resting: np.ndarray

    @classmethod
    def empty(cls, num_estimators: int, num_snr: int, *, harq: bool = False) -> "Tally":
        """Return a tally of nothing; with ``harq`` of four events instead of two."""
        shape = (num_estimators, num_snr)
        events = (4 if harq else 2, *shape)
        return cls(
            num_batches=0,
            bits=np.zeros(shape, np.int64),
            blocks=np.zeros(shape, np.int64),
            bit_errors=np.zeros(shape, np.int64),
            events=np.zeros(events, np.int64),
            joint=np.zeros((*events, *events), np.int64),
            nmse=np.zeros((*shape, len(RATIO_FIELDS))),
            predicted_power=np.zeros(shape),
            cpu_seconds=np.zeros(shape),
            resting=np.zeros(shape, bool),
        )

    @property
    def slots(self) -> np.ndarray:
        """Slots or HARQ processes, [num_estimators, num_snr]."""
        return self.events[SLOTS]

    @property
    def block_errors(self) -> np.ndarray:
        """Wrong codewords, [num_estimators, num_snr]."""
        return self.events[ERRORS]

    @property
    def harq(self) -> bool:
        """Whether blocks may be sent several times."""
        return len(self.events) > 2

    def add(self, block: Block, *, blocks: int, bits: int) -> None:
        """Add the next batch; what it has of points that rest already is left out.

        A batch may have been run before it was known that a point would rest. Leaving
        that out makes the tally what it would be if batches ran one after the other.

        Parameters
        ----------
        block
            Batch number ``num_batches``.
        blocks, bits
            Codewords and information bits of a slot.

        Raises
        ------
        ValueError
            If it is not the next batch.
        """
        if block.batch != self.num_batches:
            raise ValueError(
                f"block must be batch number {self.num_batches}, got {block.batch}."
            )
        i, j = block.points.T
        keep = np.flatnonzero(~self.resting[i, j])
        i, j = i[keep], j[keep]
        slots = block.events[SLOTS, keep]
        self.blocks[i, j] += blocks * slots
        self.bits[i, j] += bits * slots
        self.bit_errors[i, j] += block.bit_errors[keep]
        self.events[:, i, j] += block.events[:, keep]
        every = np.arange(len(self.events))
        index = np.ix_(every, keep, every, keep)
        rows = (every[:, None, None, None], i[:, None, None], j[:, None, None])
        self.joint[(*rows, every[:, None], i, j)] += block.joint[index]
        self.nmse[i, j] += block.nmse[keep]
        self.predicted_power[i, j] += block.predicted_power[keep]
        self.cpu_seconds[i, j] += block.cpu_seconds[keep]
        self.num_batches += 1

    def bler_interval(self, i: int, j: int) -> tuple[float, float]:
        """Return Wilson's 95 % interval of a block error rate, for blocks in slots.

        The blocks of a slot share its channel. The effective number of blocks is
        their number divided by the design effect, the variance over slots beside that
        of independent blocks (Kish, *Survey Sampling*, 1965, 8.2), between 1 and the
        blocks of a slot; where no block or every block failed, slots count.
        """
        errors, blocks = int(self.block_errors[i, j]), int(self.blocks[i, j])
        slots = int(self.slots[i, j])
        if slots == blocks:
            return wilson_interval(errors, blocks)
        rate, share = errors / blocks, blocks / slots
        spread = self.joint[ERRORS, i, j, ERRORS, i, j] / slots - (errors / slots) ** 2
        alone = rate * (1 - rate) * share
        effect = float(np.clip(spread / alone, 1, share)) if alone > 0 else share
        low, high = wilson_interval(errors / effect, blocks / effect)
        return min(low, rate), max(high, rate)

    def throughput(self, i: int, j: int) -> tuple[float, float, float]:
        """Return the fraction of the greatest throughput, and its 95 % interval.

        Blocks delivered over transmissions (TS 38.104, 8.2.1: the fraction of maximum
        throughput). NaN where nothing is sent twice.
        """
        if not self.harq:
            nan = float("nan")
            return nan, nan, nan
        n = float(self.slots[i, j])
        x, y = (float(self.events[e, i, j]) for e in (DELIVERED, TRANSMISSIONS))
        xx, xy, yy = (
            float(self.joint[a, i, j, b, i, j])
            for a, b in (
                (DELIVERED, DELIVERED),
                (DELIVERED, TRANSMISSIONS),
                (TRANSMISSIONS, TRANSMISSIONS),
            )
        )
        sums = RatioSums(n, x, y, xx, xy, yy)
        low, high = sums.interval()
        return sums.ratio(), low, min(high, 1.0)

    def rows(self, names: list[str], snr_db: np.ndarray) -> list[dict[str, Any]]:
        """Return one row of results for each estimator and SNR that was run."""
        return [
            self._row(i, j, name, float(snr))
            for i, name in enumerate(names)
            for j, snr in enumerate(snr_db)
            if self.blocks[i, j]
        ]

    def _row(self, i, j, name, snr_db):
        low, high = self.bler_interval(i, j)
        sums = RatioSums(*self.nmse[i, j])
        nmse_low, nmse_high = sums.interval()
        row = {
            "estimator": name,
            "snr_db": snr_db,
            "ber": int(self.bit_errors[i, j]) / int(self.bits[i, j]),
            "bler": int(self.block_errors[i, j]) / int(self.blocks[i, j]),
            "bler_low": low,
            "bler_high": high,
            "nmse_db": to_db(sums.ratio()),
            "nmse_low_db": to_db(nmse_low),
            "nmse_high_db": to_db(nmse_high),
            "err_var_db": to_db(self.predicted_power[i, j] / sums.y),
            "num_blocks": int(self.blocks[i, j]),
            "num_channels": int(sums.count),
            "cpu_seconds": float(self.cpu_seconds[i, j]),
        }
        if self.harq:
            names = ("throughput", "throughput_low", "throughput_high")
            row |= dict(zip(names, self.throughput(i, j), strict=True))
        return row
