"""Find frames in a stream of samples by their preamble."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_positive
from commgen.coding.compiled import compiled
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.measures import to_db
from commgen.sdr.reception.confirmation import EARLY, confirm, known_tables
from commgen.sdr.reception.known_symbol import look, preamble_tables
from commgen.sdr.reception.metric import next_peak

# Least metric of a peak, and least share that the preamble explains for a look at the
# pilots. Both let noise through, 400 times in a million samples: the pilots decide.
_LEAST_METRIC = 0.045
_LEAST_SHARE = 0.25
#: Of the share that all known symbols explain. Noise alone has 0.11 at the most in 8
#: million samples, data of frames that lie otherwise 0.19 in 6,000 of them, and a frame
#: at 0 dB without fading 0.36.
THRESHOLD = 0.2
# From here on nothing else can begin before the frame has ended.
_CERTAIN = 0.3
#: Share of twice the subcarrier spacing by which a CFO may exceed the greatest.
_CFO_MARGIN = 0.1
# Halves of a symbol that must be known before the next sample.
_PAST = 5


@dataclass(frozen=True)
class Candidate:
    """A frame that was found, but not yet received.

    Parameters
    ----------
    start
        Where to begin to receive: sample, since the stream began, at which the cyclic
        prefix of the preamble begins for a path at delay 0.
    cfo_hz
        Carrier frequency offset [Hz].
    metric
        Share of the energy in preamble and pilots that is theirs, 0 to 1.
    snr_db
        SNR of a subcarrier of data [dB], of this frame.
    delay
        Delay of the first path behind ``start``, in samples with fractions.
    """

    start: int
    cfo_hz: float
    metric: float
    snr_db: float
    delay: float


class Search:
    """Find frames by the metric of Schmidl and Cox, verified by the known symbols.

    A peak of the metric is whatever repeats itself after half a symbol: a tone, a DC
    offset, data by chance. Where the preamble may explain it, the pilots behind it tell
    whether there is a frame, however deep the preamble itself has faded. Only then is
    the search blind for the length of one.

    Parameters
    ----------
    frame
        What is sent.
    threshold
        Least ``metric`` of a candidate, 0 to 1; may be set between pushes.
    max_cfo_hz
        Greatest CFO either way [Hz].

    Raises
    ------
    ValueError
        If the threshold is not between 0 and 1, or the CFO is beyond half the band.
    """

    def __init__(
        self,
        frame: Frame = RADIO_FRAME,
        threshold: float = THRESHOLD,
        max_cfo_hz: float = 30e3,
    ) -> None:
        self.frame = frame
        self._tables = preamble_tables(frame), known_tables(frame)
        self._half = frame.fft_size // 2
        step_hz = 2 * frame.subcarrier_spacing_hz
        # An estimate errs: one at the limit may come out beyond.
        most = check_positive("max_cfo_hz", max_cfo_hz) / step_hz + _CFO_MARGIN
        num_carriers = len(self._tables[0][0])
        if most > num_carriers / 4:
            raise ValueError(
                "max_cfo_hz must be at most a quarter of the preamble's band, "
                f"{step_hz * num_carriers / 4:g}, got {max_cfo_hz:g}."
            )
        length = (frame.num_ofdm_symbols + 1) * frame.symbol_length
        max_shift, max_omega = int(np.ceil(most - 0.5)), 2 * np.pi * most / self._half
        self._limits = max_shift, max_omega, frame.cyclic_prefix_length, length
        # What must be known behind a peak: the last known symbol and its delays.
        self._ahead = int(self._tables[1][0][-1]) + self._half
        self.threshold = threshold
        self.reset()

    @property
    def threshold(self) -> float:
        """Least metric of a candidate."""
        return self._threshold

    @threshold.setter
    def threshold(self, value: float) -> None:
        value = check_positive("threshold", value)
        if value >= 1:
            raise ValueError(f"threshold must be below 1, got {value}.")
        self._threshold = value

    def reset(self) -> None:
        """Forget the stream: the next sample is number 0."""
        self._kept = np.zeros(_PAST * self._half, np.complex64)
        self._first = -len(self._kept)
        self._sums = np.zeros(4, np.complex128)
        self._best = np.zeros(2)
        self._marks = np.zeros(3, np.int64)

    def push(self, samples) -> list[Candidate]:
        """Search what comes next in the stream.

        Candidates are told when their last pilots have come.

        Parameters
        ----------
        samples : [num], complex64
            Any number of them; the candidates are the same however a stream is cut.

        Returns
        -------
        list of Candidate
            In order, ``start`` counted since the stream began.

        Raises
        ------
        ValueError
            If the samples are not one row, or not finite.
        """
        samples = np.asarray(samples, np.complex64)
        if samples.ndim != 1:
            raise ValueError(f"samples must be [num], got {samples.shape}.")
        if not np.isfinite(np.vdot(samples, samples).real):
            raise ValueError("samples must be finite, got NaN or infinite ones.")
        stream = np.concatenate([self._kept, samples])
        rows = np.empty((len(stream) // self._half, 5))
        num = _search(
            stream,
            self._first,
            self._first + len(stream) - self._ahead,
            (_LEAST_METRIC, _LEAST_SHARE, self._threshold),
            self._tables,
            self._limits,
            (self._sums, self._best, self._marks),
            rows,
        )
        done = max(0, int(self._marks[0]) - _PAST * self._half - self._first)
        self._kept = stream[done:].copy()
        self._first += done
        return [self._candidate(row) for row in rows[:num]]

    def _candidate(self, row: np.ndarray) -> Candidate:
        metric, lag, omega, snr, begin = row.tolist()
        frame = self.frame
        early = round(lag) - EARLY
        # Noise fills all of the band, data its subcarriers alone.
        per_carrier = snr * frame.fft_size / frame.num_effective_subcarriers
        return Candidate(
            start=int(begin) + early - frame.cyclic_prefix_length,
            cfo_hz=omega / (2 * np.pi) * frame.sample_rate_hz,
            metric=metric,
            snr_db=to_db(per_carrier),
            delay=lag - early,
        )


@compiled
def _search(stream, first, stop, thresholds, tables, limits, state, rows):
    """Write what is found into ``rows``, and return how many."""
    sums, best, marks = state
    preamble, known = tables
    max_shift, max_omega, cyclic_prefix, frame_length = limits
    least_metric, least_share, threshold = thresholds
    half = known[1].shape[1] // 2
    num = 0
    while next_peak(stream, first, stop, half, least_metric, sums, best, marks):
        best[0] = 0.0
        last = marks[1] - first
        share, begin, omega = look(stream, last, preamble, max_shift, cyclic_prefix + 1)
        if share < least_share:
            continue
        row = rows[num]
        confirm(stream, begin, omega, known, cyclic_prefix, row)
        if row[0] > threshold and abs(row[2]) <= max_omega:
            row[4] = first + begin
            blind = frame_length if row[0] > _CERTAIN else 2 * half
            marks[2] = first + begin + int(row[1]) + blind
            num += 1
    return num
