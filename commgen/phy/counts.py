"""What a receiver made of one batch, and what of it is kept."""

from dataclasses import dataclass

import numpy as np

from commgen.measures.intervals import RatioSums

RATIO_FIELDS = ("count", "x", "y", "xx", "xy", "yy")


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
        rows = [np.ones(len(self.block_errors)), self.block_errors]
        if self.transmissions is not None and self.delivered is not None:
            rows += [self.transmissions, self.delivered]
        return np.stack([np.asarray(row, np.int64) for row in rows])


@dataclass(frozen=True)
class Block:
    """One batch of the sweep, counted: all that a worker sends home.

    Points are pairs of an estimator and an SNR. Everything in it but the time follows
    from configuration, seed and ``batch``, whoever computes it and with whatever else.

    Parameters
    ----------
    batch
        Number of the batch.
    points : [num_points, 2], int
        Estimator and SNR of each point that was run.
    bit_errors : [num_points], int
        Wrong information bits.
    events : [num_events, num_points], int
        Sums over the batch of :meth:`Counts.events`.
    joint : [num_events, num_points, num_events, num_points], int
        Sums over the batch of their products, event by event and point by point: what
        covariances need, for all points saw the same slots.
    nmse : [num_points, 6]
        Fields of :class:`~commgen.measures.intervals.RatioSums` over the slots.
    predicted_power : [num_points]
        Sums of ``err_var``.
    cpu_seconds : [num_points]
        CPU time of the estimation stage.
    """

    batch: int
    points: np.ndarray
    bit_errors: np.ndarray
    events: np.ndarray
    joint: np.ndarray
    nmse: np.ndarray
    predicted_power: np.ndarray
    cpu_seconds: np.ndarray

    @classmethod
    def of(
        cls,
        batch: int,
        counts: dict[tuple[int, int], Counts],
        cpu_seconds: dict[tuple[int, int], float],
    ) -> "Block":
        """Sum the counts of a batch; the keys are (estimator, SNR)."""
        points = sorted(counts)
        each = [counts[point] for point in points]
        events = np.stack([c.events() for c in each], axis=1)
        flat = events.reshape(-1, events.shape[-1])
        # Whole numbers far below 2^53: floating point is exact and uses fast products.
        joint = (flat.astype(np.float64) @ flat.T.astype(np.float64)).astype(np.int64)
        ratios = [RatioSums.of(c.error_power, c.channel_power) for c in each]
        return cls(
            batch,
            np.array(points, np.int64).reshape(-1, 2),
            np.array([np.sum(c.bit_errors) for c in each], np.int64),
            events.sum(-1),
            joint.reshape(*events.shape[:2], *events.shape[:2]),
            np.array([[getattr(r, name) for name in RATIO_FIELDS] for r in ratios]),
            np.array([np.sum(c.predicted_power) for c in each], np.float64),
            np.array([cpu_seconds.get(point, 0.0) for point in points]),
        )
