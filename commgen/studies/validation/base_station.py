"""PUSCH against the requirements that TS 38.104 section 8.2.1 puts to base stations."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np

from commgen.channels import build_channel
from commgen.channels.config import FIXED_DELAY_SPREAD_S
from commgen.measures.crossing import DrawnCrossing, throughput_crossing
from commgen.phy import LSEstimator, PerfectCSI
from commgen.phy.estimation import GridCovariance, LMMSEInterpolationEstimator
from commgen.phy.nr import PuschConfig, PuschLink, reference_channel
from commgen.studies.validation.line import (
    CONFIDENCE,
    Line,
    at_least,
    point_seed,
    skipped,
    within,
)
from commgen.studies.validation.size import ValidationSize

GROUP = "TS 38.104"

#: Share of the maximum throughput at which requirements are put, 8.2.1.2.
TARGET = 0.7
#: A floating-point receiver is so far under the requirements [dB], which include an
#: implementation margin.
WINDOW_DB = (1.0, 4.0)
ESTIMATORS = ("perfect", "lmmse", "ls")

# Without estimation error nothing but the coding scheme separates a receiver from the
# fading's outage: more than that would be too good to be true.
_LARGEST_MARGIN_DB = 5.0
# An estimate that takes each pilot as it is has the noise of a pilot; one that knows
# the covariance averages some ten of them.
_LS_LOSS_DB = 5.0

_STEP_DB = 0.5
_HALF_LATTICE = 40  # points
_BATCH = 50
_FIRST_BATCHES = 2  # of the search

Processes = tuple[np.ndarray, np.ndarray]  # delivered, transmissions
Runner = Callable[[int, dict[int, list[str]]], dict[tuple[str, int], Processes]]


def base_station_lines(
    size: ValidationSize,
    name: str,
    num_rx_ant: int,
    *,
    seed: int,
    run: Runner | None = None,
) -> list[Line]:
    """Find the SNR at 70 % throughput with three estimators, and judge it.

    Parameters
    ----------
    size
        HARQ processes at each SNR.
    name
        Fixed reference channel, such as "G-FR1-A3-11".
    num_rx_ant
        Receive antennas.
    seed
        Of the link.
    run
        Simulates one batch, see :func:`make_runner`, in whose place it stands.
    """
    required = reference_channel(name).required_snr_db(num_rx_ant)
    if required is None:
        return [skipped(GROUP, f"{name}, {num_rx_ant} Rx", "requirement not known")]
    run = run or make_runner(name, num_rx_ant, point_seed(seed, *name.encode()))
    found = read_snr(run, required, size.processes)
    what = f"{name}, {num_rx_ant} Rx"
    source = "TS 38.104 tables 8.2.1.2-1 to -7"
    at = "SNR at 70 % throughput"
    return [
        within(
            GROUP,
            f"{what}, lmmse: {at}",
            found["lmmse"].interval(CONFIDENCE),
            (required - WINDOW_DB[1], required - WINDOW_DB[0]),
            reference=required,
            tolerance=size.snr_tolerance_db,
            unit="dB",
            note=f"{source}; {required - found['lmmse'].snr_db:.2f} dB under, asked "
            f"{WINDOW_DB[0]:g} to {WINDOW_DB[1]:g}",
        ),
        within(
            GROUP,
            f"{what}, perfect: {at}",
            found["perfect"].interval(CONFIDENCE),
            (required - _LARGEST_MARGIN_DB, required),
            reference=required,
            tolerance=size.snr_tolerance_db,
            unit="dB",
            note=f"{source}; {required - found['perfect'].snr_db:.2f} dB under",
        ),
        within(
            GROUP,
            f"{what}, ls: {at}",
            found["ls"].interval(CONFIDENCE),
            (found["perfect"].snr_db, found["lmmse"].snr_db + _LS_LOSS_DB),
            reference=required,
            tolerance=size.snr_tolerance_db,
            unit="dB",
            note=f"{source}; {required - found['ls'].snr_db:.2f} dB under, which is "
            f"not asked without smoothing; at most {_LS_LOSS_DB:g} dB from lmmse",
        ),
        *_order_lines(found, f"{what}: {at}"),
    ]


def _order_lines(found: dict[str, DrawnCrossing], what: str) -> list[Line]:
    """Judge that a better estimate needs less SNR."""
    return [
        at_least(
            GROUP,
            f"{what}, {worse} less {better}",
            found[worse].minus(found[better], CONFIDENCE),
            0.0,
            unit="dB",
            note="the better the estimate the less SNR",
        )
        for better, worse in pairwise(ESTIMATORS)
    ]


def read_snr(
    run: Runner, start_db: float, num_processes: int
) -> dict[str, DrawnCrossing]:
    """Read the SNR at 70 % throughput of each estimator.

    A search with few processes walks over a lattice of 0.5 dB; the two points of the
    lattice around each crossing are then given all processes, and any further point
    that they turn out to need. All points see the same processes.

    Parameters
    ----------
    run
        See :func:`make_runner`.
    start_db
        Where to begin.
    num_processes
        Processes at each point, rounded up to batches of 50.
    """
    centre = int(np.round(start_db / _STEP_DB)) - 5
    curves, place = _Curves(run, centre), centre
    places = {}
    for estimator in ESTIMATORS:
        place = curves.bracket(estimator, place, _FIRST_BATCHES)
        places[estimator] = place
    num_batches = -(-num_processes // _BATCH)
    for _ in range(8):
        wanted: dict[int, list[str]] = {}
        for estimator, place in places.items():
            for point in (place - 1, place):
                wanted.setdefault(point, []).append(estimator)
        curves.complete(wanted, num_batches)
        moved = {
            estimator: curves.bracket(estimator, place, num_batches)
            for estimator, place in places.items()
        }
        if moved == places:
            break
        places = moved
    return {e: curves.crossing(e, places[e], num_batches) for e in ESTIMATORS}


def make_runner(name: str, num_rx_ant: int, seed: int) -> Runner:
    """Make the function that simulates a batch of 50 HARQ processes.

    Returns
    -------
    Runner
        ``run(batch, wanted)`` with lattice points (of 0.5 dB) to the estimators that
        are wanted there gives, for each pair of estimator and point, deliveries and
        transmissions, [50] each.
    """
    frc = reference_channel(name)
    config = PuschConfig.model_validate(
        {"reference_channel": name, "num_rx_ant": num_rx_ant}
    )
    source = build_channel(frc.channel_config(num_rx_ant), seed=seed)
    link = PuschLink(config, source, seed=seed)
    blocks = _estimators(link.resource_grid, frc)

    def run(batch, wanted):
        points = sorted(wanted)
        pending = np.array([[e in wanted[p] for p in points] for e in ESTIMATORS])
        snr_db = _STEP_DB * np.array(points)
        return {
            (ESTIMATORS[i], points[j]): _outcome(counts)
            for i, j, counts in link.run_batch(batch, _BATCH, snr_db, blocks, pending)
        }

    return run


def _outcome(counts: Any) -> Processes:
    return counts.delivered, counts.transmissions


def _estimators(grid: Any, frc: Any) -> dict[str, Any]:
    covariance = GridCovariance.tdl(
        grid,
        frc.tdl_model,
        FIXED_DELAY_SPREAD_S[frc.tdl_model],
        max_doppler_hz=frc.max_doppler_hz,
    )
    return {
        "perfect": PerfectCSI(grid),
        "lmmse": LMMSEInterpolationEstimator(grid, covariance),
        "ls": LSEstimator(grid),
    }


class _Curves:
    """Processes of every estimator on the lattice, simulated when they are needed."""

    def __init__(self, run: Runner, centre: int):
        self._run = run
        self._ends = centre - _HALF_LATTICE, centre + _HALF_LATTICE
        self._known: dict[tuple[str, int], dict[int, Processes]] = {}

    def complete(self, wanted: dict[int, list[str]], num_batches: int) -> None:
        """Simulate what is missing of the batches 0 to ``num_batches - 1``."""
        for batch in range(num_batches):
            missing: dict[int, list[str]] = {}
            for point, estimators in wanted.items():
                for estimator in estimators:
                    if batch not in self._known.get((estimator, point), {}):
                        missing.setdefault(point, []).append(estimator)
            if missing:
                for key, counts in self._run(batch, missing).items():
                    self._known.setdefault(key, {})[batch] = counts

    def bracket(self, estimator: str, place: int, num_batches: int) -> int:
        """Walk to the lowest point that meets the target, from ``place`` on.

        At the ends of the lattice the walk stops, and there is no crossing.
        """
        low, high = self._ends
        while low < place < high:
            if self._throughput(estimator, place, num_batches) < TARGET:
                if self._throughput(estimator, place + 1, num_batches) >= TARGET:
                    return place + 1
                place += 1
            elif self._throughput(estimator, place - 1, num_batches) >= TARGET:
                place -= 1
            else:
                return place
        return place

    def crossing(self, estimator: str, place: int, num_batches: int) -> DrawnCrossing:
        """Interpolate between ``place`` and the point before."""
        points = (place - 1, place)
        self.complete({point: [estimator] for point in points}, num_batches)
        delivered, transmissions = (
            np.stack([self._joined(estimator, p)[k] for p in points]) for k in (0, 1)
        )
        snr_db = _STEP_DB * np.array(points)
        return throughput_crossing(snr_db, delivered, transmissions, TARGET)

    def _throughput(self, estimator: str, point: int, num_batches: int) -> float:
        self.complete({point: [estimator]}, num_batches)
        delivered, transmissions = self._joined(estimator, point)
        return float(delivered.sum() / transmissions.sum())

    def _joined(self, estimator: str, point: int) -> Processes:
        batches = self._known[estimator, point]
        parts = [batches[b] for b in sorted(batches)]
        delivered, transmissions = zip(*parts, strict=True)
        return np.concatenate(delivered), np.concatenate(transmissions)
