"""A device with its impairments, as the grid sees it."""

from dataclasses import dataclass

import numpy as np

from commgen.waveform.chain import Chain
from commgen.waveform.ofdm import CpOfdm

# Samples that are worked on at a time.
_CHUNK = 2**20


@dataclass(frozen=True)
class Bent:
    """What a device makes of grids.

    Parameters
    ----------
    grid : [batch, num_ant, num_ofdm_symbols, num_subcarriers], complex64
        At its output.
    gain : [batch, num_ant, num_ofdm_symbols], complex64
        Of each OFDM symbol, the projection of the output on the input; NaN where there
        is no input. The rest of the output is distortion.
    """

    grid: np.ndarray
    gain: np.ndarray


class Device:
    """Modulator, impairments, demodulator.

    Parameters
    ----------
    ofdm
        Between grid and samples.
    impairments
        What the device does to samples.
    """

    def __init__(self, ofdm: CpOfdm, impairments: Chain):
        self._ofdm = ofdm
        self._impairments = impairments

    def __call__(self, grid: np.ndarray, rng: np.random.Generator) -> Bent:
        """Return what comes out for grids of subcarriers in use, as of :class:`Bent`.

        Slots one after the other draw from ``rng``.
        """
        length = self._ofdm.symbol_length * grid.shape[1] * grid.shape[2]
        out = np.empty(grid.shape, np.complex64)
        step = max(_CHUNK // length, 1)
        for start in range(0, len(grid), step):
            chunk = slice(start, start + step)
            samples = self._ofdm.modulate(grid[chunk])
            out[chunk] = self._ofdm.demodulate(self._impairments(samples, rng))
        return Bent(out, _projection(grid, out))


@dataclass(frozen=True)
class Behaviour:
    """What a device does on average.

    Parameters
    ----------
    gain
        Amplitude of what it leaves of the signal.
    distortion
        Variance of what it adds to each entry of the grid.
    power
        Mean power at its output over that at its input.
    """

    gain: float
    distortion: float
    power: float

    @classmethod
    def of(cls, grid: np.ndarray, bent: Bent) -> "Behaviour":
        """Measure it from what went in and came out; silent symbols do not count.

        A projection on K subcarriers takes a K-th of the distortion for signal, which
        is put right; with one subcarrier nothing can be told.
        """
        heard = ~np.isnan(bent.gain)
        x, y, gain = grid[heard], bent.grid[heard], bent.gain[heard]
        num = x.shape[-1]
        share = num / (num - 1) if num > 1 else 1.0
        distortion = share * _mean_power(y - gain[:, None] * x)
        given, came = _mean_power(x), _mean_power(y)
        kept = max(came - distortion, 0.0)
        return cls(float(np.sqrt(kept / given)), distortion, came / given)


def _projection(x, y) -> np.ndarray:
    power = np.sum(np.abs(x) ** 2, axis=-1)
    inner = np.sum(x.conj() * y, axis=-1)
    out = np.full(power.shape, np.nan, np.complex64)
    return np.divide(inner, power, out=out, where=power > 0)


def _mean_power(x) -> float:
    return float(np.mean(np.abs(x) ** 2, dtype=np.float64))
