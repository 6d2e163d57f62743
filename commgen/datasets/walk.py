"""A recording, block by block, checked; what is wrong has its place in the whole."""

from collections.abc import Callable, Iterator

import numpy as np

from commgen.datasets.power import mean_power
from commgen.datasets.precision import SQUARED, check_peaks, peaks
from commgen.datasets.source import Source

_BLOCK_BYTES = 2**23  # 8 MiB of complex64 are in memory at a time


class SourceWalk:
    """The channels of a recording, a few megabytes at a time.

    Parameters
    ----------
    source
        The recording.
    rows : [num_rows], int
        Which samples, in which order.
    advance
        Called with the number of samples of each block that was walked over.
    """

    def __init__(
        self, source: Source, rows: np.ndarray, advance: Callable[[int], None]
    ) -> None:
        size = max(1, _BLOCK_BYTES // (8 * int(np.prod(source.shape[1:]))))
        self._rows = [rows[start : start + size] for start in range(0, len(rows), size)]
        self._source = source
        self._advance = advance

    def blocks(self, *, scaled: bool) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield the rows and channels of each block.

        Raises
        ------
        ValueError
            At entries that are not finite. Where channels are to be ``scaled``, at
            amplitudes whose squares double precision does not hold.
        """
        for k, rows in enumerate(self._rows):
            h = self._read(rows)
            if not np.isfinite(h).all():
                raise self._not_finite(k)
            if scaled:
                check_peaks(peaks(h), SQUARED, rows)
            yield rows, h
            self._advance(len(rows))

    def mean_power(self) -> float:
        """Return the mean power of all samples; ValueError if it is zero."""
        total = 0.0
        for _, h in self.blocks(scaled=True):
            total += float(mean_power(h, self._source.meta).sum())
        if total == 0:
            raise ValueError(
                "h must have power to be normalised, all samples are all zero."
            )
        return total / sum(map(len, self._rows))

    def check_power(self, h: np.ndarray, rows: np.ndarray) -> None:
        """Raise at a sample of a block without power; the message counts them all."""
        silent = peaks(h) == 0
        if not silent.any():
            return
        count = sum(int((peaks(self._read(block)) == 0).sum()) for block in self._rows)
        raise ValueError(
            f"h must have power to be normalised, sample {int(rows[silent][0])} is "
            f"all zero ({count} of {sum(map(len, self._rows))} samples are); "
            "--normalise set or none keeps it."
        )

    def _read(self, rows: np.ndarray) -> np.ndarray:
        return np.asarray(self._source.read(rows))

    def _not_finite(self, block: int) -> ValueError:
        """Count the entries that are not finite; they begin in this block."""
        count, first = 0, None
        for rows in self._rows[block:]:
            bad = np.argwhere(~np.isfinite(self._read(rows)))
            count += len(bad)
            if first is None:
                first = (int(rows[bad[0, 0]]), *map(int, bad[0, 1:]))
        entries = "entry, at" if count == 1 else "entries, the first at"
        return ValueError(
            f"h must be finite, got {count} NaN or infinite {entries} index {first}, "
            "(n, rx, tx, t, k)."
        )
