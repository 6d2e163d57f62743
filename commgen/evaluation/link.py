"""One coded link over real and over generated channels: what it needs of SNR."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from commgen._checks import check_int, check_positive
from commgen._progress import progress_bar
from commgen.datasets.events import check_layout, to_array
from commgen.evaluation._sets import check_set
from commgen.measures.crossing import Crossing, gap_interval, snr_at

# A flat channel is given this many subcarriers.
_FLAT_SUBCARRIERS = 12
_SPACING_HZ = 30e3
_NUM_SYMBOLS = 14
_MAX_STREAMS = 8
# Data symbols that make a block; of fewer the first time step is held.
_LEAST_DATA = 24
_COARSE_DB = (-28.0, 36.0, 4.0)
_COARSE_BLOCKS = 64
_BATCH_SIZE = 64
# The finer sweep starts where more blocks fail, and goes on for so many points.
_HIGH_BLER = 0.6
_MAX_POINTS = 30


@dataclass(frozen=True)
class LinkGap:
    """SNR that a link needs over generated channels, beside that over real ones.

    Parameters
    ----------
    bler
        Block error rate asked for.
    real, generated
        SNR at which it is reached, with interval.
    gap_db, low_db, high_db
        Generated minus real, and its interval of 95 %; NaN where a rate is not reached.
    """

    bler: float
    real: Crossing
    generated: Crossing
    gap_db: float
    low_db: float
    high_db: float


@dataclass(frozen=True)
class LinkComparison:
    """Result of :func:`link_bler`.

    Parameters
    ----------
    gaps
        One for each rate asked for.
    rows
        ``source`` ("real" or "generated"), ``snr_db``, ``bler``, ``bler_low``,
        ``bler_high`` and ``num_blocks`` of each point.
    """

    gaps: list[LinkGap]
    rows: list[dict[str, Any]]


def link_bler(
    real: Any,
    generated: Any,
    layout: Sequence[str],
    *,
    seed: int,
    bler: Sequence[float] = (0.1, 0.01),
    max_num_blocks: int = 2000,
    snr_step_db: float = 1.0,
    progress: bool = False,
) -> LinkComparison:
    """Run one coded link over real and over generated channels.

    QPSK and an LDPC code of rate 1/2, LMMSE detection with perfect CSI, so that nothing
    but the channels differs. The slot has the subcarriers of the event (12 equal ones
    where there are none), its time steps (the first one held where they are few) and as
    many streams as transmit antennas, with the ends exchanged where those are more than
    the receive antennas. Each channel serves one slot at each SNR at most: a rate is
    about the distribution, and its interval would be too narrow otherwise. A coarse
    sweep finds where a finer one starts; that goes on until the least rate is reached,
    for 30 points at most.

    Parameters
    ----------
    real, generated : [n, *event_shape], [m, *event_shape], complex
        Channels of unit mean power; near-copies make the interval too narrow.
    layout
        Axes of an event, of "rx", "tx", "time", "subcarrier".
    seed
        Seed of bits, noise and order.
    bler
        Block error rates to compare at.
    max_num_blocks
        Slots at each SNR, as far as there are channels; ends at 500 block errors.
    snr_step_db
        Of the finer sweep.
    progress
        Show a progress bar.

    Returns
    -------
    LinkComparison

    Raises
    ------
    ValueError, TypeError
        As :func:`~commgen.evaluation.check_set`; if there are fewer than 64 channels,
        more than 8 antennas at both ends, a rate is not in (0, 1), or the step not
        above 0.
    """
    real = check_set("real", real)
    generated = check_set("generated", generated, real.shape[1:])
    layout = check_layout(layout, real.shape[1:])
    if not len(bler) or not all(0 < target < 1 for target in bler):
        raise ValueError(f"bler must be rates between 0 and 1, got {tuple(bler)}.")
    check_int("max_num_blocks", max_num_blocks, low=_BATCH_SIZE)
    check_positive("snr_step_db", snr_step_db)
    num_slots = min(len(real), len(generated), max_num_blocks)
    num_slots -= num_slots % _BATCH_SIZE
    if num_slots < _BATCH_SIZE:
        raise ValueError(
            f"real and generated must hold at least {_BATCH_SIZE} channels each, got "
            f"{len(real)} and {len(generated)}."
        )
    sets = {"real": real, "generated": generated}
    links = {name: _link(to_array(h, layout), seed) for name, h in sets.items()}
    with progress_bar("link", None, unit="blocks", enabled=progress) as advance:
        coarse = [
            _sweep(link, _COARSE_DB, min(num_slots, _COARSE_BLOCKS), advance)
            for link in links.values()
        ]
        start = _start_db(coarse)
        rows = []
        for name, link in links.items():
            for k in range(_MAX_POINTS):
                snr_db = start + k * snr_step_db
                point = (snr_db, snr_db, snr_step_db)
                found = _sweep(link, point, num_slots, advance)
                rows += [{"source": name, **row} for row in found]
                if found[0]["bler_high"] < min(bler):
                    break
    return LinkComparison([_gap(rows, target) for target in bler], rows)


def _link(array: np.ndarray, seed: int) -> Any:
    """Build the link over [n, rx, tx, time, subcarrier]."""
    from commgen.channels import RecordedChannel
    from commgen.phy import Link, LinkConfig

    if array.shape[2] > array.shape[1]:
        array = array.swapaxes(1, 2)
    _, num_rx, num_tx, num_time, num_subcarriers = array.shape
    if num_tx > _MAX_STREAMS:
        raise ValueError(
            f"real must have at most {_MAX_STREAMS} antennas at one end, got "
            f"{num_rx} and {num_tx}."
        )
    fft_size = num_subcarriers if num_subcarriers > 1 else _FLAT_SUBCARRIERS
    num_symbols = min(num_time, _NUM_SYMBOLS)
    # The receiver knows the channel, but the grid wants pilots of each stream.
    if (num_symbols - num_tx) * fft_size < _LEAST_DATA:
        array, num_symbols = array[:, :, :, :1], _NUM_SYMBOLS
    config = LinkConfig(
        fft_size=fft_size,
        num_ofdm_symbols=num_symbols,
        subcarrier_spacing_hz=_SPACING_HZ,
        pilot_ofdm_symbol_indices=tuple(range(num_tx)),
        time_interpolation="average",
        num_bits_per_symbol=2,
        coderate=0.5,
        num_streams=num_tx,
        num_rx_ant=num_rx,
    )
    source = RecordedChannel(array, _SPACING_HZ, seed=seed)
    # These are short runs: compiling would take longer than it saves.
    return Link(config, source, seed=seed, jit_compile=False)


def _sweep(link, snr_range, num_slots: int, advance) -> list[dict[str, Any]]:
    """Return block error rates, with the intervals of independent slots."""
    from commgen.measures import wilson_interval
    from commgen.montecarlo import MonteCarlo, SweepConfig
    from commgen.phy import PerfectCSI, Simulator

    start, stop, step = snr_range
    per_slot = link.num_blocks_per_slot
    batch_size = min(_BATCH_SIZE, num_slots)
    sweep = SweepConfig(
        snr_start_db=start,
        snr_stop_db=stop,
        snr_step_db=step,
        batch_size=batch_size,
        max_num_blocks=(num_slots - num_slots % _BATCH_SIZE) * per_slot,
        target_block_errors=500,
    )
    estimators = {"perfect": PerfectCSI(link.resource_grid)}
    simulator = Simulator(link, estimators, sweep.snr_db, batch_size)
    monte_carlo = MonteCarlo(simulator, sweep)
    done = 0

    def after_batch(tally):
        nonlocal done
        advance(int(tally.blocks.sum()) - done)
        done = int(tally.blocks.sum())

    tally = monte_carlo.run(after_batch=after_batch)
    rows = []
    for j, snr_db in enumerate(sweep.snr_db):
        errors, blocks = int(tally.block_errors[0, j]), int(tally.blocks[0, j])
        # Blocks of one slot share its channel: they count as one.
        low, high = wilson_interval(round(errors / per_slot), blocks // per_slot)
        rate = errors / blocks
        rows.append(
            {
                "snr_db": float(snr_db),
                "bler": rate,
                "bler_low": min(low, rate),
                "bler_high": max(high, rate),
                "num_blocks": blocks,
            }
        )
    return rows


def _start_db(coarse) -> float:
    """Return the last SNR of the coarse sweeps at which most blocks still fail."""
    rates = np.min([[row["bler"] for row in rows] for rows in coarse], axis=0)
    failing = np.flatnonzero(rates > _HIGH_BLER)
    return coarse[0][failing[-1] if failing.size else 0]["snr_db"]


def _gap(rows, target: float) -> LinkGap:
    real, generated = (
        snr_at([row for row in rows if row["source"] == name], target)
        for name in ("real", "generated")
    )
    low, high = gap_interval(real, generated)
    gap = generated.snr_db - real.snr_db
    return LinkGap(target, real, generated, gap, low, high)
