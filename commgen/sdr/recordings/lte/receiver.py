"""From a recording to its cells, and to what they broadcast."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from commgen.measures import to_db
from commgen.sdr.recordings.iq import SampleSource
from commgen.sdr.recordings.lte import agreement, broadcast, channel
from commgen.sdr.recordings.lte.broadcast import Mib
from commgen.sdr.recordings.lte.clock import SAMPLE_RATE_HZ, Clock, find_clock
from commgen.sdr.recordings.lte.grid import FRAME
from commgen.sdr.recordings.lte.resampling import corrected
from commgen.sdr.recordings.lte.search import Found, find_cells

_SHORTEST_S = 0.4
# What is always downlink around subframe 0.
_SUBFRAMES = {"FDD": range(-3, 4), "TDD": range(1)}
_PORTS = (1, 2, 4)


@dataclass(frozen=True)
class Cell:
    """A cell, and its broadcast.

    Parameters
    ----------
    found
        Of the search.
    clock
        Errors of the receiver against this cell.
    snr_db
        Of the reference signals of port 0, against noise and other cells.
    mib
        What it broadcasts, with the frame number of the first frame; None where no two
        blocks agree.
    right : [num_frames], bool
        Frames whose block was read from this frame alone, with its CRC right and in
        step with the others.
    blocks_right, num_blocks
        Of the blocks of four frames that lie in the recording as a whole: read from all
        four, and how many there are.
    """

    found: Found
    clock: Clock
    snr_db: float
    mib: Mib | None
    right: np.ndarray
    blocks_right: int
    num_blocks: int


def cells(
    source: SampleSource,
    advance: Callable[[float], object] | None = None,
    *,
    skip_s: float = 0.1,
    seconds: float = 2.0,
) -> list[Cell]:
    """Return the cells of a recording at 1.92 Msample/s, the clearest first.

    Parameters
    ----------
    source
        Samples around the middle of a carrier.
    advance
        Told parts of the number of samples as work goes on.
    skip_s
        Time left out at the beginning, in which a tuner settles.
    seconds
        Time behind it that is looked at.

    Raises
    ------
    ValueError
        As :func:`check_length`, if less than 0.4 s remain.
    """
    check_length(source, skip_s)
    x = _part(source, skip_s, seconds)
    share = source.num_samples / 3
    told = advance or (lambda steps: None)
    x = x - x.mean()  # what leaks from a receiver's oscillator
    clock = find_clock(x)
    told(share)
    y = corrected(x, clock)
    found = find_cells(y)
    told(share)
    result = [read_cell(y, one, clock) for one in found]
    told(share)
    return result


def check_length(source: SampleSource, skip_s: float) -> None:
    """Raise unless enough of a recording is left for :func:`cells`."""
    left_s = source.num_samples / SAMPLE_RATE_HZ - skip_s
    if left_s < _SHORTEST_S:
        raise ValueError(
            f"a recording must last {_SHORTEST_S:g} s beyond the {skip_s:g} s that are "
            f"left out, got {max(left_s, 0):.3g} s."
        )


def _part(source: SampleSource, skip_s: float, seconds: float) -> np.ndarray:
    first = round(skip_s * SAMPLE_RATE_HZ)
    last = min(source.num_samples, first + round(seconds * SAMPLE_RATE_HZ))
    parts, at = [], 0
    for block in source.blocks():
        parts.append(block[max(first - at, 0) : max(last - at, 0)])
        at += len(block)
        if at >= last:
            break
    return np.concatenate(parts)


def read_cell(y, found: Found, clock: Clock) -> Cell:
    """Return what a cell broadcasts.

    Parameters
    ----------
    y : [n], complex64
        Samples without clock error.
    found
        The cell.
    clock
        Errors that were taken away.
    """
    starts = np.arange(found.start, len(y) - FRAME // 10 + 1, FRAME)
    starts = starts[starts >= 0]
    # Neighbouring subframes may lie outside.
    y, starts = np.pad(y, FRAME), starts + FRAME
    observe = _Observer(y, starts, found)
    cfo_hz = observe.settle()
    llr = {num_ports: observe.llr(num_ports) for num_ports in _PORTS}
    single = agreement.single(llr, found.cell)
    mib = agreement.agreed(single)
    if mib is None:
        mib = agreement.agreed(agreement.joint(llr, found.cell))
    right = np.zeros(len(starts), bool)
    blocks: list = []
    if mib is not None:
        right[[f for f, one in single if agreement.in_step(one, f) == mib]] = True
        blocks = agreement.right_blocks(llr[mib.num_ports], found.cell, mib)
    known = observe.statistics[0]
    return Cell(
        found,
        Clock(clock.cfo_hz + cfo_hz, clock.clock_ppm),
        to_db(max(known.power.sum() / known.no, 1e-3)),
        mib,
        right,
        sum(blocks),
        len(blocks),
    )


class _Observer:
    """Reference signals of a cell, and the LLRs that follow from them."""

    def __init__(self, y, starts, found: Found) -> None:
        self._y, self._starts, self._found = y, starts, found
        self.statistics: dict[int, channel.Statistics] = {}
        self._estimates: dict[int, np.ndarray] = {}

    def _observe(self, port: int) -> channel.Observed:
        subframes = _SUBFRAMES[self._found.duplex]
        return channel.observe(self._y, self._starts, self._found.cell, port, subframes)

    def settle(self) -> float:
        """Take away the CFO that is left, and return it [Hz]."""
        total, n = 0.0, np.arange(len(self._y))
        for _ in range(2):
            cfo_hz = channel.residual_cfo([self._observe(port) for port in (0, 1)])
            turn = np.exp(-2j * np.pi * cfo_hz / SAMPLE_RATE_HZ * n)
            self._y = (self._y * turn).astype(np.complex64)
            total += cfo_hz
        return total

    def llr(self, num_ports: int) -> np.ndarray:
        """Return the LLRs of the elements of each frame, [num_frames, 480]."""
        symbols, carriers = broadcast.elements(self._found.cell)
        spectrum = channel.spectra(self._y, self._starts, broadcast.SYMBOLS)
        h = [self._estimate(port, symbols, carriers) for port in range(num_ports)]
        seen = spectrum[:, symbols, carriers]
        return broadcast.combine(seen, np.stack(h, axis=1))

    def _estimate(self, port: int, symbols, carriers) -> np.ndarray:
        if port not in self._estimates:
            observed = self._observe(port)
            self.statistics[port] = known = channel.learn(observed)
            at = broadcast.SYMBOLS[symbols]
            self._estimates[port] = channel.interpolate(observed, known, at, carriers)
        return self._estimates[port]
