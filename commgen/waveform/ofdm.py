"""OFDM with a cyclic prefix, and with edges that overlap."""

from collections.abc import Sequence

import numpy as np

from commgen._checks import check_int, check_positive
from commgen.waveform.base import Waveform
from commgen.waveform.carriers import carriers_to_samples, samples_to_carriers


class CpOfdm(Waveform):
    """OFDM with a cyclic prefix: what the tones hold is the grid itself.

    Parameters
    ----------
    subcarriers
        How many tones, around DC as ``k - num // 2``; or their whole numbers counted
        from DC, as :attr:`~commgen.frame.Frame.subcarriers` has them.
    fft_size
        Samples of the useful symbol without oversampling; None: as many as tones.
    cyclic_prefix_length
        In samples without oversampling, 0 to ``fft_size``.
    oversampling
        How many times faster it is sampled than ``fft_size`` says. What an amplifier
        adds beside the band is seen from 4 on.
    window_length
        In samples without oversampling, at most the prefix. Over so many of them a
        symbol fades in, at the start of its prefix, and the one before fades out, as
        raised cosines (weighted overlap and add). The useful part stays as it is; a
        channel or a late receiver may use that much less of the prefix.
    subcarrier_spacing_hz
        Tones apart.

    Raises
    ------
    TypeError, ValueError
        If a number is out of its range, tones coincide, or the sampling rate is below
        the bandwidth.

    Examples
    --------
    >>> ofdm = CpOfdm(12, 16, cyclic_prefix_length=4)
    >>> samples = ofdm.modulate(np.ones((3, 2, 12)))
    >>> samples.shape, bool(np.allclose(ofdm.demodulate(samples), 1))
    ((3, 160), True)
    """

    def __init__(
        self,
        subcarriers: int | Sequence[int] | np.ndarray,
        fft_size: int | None = None,
        *,
        cyclic_prefix_length: int = 0,
        oversampling: int = 4,
        window_length: int = 0,
        subcarrier_spacing_hz: float = 15e3,
    ):
        tones = _tones(subcarriers)
        self.fft_size = check_int(
            "fft_size", len(tones) if fft_size is None else fft_size, low=1
        )
        self.cyclic_prefix_length = check_int(
            "cyclic_prefix_length", cyclic_prefix_length, low=0, high=self.fft_size
        )
        self.oversampling = check_int("oversampling", oversampling, low=1, high=64)
        self.window_length = check_int(
            "window_length", window_length, low=0, high=self.cyclic_prefix_length
        )
        self.subcarrier_spacing_hz = check_positive(
            "subcarrier_spacing_hz", subcarrier_spacing_hz
        )
        self._size = self.fft_size * self.oversampling
        super().__init__(
            len(tones),
            sampling_rate_hz=self._size * self.subcarrier_spacing_hz,
            bandwidth_hz=float(np.ptp(tones) + 1) * self.subcarrier_spacing_hz,
            centre_hz=float(tones[0] + tones[-1]) / 2 * self.subcarrier_spacing_hz,
        )
        if tones.min() < -(self._size // 2) or tones.max() > (self._size - 1) // 2:
            raise ValueError(
                "subcarriers must lie within half the sampling rate, "
                f"{self.sampling_rate_hz / 2:g} Hz, got {tones.min()} to {tones.max()} "
                f"times {self.subcarrier_spacing_hz:g} Hz."
            )
        self.subcarriers, self._bins = tones, tones % self._size
        self._prefix = self.cyclic_prefix_length * self.oversampling
        self._window = self.window_length * self.oversampling

    @property
    def symbol_length(self) -> int:
        """Samples from one OFDM symbol to the next."""
        return self._prefix + self._size

    @property
    def noise_gain(self) -> float:
        """As of :class:`Waveform`; every entry of the grid has this variance."""
        return self.num_subcarriers / self._size

    def modulate(self, grid: np.ndarray) -> np.ndarray:
        """Return the samples of a grid.

        Parameters
        ----------
        grid : [..., num_ofdm_symbols, num_subcarriers], complex
            By ascending frequency.

        Returns
        -------
        [..., num_ofdm_symbols * symbol_length], complex128
            With a window longer by it: the last symbol fades out. While two symbols
            overlap, the mean power is below one.
        """
        grid = self._check_grid(grid)
        return self._joined(self.useful(grid))

    @property
    def ofdm(self) -> "CpOfdm":
        """Itself, as of :class:`~commgen.waveform.tones.ToneWaveform`."""
        return self

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """Return the grid, which is what the tones hold."""
        return self._check_grid(grid)

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """Return the tones, which are the grid."""
        return tones

    def useful(self, tones: np.ndarray) -> np.ndarray:
        """Return [..., fft_size * oversampling] of tones [..., num_subcarriers]."""
        return carriers_to_samples(tones, self._bins, self._size)

    def tones(self, useful: np.ndarray) -> np.ndarray:
        """Return the tones of useful parts, the inverse of :meth:`useful`."""
        return samples_to_carriers(useful, self._bins)

    def demodulate(self, samples: np.ndarray) -> np.ndarray:
        """Return the grid of samples, the exact inverse of :meth:`modulate`.

        Raises
        ------
        ValueError
            If they are not those of whole OFDM symbols.
        """
        return self.tones(self._useful_parts(samples))

    def _useful_parts(self, samples) -> np.ndarray:
        samples = np.asarray(samples, np.complex128)
        body = samples.shape[-1] - self._window if samples.ndim else 0
        if body < self.symbol_length or body % self.symbol_length:
            raise ValueError(
                f"samples must be [..., num_symbols * {self.symbol_length}"
                f"{f' + {self._window}' if self._window else ''}], got {samples.shape}."
            )
        symbols = samples[..., :body].reshape(
            *samples.shape[:-1], -1, self.symbol_length
        )
        return symbols[..., self._prefix :]

    def _joined(self, useful) -> np.ndarray:
        """Put prefixes before useful parts, and the symbols behind each other."""
        start = self._size - self._prefix
        parts = [useful[..., start:], useful, useful[..., : self._window]]
        symbols = np.concatenate(parts, axis=-1)
        flat = (*symbols.shape[:-2], -1)
        if not self._window:
            return symbols.reshape(flat)
        rise = np.sin(np.pi / 2 * (np.arange(self._window) + 0.5) / self._window) ** 2
        symbols[..., : self._window] *= rise
        symbols[..., -self._window :] *= rise[::-1]
        body, tail = np.split(symbols, [self.symbol_length], axis=-1)
        body[..., 1:, : self._window] += tail[..., :-1, :]
        return np.concatenate([body.reshape(flat), tail[..., -1, :]], axis=-1)


def _tones(subcarriers) -> np.ndarray:
    if np.ndim(subcarriers) == 0:
        num = check_int("subcarriers", subcarriers, low=1, high=2**20)
        return np.arange(num) - num // 2
    tones = np.asarray(subcarriers)
    if tones.dtype.kind not in "iu" or tones.ndim != 1 or not len(tones):
        raise TypeError(
            "subcarriers must be a whole number, or [n] of them counted from DC, got "
            f"{subcarriers!r:.60}."
        )
    if (np.diff(tones.astype(np.int64)) <= 0).any():
        raise ValueError(f"subcarriers must ascend, got {tones.tolist()!r:.60}.")
    return tones.astype(np.int64)
