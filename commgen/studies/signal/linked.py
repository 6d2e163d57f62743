"""Coded blocks through a link with an amplifier, as an experiment."""

from typing import Any

import numpy as np

import commgen.montecarlo as mc
from commgen._random import complex_normal
from commgen._settings import Count, Int, PositiveFloat, Settings
from commgen.frame.constellation import Constellation
from commgen.measures.decibel import noise_variance
from commgen.montecarlo.experiment import nowhere
from commgen.studies.signal.coded import PlainCode
from commgen.waveform.amplifier import Rapp

#: Smoothness of the amplifier, and its turn at twice the saturated power [rad].
SMOOTHNESS, TURN = 2.0, 0.35


def amplified(x: np.ndarray) -> np.ndarray:
    r"""Return what an amplifier of saturated amplitude 1 makes of x.

    .. math:: \frac{x}{(1 + |x|^{2 p})^{1 / 2 p}} \,
              e^{j \varphi |x|^2 / (1 + |x|^2)}

    Rapp's model, and a turn that grows with the power as in Saleh, "Frequency-
    independent and frequency-dependent nonlinear models of TWT amplifiers", IEEE Trans.
    Commun. 29(11), 1981, eq. 4.
    """
    r = np.abs(x)
    gain = Rapp(SMOOTHNESS, back_off_db=0).amplitude(r) / np.maximum(r, 1e-30)
    return gain * x * np.exp(1j * TURN * r**2 / (1 + r**2))


class LinkedConfig(Settings):
    """Blocks of several constellations through one link.

    Parameters
    ----------
    seed
        Of data and noise.
    num_bits_per_symbol, rate, num_symbols
        Of all blocks; ``rate`` is in bits of data a symbol.
    sent
        Name to real and imaginary parts of the points as they go into the link,
        [2**num_bits_per_symbol][2]; the first one is the reference.
    num_iterations
        Of the LDPC decoder.
    sweep
        Saturated power over noise, and how many blocks.
    """

    seed: Int
    num_bits_per_symbol: Count
    rate: PositiveFloat
    num_symbols: Count
    sent: dict[str, tuple[tuple[float, float], ...]]
    num_iterations: Count = 20
    sweep: mc.SweepConfig


class LinkedBlocks(mc.Experiment):
    """Block error rates behind the amplifier; all curves see the same noise.

    A receiver knows where each point arrives, and the noise.
    """

    config_class = LinkedConfig
    packages = ("numpy", "numba")

    @property
    def layout(self) -> mc.Layout:
        """The constellations over saturated power over noise."""
        return mc.Layout(
            curves=tuple(self.config.sent),
            points=self.sweep.snr_db,
            curve="signal",
            axis=mc.Axis(name="snr", label="saturated power over noise", unit="dB"),
        )

    def build(self, keep=nowhere) -> mc.Trials:
        """Return what sends blocks and counts those that come wrong."""
        no = noise_variance(self.sweep.snr_db)
        size = self.sweep.batch_size or 8
        of = self.config.rate, self.config.num_symbols
        options: Any = {"num_iterations": self.config.num_iterations}
        codes, scales = [], []
        for sent in self.config.sent.values():
            arrived = amplified(np.array(sent) @ [1, 1j])
            scales.append(float(np.sqrt(np.mean(np.abs(arrived) ** 2))))
            codes.append(PlainCode(Constellation.of(arrived), *of, **options))

        def transmit(batch: int, pending: np.ndarray) -> mc.CountedBatch:
            rng, counts = np.random.default_rng([self.seed, batch]), {}
            noise = complex_normal(rng, (size, self.config.num_symbols))
            data = rng.integers(2, size=(size, codes[0].num_data_bits), dtype=np.uint8)
            for i, j in np.argwhere(pending):
                # An automatic gain brings what arrives to unit power, noise with it.
                scaled = np.sqrt(no[j]) / scales[i]
                found = codes[i].through(data, scaled * noise, scaled**2)
                wrong = (found != data).any(axis=1)
                counts[i, j] = mc.PointCounts(np.stack([wrong | True, wrong]))
            return mc.CountedBatch.of(batch, counts)

        return mc.Trials(self.layout, transmit)


def pairs_of(points: Any) -> tuple[tuple[float, float], ...]:
    """Return complex points as a configuration holds them."""
    return tuple((float(x.real), float(x.imag)) for x in np.asarray(points))
