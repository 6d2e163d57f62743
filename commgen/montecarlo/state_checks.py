"""What counts that are read from a file must be, to be counts of a run."""

from typing import Any

import numpy as np

from commgen.montecarlo.counts import CountedBatch
from commgen.montecarlo.layout import Layout
from commgen.montecarlo.tally import Tally


def check_tally(tally: Tally, layout: Layout | None) -> None:
    """Raise ValueError unless a tally can be one of a run, of ``layout`` if given."""
    _check_whole("num_batches", tally.num_batches, ())
    shape = _shape(tally.events, layout)
    _check_whole("events", tally.events, shape)
    _check_whole("blocks", tally.blocks, shape[1:])
    _check_whole("joint", tally.joint, (*shape, *shape))
    _check_finite("cpu_seconds", tally.cpu_seconds, shape[1:])
    if tally.resting.dtype != bool or tally.resting.shape != shape[1:]:
        raise ValueError(f"resting must be bool of shape {shape[1:]}")
    for name, values in tally.sums.items():
        _check_finite(name, values, shape[1:])
    _check_counts(tally)


def check_batch(batch: CountedBatch, tally: Tally) -> None:
    """Raise ValueError unless a batch can be one that is still to be counted."""
    num_events, num_curves, num_points = tally.events.shape
    if batch.batch < tally.num_batches:
        raise ValueError(f"batch {batch.batch} must not wait, it was counted")
    points = np.asarray(batch.points)
    _check_whole("points", points, (len(points), 2))
    if (points >= (num_curves, num_points)).any():
        raise ValueError(f"batch {batch.batch} must have points of the tally")
    shape = (num_events, len(points))
    _check_whole("events", batch.events, shape)
    _check_whole("joint", batch.joint, (*shape, *shape))
    _check_finite("cpu_seconds", batch.cpu_seconds, shape[1:])
    for name, values in batch.sums.items():
        wanted = (len(points), *tally.sums[name].shape[2:])
        _check_finite(name, values, wanted)


def _shape(events: Any, layout: Layout | None) -> tuple[int, ...]:
    """Return [num_events, num_curves, num_points], of the layout or the file itself."""
    if layout is not None:
        return len(layout.events), len(layout.curves), len(layout.points)
    if np.ndim(events) != 3 or len(events) < 2:
        raise ValueError(f"events must have three axes, got {np.shape(events)}")
    return np.shape(events)


def _check_counts(tally: Tally) -> None:
    """Hold the counts against each other."""
    trials, blocks, errors = tally.trials, tally.blocks, tally.block_errors
    if (errors > blocks).any():
        raise ValueError("there must be no more wrong blocks than blocks")
    most = int(trials.max())
    per_batch = most // max(int(tally.num_batches), 1)
    if (
        most != per_batch * tally.num_batches
        or (per_batch and trials % per_batch).any()
    ):
        raise ValueError("the trials must be those of whole batches")
    if (trials[~tally.resting] != most).any():
        raise ValueError("a point that goes on must have the trials of all batches")
    if (blocks * most != trials * int(blocks.max())).any():
        raise ValueError("every trial must have as many blocks as the others")
    diagonal = np.einsum("eijeij->eij", tally.joint)
    if (diagonal[0] != trials).any() or (diagonal < tally.events).any():
        raise ValueError("the products of events must be those of the events")


def _check_whole(name: str, values: Any, shape: tuple[int, ...]) -> None:
    values = np.asarray(values)
    if values.dtype.kind not in "iu" or values.shape != shape or (values < 0).any():
        raise ValueError(
            f"{name} must be whole numbers of shape {shape}, none below 0, got "
            f"{values.dtype} of {values.shape}"
        )


def _check_finite(name: str, values: Any, shape: tuple[int, ...]) -> None:
    values = np.asarray(values)
    if (
        values.dtype.kind not in "iuf"
        or values.shape[: len(shape)] != shape
        or not np.isfinite(values).all()
    ):
        raise ValueError(
            f"{name} must be finite numbers of shape {shape}, got {values.dtype} of "
            f"{values.shape}"
        )
