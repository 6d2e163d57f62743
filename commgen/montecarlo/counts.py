"""One batch of an experiment, counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Point = tuple[int, int]


@dataclass(frozen=True)
class PointCounts:
    """What was counted of a batch at one point of one curve.

    Parameters
    ----------
    events : [num_events, num_trials], int
        Each event in each trial; the first row are ones, the second wrong blocks.
    sums
        Further sums over the batch by name: numbers or arrays, the same names and
        shapes at every point.
    cpu_seconds
        CPU time that the curve took.
    """

    events: np.ndarray
    sums: Mapping[str, Any] = field(default_factory=dict)
    cpu_seconds: float = 0.0


@dataclass(frozen=True)
class CountedBatch:
    """One batch of the sweep, counted: all that a worker sends home.

    Points are pairs of a curve and a value of the axis. Everything in it but the time
    follows from experiment, seed and ``batch``, whoever computes it and with whatever
    else.

    Parameters
    ----------
    batch
        Number of the batch.
    points : [num_points, 2], int
        Curve and value of each point that was run.
    events : [num_events, num_points], int
        Sums over the batch of the events.
    joint : [num_events, num_points, num_events, num_points], int
        Sums over the batch of their products, event by event and point by point: what
        covariances need, for all points saw the same trials.
    sums
        Further sums by name, [num_points, ...].
    cpu_seconds : [num_points]
        CPU time.
    """

    batch: int
    points: np.ndarray
    events: np.ndarray
    joint: np.ndarray
    sums: dict[str, np.ndarray]
    cpu_seconds: np.ndarray

    @classmethod
    def of(cls, batch: int, counts: Mapping[Point, PointCounts]) -> "CountedBatch":
        """Sum the counts of a batch; the keys are (curve, point)."""
        points = sorted(counts)
        each = [counts[point] for point in points]
        events = np.stack([np.asarray(c.events, np.int64) for c in each], axis=1)
        flat = events.reshape(-1, events.shape[-1])
        # Whole numbers far below 2^53: floating point is exact and uses fast products.
        joint = (flat.astype(np.float64) @ flat.T.astype(np.float64)).astype(np.int64)
        return cls(
            batch,
            np.array(points, np.int64).reshape(-1, 2),
            events.sum(-1),
            joint.reshape(*events.shape[:2], *events.shape[:2]),
            {name: np.array([c.sums[name] for c in each]) for name in each[0].sums},
            np.array([c.cpu_seconds for c in each]),
        )
