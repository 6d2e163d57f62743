"""Channels of a file, as taps on the sample grid."""

from pathlib import Path

import numpy as np

from commgen._checks import check_positive
from commgen.datasets.channel_file import ChannelFile
from commgen.sdr.air.interpolation import LEAD

#: Taps at and behind delay 0: 12 microseconds at 1.92 Msample/s.
_NUM_DELAYS = 24
# Least singular value that counts, of the greatest: what lies between two taps is
# seen through the band's edge alone, and would need gains without end.
_LEAST_SEEN = 1e-3
_FADING = 1  # of the seeds


class RecordedTaps:
    """Play the channels of a file, one a realisation, in an order that is drawn.

    Responses become the taps that agree with them on their subcarriers; time steps
    follow each other at their distance, and the last one stays.

    Parameters
    ----------
    path
        Channel file; the first antenna of each end is used, and powers as they are.
    sample_rate_hz
        Samples a second.
    seed
        Of the order.

    Raises
    ------
    ValueError
        If the file is damaged, or it is wider than the samples' band.
    """

    def __init__(self, path: str | Path, sample_rate_hz: float, *, seed: int) -> None:
        rate = check_positive("sample_rate_hz", sample_rate_hz)
        with ChannelFile.open(path) as file:
            file.verify()
            self._h = file.read()[:, 0, 0]
            meta = file.meta
        frequency_hz = _frequencies(meta, self._h.shape[-1])
        if np.abs(frequency_hz).max() > rate / 2:
            raise ValueError(
                f"{path} must fit into {rate:g} samples a second, got channels to "
                f"{np.abs(frequency_hz).max():g} Hz off the carrier."
            )
        if meta.sample_rate_hz is not None:  # the delay domain
            self._h = _responses(self._h, meta.sample_rate_hz, frequency_hz)
        self.seed = seed
        #: Taps on the sample grid; the first is LEAD samples before delay 0.
        self.num_taps = LEAD + _NUM_DELAYS
        delays = np.arange(self.num_taps) - LEAD
        F = np.exp(-2j * np.pi * np.outer(frequency_hz / rate, delays))
        self._to_taps = np.linalg.pinv(F, rcond=_LEAST_SEEN).T.astype(np.complex64)
        #: Samples from one time step to the next.
        self.step = max(1, round((meta.time_step_s or 1 / rate) * rate))

    @property
    def num_channels(self) -> int:
        """Channels of the file."""
        return len(self._h)

    @property
    def block_length(self) -> int:
        """Samples of a block: all time steps, the last one for one step more."""
        return self._h.shape[1] * self.step

    def row(self, realisation: int) -> int:
        """Return which channel of the file it is; each comes once an epoch."""
        epoch, place = divmod(realisation, len(self._h))
        rng = np.random.default_rng([self.seed, _FADING, epoch])
        return int(rng.permutation(len(self._h))[place])

    def block(self, realisation: int, number: int) -> np.ndarray:
        """Return the taps of one block, [num_time_steps + 1, num_taps], complex64.

        Parameters are those of
        :meth:`~commgen.sdr.air.fading.TappedDelayLine.block`.
        """
        h = self._h[self.row(realisation)]
        last = np.broadcast_to(h[-1:], (1, h.shape[1]))
        if number:
            h = np.broadcast_to(last, h.shape)
        return np.concatenate([h, last]) @ self._to_taps


def _frequencies(meta, num: int) -> np.ndarray:
    """Offsets from the carrier at which responses are looked at [Hz]."""
    spacing = meta.subcarrier_spacing_hz or meta.sample_rate_hz / num
    return spacing * (np.arange(num) - num // 2)


def _responses(taps, sample_rate_hz: float, frequency_hz) -> np.ndarray:
    delays = np.arange(taps.shape[-1]) / sample_rate_hz
    F = np.exp(-2j * np.pi * np.outer(delays, frequency_hz))
    return taps @ F.astype(np.complex64)
