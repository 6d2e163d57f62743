"""Find frames in a stream of samples by their preamble."""

from dataclasses import dataclass

import numpy as np

from commgen._checks import check_positive
from commgen.coding.compiled import compiled
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.measures import to_db
from commgen.sdr.reception.known_symbol import EARLY, preamble_tables, verify
from commgen.sdr.reception.metric import next_peak

#: Least metric of a peak. The known symbol decides, so that it may be low: noise has
#: 1 / half on average, a frame at 0 dB about 0.13.
_LEAST_METRIC = 0.06
#: Of the share that the known symbol explains. White noise exceeded 0.45 seven times in
#: 20 million samples and 0.5 never; at 1 dB without fading 1 frame in 200 is missed.
THRESHOLD = 0.5
#: Share of twice the subcarrier spacing by which a CFO may exceed the greatest.
_CFO_MARGIN = 0.1


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
        Share of the known carriers' energy that looks like a channel, 0 to 1.
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
    """Find frames by the metric of Schmidl and Cox, verified by the known symbol.

    A peak of the metric is whatever repeats itself after half a symbol: a tone, a DC
    offset, data by chance. Only where the known symbol explains the samples is there a
    frame, and only then is the search blind for the length of one.

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
        self._tables = preamble_tables(frame)
        self._half = frame.fft_size // 2
        self._step_hz = 2 * frame.subcarrier_spacing_hz
        # An estimate errs: one at the limit may come out beyond.
        most = check_positive("max_cfo_hz", max_cfo_hz) / self._step_hz + _CFO_MARGIN
        if most > len(self._tables[1]) / 4:
            raise ValueError(
                "max_cfo_hz must be at most a quarter of the preamble's band, "
                f"{self._step_hz * len(self._tables[1]) / 4:g}, got {max_cfo_hz:g}."
            )
        self._cfo_limits = int(np.ceil(most - 0.5)), most
        self._frame_length = (frame.num_ofdm_symbols + 1) * frame.symbol_length
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
        self._past = np.zeros(4 * self._half, np.complex64)
        self._sums = np.zeros(4, np.complex128)
        self._best = np.zeros(2)
        self._marks = np.zeros(3, np.int64)

    def push(self, samples) -> list[Candidate]:
        """Search what comes next in the stream.

        Candidates are told when half a symbol behind their preamble has come.

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
        stream = np.concatenate([self._past, samples])
        first = int(self._marks[0]) - len(self._past)
        rows = np.empty((len(stream) // self._half, 6))
        num = _search(
            stream,
            first,
            (_LEAST_METRIC, self._threshold),
            self._tables,
            self._cfo_limits,
            (self.frame.cyclic_prefix_length, self._frame_length),
            (self._sums, self._best, self._marks),
            rows,
        )
        self._past = stream[-len(self._past) :].copy()
        return [self._candidate(row) for row in rows[:num]]

    def _candidate(self, row: np.ndarray) -> Candidate:
        metric, lag, part, snr, shift, end = row.tolist()
        frame = self.frame
        early = round(lag) - EARLY
        symbol = int(end) - frame.fft_size + 1
        # Noise fills all of the band, data its subcarriers alone.
        per_carrier = snr * frame.fft_size / frame.num_effective_subcarriers
        return Candidate(
            start=symbol + early - frame.cyclic_prefix_length,
            cfo_hz=self._step_hz * (part + shift),
            metric=metric,
            snr_db=to_db(per_carrier),
            delay=lag - early,
        )


@compiled
def _search(stream, first, thresholds, tables, cfo, lengths, state, rows):
    """Write what is found into ``rows``, and return how many."""
    sums, best, marks = state
    max_shift, max_cfo = cfo
    cyclic_prefix, frame_length = lengths
    half = len(tables[2])
    num = 0
    while next_peak(stream, first, half, thresholds[0], sums, best, marks):
        best[0] = 0.0
        row, end = rows[num], marks[1]
        verify(stream, end - first, tables, max_shift, cyclic_prefix, row)
        if row[0] > thresholds[1] and abs(row[2] + row[4]) <= max_cfo:
            row[5] = end
            marks[2] = end - 2 * half + 1 + int(row[1]) + frame_length
            num += 1
    return num
