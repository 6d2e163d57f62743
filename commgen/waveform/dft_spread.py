"""OFDM whose symbols are spread over the tones by a DFT, with and without shaping."""

from typing import Any

import numpy as np
import scipy.fft

from commgen._checks import check_finite, check_int
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tones import ToneWaveform


class DftSpreadOfdm(ToneWaveform):
    r"""DFT-s-OFDM (3GPP TS 38.211 6.3.1.4), with spectral shaping if asked.

    The DFT S of M symbols is put on the K >= M tones of ``ofdm``, periodically in
    frequency (spectral extension), and weighted: :math:`X_k = g P_k S_{(k - o)
    \bmod M}`, :math:`o = \lfloor (K-M)/2 \rfloor`. In time each symbol is then a pulse
    whose spectrum is P. The receiver adds up what belongs together with the same
    weights, :math:`\hat{S}_m = \sum_k P_k Y_k / (g \sum_k P_k^2)`.

    Parameters
    ----------
    ofdm
        The tones, and all about sampling.
    num_data
        M, symbols carried by each OFDM symbol; None: as many as there are tones.
    shaping : [num_tones], float, or None
        P, real weights of any scale, such as :func:`root_raised_cosine`; None: all one.

    Raises
    ------
    TypeError, ValueError
        If ``num_data`` is more than there are tones or less than half of them, or the
        weights are not real numbers, one for each tone, or leave a symbol without any.

    Examples
    --------
    >>> shaped = DftSpreadOfdm(CpOfdm(15), 12, root_raised_cosine(12, 15))
    >>> samples = shaped.modulate(np.ones((3, 2, 12)))
    >>> bool(np.allclose(shaped.demodulate(samples), 1))
    True
    """

    def __init__(self, ofdm: CpOfdm, num_data: int | None = None, shaping: Any = None):
        num_tones = ofdm.num_subcarriers
        num_data = num_tones if num_data is None else num_data
        num_data = check_int("num_data", num_data, low=(num_tones + 1) // 2)
        check_int("num_data", num_data, low=1, high=num_tones)
        super().__init__(ofdm, num_data)
        self.shaping = _weights(shaping, num_tones)
        offset = (num_tones - num_data) // 2
        self._source = (np.arange(num_tones) - offset) % num_data
        self._folded = np.bincount(self._source, self.shaping**2, num_data)
        if not self._folded.min() > 0:
            raise ValueError(
                "shaping must not be 0 where a tone is the only one of its kind, got "
                f"{int((self._folded <= 0).sum())} such tones."
            )
        self._gain = np.sqrt(num_tones / np.sum(self.shaping**2))

    @property
    def noise_gain(self) -> float:
        """As of :class:`Waveform`; every entry of the grid has this variance."""
        return self.ofdm.noise_gain * float(np.mean(1 / self._folded)) / self._gain**2

    def to_tones(self, grid: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`."""
        spread = spread_symbols(self._check_grid(grid))
        return self._gain * self.shaping * spread[..., self._source]

    def from_tones(self, tones: np.ndarray) -> np.ndarray:
        """As of :class:`ToneWaveform`; the exact inverse."""
        weighted = tones * self.shaping
        spread = np.zeros((*tones.shape[:-1], self.num_subcarriers), complex)
        for start in range(0, len(self._source), self.num_subcarriers):
            part = self._source[start : start + self.num_subcarriers]
            spread[..., part] += weighted[..., start : start + len(part)]
        return despread_symbols(spread / (self._gain * self._folded))


def spread_symbols(x: np.ndarray) -> np.ndarray:
    """Return the unitary DFT over the last axis, by ascending frequency."""
    spread: Any = scipy.fft.fft(x, norm="ortho")
    return np.fft.fftshift(spread, axes=-1)


def despread_symbols(spread: np.ndarray) -> np.ndarray:
    """Return the inverse of :func:`spread_symbols`."""
    shifted = np.fft.ifftshift(spread, axes=-1)
    return np.asarray(scipy.fft.ifft(shifted, norm="ortho"))


def root_raised_cosine(num_data: int, num_tones: int) -> np.ndarray:
    r"""Return weights with which symbols do not disturb each other, [num_tones].

    The root of a raised cosine of roll-off ``num_tones / num_data - 1``: squares a
    distance of ``num_data`` apart add up to one, as Nyquist asks.

    Raises
    ------
    TypeError, ValueError
        If ``num_tones`` is below ``num_data``, or more than twice as much.

    Examples
    --------
    >>> (root_raised_cosine(4, 6) ** 2).round(3).tolist()
    [0.146, 0.854, 1.0, 1.0, 0.854, 0.146]
    """
    num_data = check_int("num_data", num_data, low=1)
    num_tones = check_int("num_tones", num_tones, low=num_data, high=2 * num_data)
    frequency = np.abs(np.arange(num_tones) - (num_tones - 1) / 2)
    flat = (2 * num_data - num_tones) / 2
    width = max(num_tones - num_data, 1)
    return np.cos(np.pi / 2 * np.clip((frequency - flat) / width, 0, 1))


def _weights(shaping, num_tones) -> np.ndarray:
    if shaping is None:
        return np.ones(num_tones)
    weights = np.asarray(shaping)
    if weights.dtype.kind not in "biuf" or weights.shape != (num_tones,):
        raise ValueError(
            f"shaping must be [{num_tones}] real numbers, one for each tone, got "
            f"{weights.shape} of dtype {weights.dtype}."
        )
    check_finite("shaping", weights)
    return weights.astype(np.float64)
