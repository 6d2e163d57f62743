"""Coded blocks through an amplifier, a designed waveform beside a classical one."""

from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

import commgen.montecarlo as mc
from commgen._random import complex_normal
from commgen._settings import Count, Float, Int, PositiveFloat, Settings
from commgen.coding import LDPCDecoder, LDPCEncoder
from commgen.design.waveform.classical import ClippedSettings
from commgen.frame.constellation import Constellation
from commgen.measures.decibel import from_db
from commgen.montecarlo.experiment import nowhere
from commgen.studies.seeds import part_seed
from commgen.waveform.amplifier import Rapp
from commgen.waveform.degradation import Transmission
from commgen.waveform.designed import DesignedWaveform
from commgen.waveform.ofdm import CpOfdm
from commgen.waveform.tones import HasTones

_CLUSTER_BLOCKS = 100


class AmplifiedConfig(Settings):
    """Blocks of two waveforms, each at a back-off of its own.

    Parameters
    ----------
    seed
        Of data and noise.
    designed
        File of a :class:`~commgen.waveform.designed.DesignedWaveform`.
    classical, classical_back_off_db
        What is compared, of QAM with as many points.
    rate
        Bits of data for each tone in use.
    smoothness
        Of the amplifier.
    num_ofdm_symbols
        Of a block.
    num_iterations
        Of the LDPC decoder.
    sweep
        Saturated power over the noise in the band [dB], as ``snr``, and how many
        blocks.
    """

    seed: Int
    designed: Path
    classical: ClippedSettings
    classical_back_off_db: Float
    rate: PositiveFloat
    smoothness: PositiveFloat
    num_ofdm_symbols: Count = 6
    num_iterations: Count = 20
    sweep: mc.SweepConfig


class AmplifiedBlocks(mc.Experiment):
    """Block error rates with the NR LDPC code; both curves see the same noise."""

    config_class = AmplifiedConfig
    packages = ("numpy", "scipy", "numba")

    @property
    def layout(self) -> mc.Layout:
        """The classical and the designed waveform over saturated power to noise."""
        curves = ("classical", "designed")
        return mc.Layout(curves=curves, points=self.sweep.snr_db, curve="waveform")

    def inputs(self) -> Sequence[Path]:
        """Return the file of the designed waveform."""
        return (self.config.designed,)

    def build(self, keep=nowhere) -> mc.Trials:
        """Return what sends blocks and counts those that come wrong."""
        links = _links(self.config)
        no = 1 / from_db(np.asarray(self.sweep.snr_db))
        size = self.sweep.batch_size or 8
        shape = size, self.config.num_ofdm_symbols, links[0].num_tones

        def transmit(batch: int, pending: np.ndarray) -> mc.CountedBatch:
            rng, counts = np.random.default_rng([self.seed, batch]), {}
            noise = complex_normal(rng, shape)
            data = rng.integers(2, size=(size, links[0].num_data_bits), dtype=np.uint8)
            sent = cache(lambda i: links[i].behind_amplifier(data))
            for i, j in np.argwhere(pending):
                found = links[i].decoded(sent(i), noise, no[j])
                wrong = (found != data).any(axis=1)
                counts[i, j] = mc.PointCounts(np.stack([wrong | True, wrong]))
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, transmit)


class _Link:
    """A waveform between code and amplifier, and the receiver that knows both."""

    def __init__(
        self,
        waveform: HasTones,
        constellation: Constellation,
        back_off_db: float,
        config: AmplifiedConfig,
    ):
        self._waveform, self._points = waveform, constellation
        self._amplifier = Rapp(config.smoothness, back_off_db)
        self._num_symbols = config.num_ofdm_symbols
        self.num_tones = waveform.ofdm.num_subcarriers
        q = constellation.num_bits_per_symbol
        self.num_data_bits = round(config.rate * self.num_tones * self._num_symbols)
        num_coded = q * waveform.num_subcarriers * self._num_symbols
        self._encoder = LDPCEncoder(
            self.num_data_bits, num_coded, num_bits_per_symbol=q
        )
        self._decode = LDPCDecoder(self._encoder, num_iterations=config.num_iterations)
        self._weights = 2 ** np.arange(q)[::-1]
        seed = part_seed(config.seed, "signal/clusters")
        known = Transmission(
            waveform, constellation, seed=seed, num_blocks=_CLUSTER_BLOCKS
        )
        self._clusters = known.behind(self._amplifier).clusters

    def behind_amplifier(self, data: np.ndarray) -> np.ndarray:
        """Return the tones of blocks of data, [n, num_ofdm_symbols, num_tones]."""
        shape = len(data), self._num_symbols, self._waveform.num_subcarriers, -1
        labels = self._encoder(data).reshape(shape) @ self._weights
        samples = self._waveform.modulate(self._points.points[labels])
        return self._waveform.ofdm.demodulate(self._amplifier(samples))

    def decoded(self, tones: np.ndarray, noise: np.ndarray, no: float) -> np.ndarray:
        """Return decisions, ``no`` being the noise of a tone over saturated power."""
        no = no * self._amplifier.saturation**2
        y = self._waveform.from_tones(tones + np.sqrt(no) * noise)
        gain = self._waveform.noise_gain / self._waveform.ofdm.noise_gain
        return self._decode(self._clusters.llr(y, gain * no).reshape(len(y), -1))


def _links(config: AmplifiedConfig) -> list[_Link]:
    designed = DesignedWaveform.load(config.designed)
    points, ofdm = designed.constellation, designed.ofdm
    plain = CpOfdm(ofdm.subcarriers, ofdm.fft_size, oversampling=ofdm.oversampling)
    qam = Constellation.qam(points.num_bits_per_symbol)
    classical = config.classical.waveform(plain)
    return [
        _Link(classical, qam, config.classical_back_off_db, config),
        _Link(designed, points, designed.back_off_db, config),
    ]
