"""Gaps in a stream, by the times that a radio puts on its samples."""

from commgen._checks import check_positive


class ReceptionTimes:
    """Counts what is lost between the samples of a radio that tells their times.

    A USRP puts a tag ``rx_time`` on its first sample, and on the first one behind each
    overflow. The difference to the time that the samples in between took is the gap.

    Parameters
    ----------
    sample_rate_hz
        Of the stream.

    Examples
    --------
    >>> times = ReceptionTimes(1e6)
    >>> times.lost(0, 5, 0.25), times.lost(1000, 5, 0.2515)
    (0, 500)
    """

    def __init__(self, sample_rate_hz: float):
        self._rate = check_positive("sample_rate_hz", sample_rate_hz)
        self._first: tuple[int, int, float] | None = None
        self._last: tuple[int, int, float] | None = None

    def lost(self, offset: int, seconds: int, fraction: float) -> int:
        """Return the samples that are missing before one of a known time.

        Parameters
        ----------
        offset
            Place of the sample among those that came.
        seconds, fraction
            Its time; apart, since a double does not hold both to the sample.
        """
        lost = 0
        if self._last is not None:
            before, full, part = self._last
            passed = (seconds - full) + (fraction - part)
            lost = max(round(passed * self._rate) - (offset - before), 0)
        self._last = offset, seconds, fraction
        self._first = self._first or self._last
        return lost

    def time_of(self, place: int) -> tuple[int, float] | None:
        """Return seconds and fraction of a place in the stream, gaps counted.

        None where the radio has told no time yet.
        """
        if self._first is None:
            return None
        begin, full, part = self._first
        passed = part + (place - begin) / self._rate
        return full + int(passed // 1), passed % 1
