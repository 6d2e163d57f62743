"""What a receiver made of one batch."""

from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from commgen.measures.intervals import RatioSums
from commgen.montecarlo.counts import PointCounts


@dataclass(frozen=True)
class Counts:
    """What one estimator made of one batch, per slot or HARQ process, [batch] each.

    Parameters
    ----------
    bit_errors, block_errors
        Wrong information bits and codewords; of the first transmission where there are
        several.
    error_power, channel_power
        Sums of |h_hat - h|^2 and of |h|^2 over the slot (of the first transmission).
    predicted_power
        Sum of ``err_var``, what the estimator promised for ``error_power``.
    transmissions, delivered
        Transmissions that a HARQ process took, and whether its block arrived in the
        end, 0 or 1. None where nothing is sent twice.
    """

    bit_errors: np.ndarray
    block_errors: np.ndarray
    error_power: np.ndarray
    channel_power: np.ndarray
    predicted_power: np.ndarray
    transmissions: np.ndarray | None = None
    delivered: np.ndarray | None = None

    def events(self) -> np.ndarray:
        """Return what error rates are made of, [num_events, batch], whole numbers.

        Ones, the block errors, and with HARQ the transmissions and the deliveries.
        """
        rows: list[Any] = [np.ones(len(self.block_errors)), self.block_errors]
        if self.transmissions is not None and self.delivered is not None:
            rows += [self.transmissions, self.delivered]
        return np.stack([np.asarray(row, np.int64) for row in rows])

    def point(self, *, num_bits: int, cpu_seconds: float = 0.0) -> PointCounts:
        """Return what the engine counts of it.

        Parameters
        ----------
        num_bits
            Information bits of a slot.
        cpu_seconds
            CPU time of the estimation.
        """
        powers = RatioSums.of(self.error_power, self.channel_power)
        sums = {
            "bits": num_bits * len(self.block_errors),
            "bit_errors": int(np.sum(self.bit_errors)),
            "nmse": [getattr(powers, field.name) for field in fields(powers)],
            "predicted_power": float(np.sum(self.predicted_power)),
        }
        return PointCounts(self.events(), sums, cpu_seconds)
