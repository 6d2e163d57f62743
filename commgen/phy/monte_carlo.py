"""The sweep over SNR: batches, stopping, and what has been counted so far."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from commgen.phy.link import Counts, Link
from commgen.phy.metrics import RatioSums, from_db, to_db, wilson_interval

_RATIO_FIELDS = ("count", "x", "y", "xx", "xy", "yy")


@dataclass
class Tally:
    """What has been counted, all arrays [num_estimators, num_snr]; mutable.

    Parameters
    ----------
    num_batches
        Batches of the sweep that are done.
    bit_errors, bits, block_errors, blocks
        Counts.
    nmse : [num_estimators, num_snr, 6]
        Fields of :class:`~commgen.phy.metrics.RatioSums`, over slots.
    predicted_power
        Sum of ``err_var``.
    cpu_seconds
        CPU time of the estimation stage.
    """

    num_batches: int
    bit_errors: np.ndarray
    bits: np.ndarray
    block_errors: np.ndarray
    blocks: np.ndarray
    nmse: np.ndarray
    predicted_power: np.ndarray
    cpu_seconds: np.ndarray

    @classmethod
    def empty(cls, num_estimators: int, num_snr: int) -> "Tally":
        """Return a tally of nothing."""
        shape = (num_estimators, num_snr)
        return cls(
            num_batches=0,
            bit_errors=np.zeros(shape, np.int64),
            bits=np.zeros(shape, np.int64),
            block_errors=np.zeros(shape, np.int64),
            blocks=np.zeros(shape, np.int64),
            nmse=np.zeros((*shape, len(_RATIO_FIELDS))),
            predicted_power=np.zeros(shape),
            cpu_seconds=np.zeros(shape),
        )

    def add(self, i: int, j: int, counts: Counts, bits: int, blocks: int) -> None:
        """Add one batch of estimator ``i`` at SNR number ``j``."""
        num_slots = len(counts.bit_errors)
        self.bit_errors[i, j] += counts.bit_errors.sum()
        self.block_errors[i, j] += counts.block_errors.sum()
        self.bits[i, j] += bits * num_slots
        self.blocks[i, j] += blocks * num_slots
        sums = RatioSums.of(counts.error_power, counts.channel_power)
        self.nmse[i, j] += [getattr(sums, name) for name in _RATIO_FIELDS]
        self.predicted_power[i, j] += counts.predicted_power.sum()

    def rows(self, names: list[str], snr_db: np.ndarray) -> list[dict[str, Any]]:
        """Return one row of results for each estimator and SNR that was run."""
        rows = []
        for i, name in enumerate(names):
            for j, snr in enumerate(snr_db):
                if self.blocks[i, j]:
                    rows.append(self._row(i, j, name, float(snr)))
        return rows

    def _row(self, i, j, name, snr_db):
        errors, blocks = int(self.block_errors[i, j]), int(self.blocks[i, j])
        low, high = wilson_interval(errors, blocks)
        sums = RatioSums(*self.nmse[i, j])
        nmse_low, nmse_high = sums.interval()
        return {
            "estimator": name,
            "snr_db": snr_db,
            "ber": int(self.bit_errors[i, j]) / int(self.bits[i, j]),
            "bler": errors / blocks,
            "bler_low": low,
            "bler_high": high,
            "nmse_db": to_db(sums.ratio()),
            "nmse_low_db": to_db(nmse_low),
            "nmse_high_db": to_db(nmse_high),
            "err_var_db": to_db(self.predicted_power[i, j] / sums.y),
            "num_blocks": blocks,
            "num_channels": int(sums.count),
            "cpu_seconds": float(self.cpu_seconds[i, j]),
        }


class MonteCarlo:
    """Run estimators over one link until every SNR has enough errors or blocks.

    Batches are taken in order, and each serves all SNRs and estimators that still
    need it. Whether an estimator goes on at an SNR follows from its own counts, so the
    result is a function of configuration and seed, wherever the sweep was interrupted.

    Parameters
    ----------
    link : Link
        The link.
    estimators
        Name to estimator ``(y, no) -> h_hat, err_var``.
    sweep : SweepConfig
        SNRs and stopping.
    tally
        Where to go on; nothing counted by default.
    """

    def __init__(
        self,
        link: Link,
        estimators: dict[str, Any],
        sweep: Any,
        *,
        tally: Tally | None = None,
    ):
        self.link, self.sweep = link, sweep
        self.names = list(estimators)
        self.snr_db = sweep.snr_db
        shape = (len(self.names), len(self.snr_db))
        self.tally = tally or Tally.empty(*shape)
        if self.tally.blocks.shape != shape:
            raise ValueError(
                f"tally must be of {shape[0]} estimators and {shape[1]} SNRs, got "
                f"{self.tally.blocks.shape}."
            )
        self._blocks = estimators
        self._estimators = {
            name: tf.function(block, autograph=False)
            for name, block in estimators.items()
        }
        self._warm: set[str] = set()

    @property
    def pending(self) -> np.ndarray:
        """Which estimators go on at which SNR, [num_estimators, num_snr], bool."""
        few_errors = self.tally.block_errors < self.sweep.target_block_errors
        return few_errors & (self.tally.blocks < self.sweep.max_num_blocks)

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
        """Run the next batch for all that is pending."""
        pending = self.pending
        slots = self.link.slots(self.tally.num_batches, self.sweep.batch_size)
        for j in np.flatnonzero(pending.any(axis=0)):
            no = tf.constant(1 / from_db(self.snr_db[j]), tf.float32)
            y = self.link.observe(slots, no)
            for i in np.flatnonzero(pending[:, j]):
                self._run_estimator(i, j, slots, y, no)
        self.tally.num_batches += 1

    def _run_estimator(self, i, j, slots, y, no):
        link, name = self.link, self.names[i]
        observed = link.observed_by(self._blocks[name], slots, y)
        if name not in self._warm:  # tracing is not the estimator's cost
            self._estimators[name](observed, no)
            self._warm.add(name)
        start = time.process_time()
        h_hat, err_var = self._estimators[name](observed, no)
        self.tally.cpu_seconds[i, j] += time.process_time() - start
        counts = link.receive(slots, y, h_hat, err_var, no)
        self.tally.add(i, j, counts, link.num_bits_per_slot, link.num_blocks_per_slot)
