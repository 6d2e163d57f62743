"""Coded blocks of several constellations in white noise, as an experiment."""

from typing import Any

import numpy as np

import commgen.montecarlo as mc
from commgen._random import complex_normal
from commgen._settings import Count, Int, PositiveFloat, Settings
from commgen.coding import LDPCDecoder, LDPCEncoder
from commgen.coding.sphere_shaping import SphereShaper
from commgen.frame.constellation import Constellation
from commgen.frame.llr import demap
from commgen.frame.shaped import ShapedCode
from commgen.measures.decibel import noise_variance
from commgen.montecarlo.experiment import nowhere

#: Amplitudes of a sequence of the sphere shaper.
SHAPED_LENGTH = 256


class CodedConfig(Settings):
    """Blocks of QAM, of other points, and of shaped QAM.

    Parameters
    ----------
    seed
        Of data and noise.
    num_bits_per_symbol, rate, num_symbols
        Of all blocks; ``rate`` is in bits of data a symbol.
    points
        Real and imaginary parts of a constellation, [2**num_bits_per_symbol][2].
    shaper_bits
        Bits of a sequence of the sphere shaper.
    num_iterations
        Of the LDPC decoder.
    sweep
        SNRs and how many blocks.
    """

    seed: Int
    num_bits_per_symbol: Count
    rate: PositiveFloat
    num_symbols: Count
    points: tuple[tuple[float, float], ...]
    shaper_bits: Count
    num_iterations: Count = 20
    sweep: mc.SweepConfig


class CodedBlocks(mc.Experiment):
    """Block error rates with the NR LDPC code; all curves see the same noise."""

    config_class = CodedConfig
    packages = ("numpy", "numba")

    @property
    def layout(self) -> mc.Layout:
        """QAM, the designed points, and shaped QAM over SNR."""
        curves = ("QAM", "geometric", "sphere-shaped")
        return mc.Layout(curves=curves, points=self.sweep.snr_db, curve="signal")

    def build(self, keep=nowhere) -> mc.Trials:
        """Return what sends blocks and counts those that come wrong."""
        codes = _codes(self.config)
        no = noise_variance(self.sweep.snr_db)
        size = self.sweep.batch_size or 8

        def transmit(batch: int, pending: np.ndarray) -> mc.CountedBatch:
            rng, counts = np.random.default_rng([self.seed, batch]), {}
            noise = complex_normal(rng, (size, self.config.num_symbols))
            data = rng.integers(2, size=(size, codes[0].num_data_bits), dtype=np.uint8)
            for i, j in np.argwhere(pending):
                found = codes[i].through(data, np.sqrt(no[j]) * noise, no[j])
                wrong = (found != data).any(axis=1)
                counts[i, j] = mc.PointCounts(np.stack([wrong | True, wrong]))
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, transmit)


class PlainCode:
    """Equally likely points behind the LDPC code.

    Parameters
    ----------
    constellation
        The points.
    rate, num_symbols, num_iterations
        As of :class:`CodedConfig`.
    phase_var
        Of a phase that the demapper counts on [rad^2].
    """

    def __init__(
        self,
        constellation: Constellation,
        rate: float,
        num_symbols: int,
        *,
        num_iterations: int = 20,
        phase_var: float = 0.0,
    ):
        q = constellation.num_bits_per_symbol
        k, n = round(rate * num_symbols), num_symbols * q
        self._points, self._phase_var = constellation, phase_var
        self._encoder = LDPCEncoder(k, n, num_bits_per_symbol=q)
        self._decode = LDPCDecoder(self._encoder, num_iterations=num_iterations)
        self._weights = 2 ** np.arange(q)[::-1]
        self.num_data_bits = k

    def through(self, data, noise, no, turns: Any = 1) -> np.ndarray:
        """Return the decisions on data [n, num_data_bits] behind noise and phases."""
        bits = self._encoder(data).reshape(*noise.shape, -1)
        y = turns * self._points.points[bits @ self._weights] + noise
        llr = demap(y, no, self._points, phase_var=self._phase_var)
        return self._decode(llr.reshape(len(data), -1))


class _Shaped:
    """Shaped QAM."""

    def __init__(self, config: CodedConfig):
        q = config.num_bits_per_symbol
        shaper = SphereShaper.of_bits(
            2 ** (q // 2 - 1), SHAPED_LENGTH, config.shaper_bits
        )
        size = config.num_symbols, config.rate
        self._code = ShapedCode(q, shaper, *size, num_iterations=config.num_iterations)
        self._points = self._code.constellation
        self.num_data_bits = self._code.num_data_bits

    def through(self, data, noise, no) -> np.ndarray:
        """As of plain points."""
        y = self._points.points[self._code.encode(data)] + noise
        return self._code.decode(demap(y, no, self._points))[0]


def _codes(config: CodedConfig) -> list[Any]:
    points = np.array(config.points) @ [1, 1j]
    of = (config.rate, config.num_symbols)
    plain = [
        PlainCode(c, *of, num_iterations=config.num_iterations)
        for c in (
            Constellation.qam(config.num_bits_per_symbol),
            Constellation.of(points),
        )
    ]
    return [*plain, _Shaped(config)]
