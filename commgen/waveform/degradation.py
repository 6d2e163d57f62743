"""Total degradation: what an amplifier costs a waveform, in one number."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from scipy.optimize import brentq

from commgen._checks import check_int, check_positive
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi, snr_db_for
from commgen.measures.decibel import from_db, to_db
from commgen.measures.intervals import normal_quantile
from commgen.waveform.amplifier import Amplifier
from commgen.waveform.clusters import Clusters
from commgen.waveform.tones import HasTones

# Brackets of the SNR, how far it is looked for, and how closely [dB].
_WIDTH_DB, _MOST_SNR_DB, _TOLERANCE_DB = 1.0, 60.0, 2e-3
# Labels of few blocks may miss a point: the receiver learns clusters of so many.
_LEAST_OF_EACH = 20
_ORDER = 20


@dataclass(frozen=True)
class Degradation:
    r"""What an amplifier costs at one back-off.

    Parameters
    ----------
    back_off_db
        Of the input: the power at which the amplifier saturates over the mean power.
    output_back_off_db
        Saturated power over the mean output power in the band.
    snr_loss_db
        SNR that the rate takes, mean output power in the band over the noise there,
        minus the SNR that Gray-labelled QAM of as many points takes in white noise
        without an amplifier.
    low_db, high_db
        95 % interval of :attr:`total_db`.
    aclr_db
        As of :func:`adjacent_db`.
    """

    back_off_db: float
    output_back_off_db: float
    snr_loss_db: float
    low_db: float
    high_db: float
    aclr_db: float

    @property
    def total_db(self) -> float:
        """Output back-off plus loss of SNR [dB]."""
        return self.output_back_off_db + self.snr_loss_db


def total_degradation(
    waveform: HasTones,
    constellation: Constellation,
    rate: float,
    amplifier: Amplifier,
    *,
    seed: int,
    num_blocks: int = 100,
) -> Degradation:
    r"""Return what an amplifier costs a waveform that is to carry a rate.

    Random symbols go through waveform and amplifier. In the band white noise is added,
    and :class:`~commgen.waveform.clusters.Clusters` of other symbols demap what comes.
    The SNR is where :func:`~commgen.frame.information.sampled_gmi` is the rate. The
    sum of back-off and loss is the saturated power over the noise in the band, less
    the SNR of QAM: what a better amplifier would have to make up for.

    Parameters
    ----------
    waveform
        OFDM, or what is made of its tones, as they are in use.
    constellation
        What it carries, equally likely points.
    rate
        Bits for each tone in use, of all the band.
    amplifier
        At its back-off.
    seed
        Of symbols and noise.
    num_blocks
        OFDM symbols, at least 2.

    Returns
    -------
    Degradation
        Of infinite loss where no SNR is enough.
    """
    sent = AmplifiedSymbols(waveform, constellation, amplifier, seed, num_blocks)
    return sent.degradation(rate)


def adjacent_db(ofdm: Any, samples: np.ndarray) -> float:
    """Return the power in an adjacent channel over that in the band [dB].

    The adjacent channel begins where the band ends, and is as wide; the worse side
    counts. Useful parts of OFDM symbols are each continued periodically: without an
    amplifier there is nothing beside the band. What the edges of OFDM symbols spill
    over is no matter of the amplifier but of the transmitter's window, and is seen by
    :func:`~commgen.waveform.measures.aclr_db`.

    Parameters
    ----------
    ofdm
        The tones in use, next to each other; oversampled at least three times.
    samples : [num_blocks, symbol_length], complex
        One OFDM symbol in a row.
    """
    size = ofdm.fft_size * ofdm.oversampling
    first, width = ofdm.subcarriers[0], len(ofdm.subcarriers)
    if ofdm.subcarriers[-1] - first != width - 1 or 3 * width > size:
        raise ValueError(
            "ofdm must have tones next to each other and three times their bandwidth, "
            f"got {width} of {size}."
        )
    useful = samples[..., ofdm.symbol_length - size : ofdm.symbol_length]
    power = np.mean(np.abs(np.fft.fft(useful)) ** 2, axis=0)
    own, below, above = (
        power[(first + shift * width + np.arange(width)) % size].sum()
        for shift in (0, -1, 1)
    )
    return to_db(max(below, above) / own)


class AmplifiedSymbols:
    """Symbols of a waveform behind an amplifier, and what a receiver makes of them.

    Parameters
    ----------
    waveform, constellation, amplifier, seed, num_blocks
        As of :func:`total_degradation`.
    """

    def __init__(self, waveform, constellation, amplifier, seed, num_blocks):
        check_int("num_blocks", num_blocks, low=2)
        self._rng = np.random.default_rng([check_int("seed", seed, low=0), 1])
        self._size, self._amplifier = len(constellation.points), amplifier
        self._waveform, self._ofdm = waveform, waveform.ofdm
        self._constellation = constellation
        self._noise_gain = waveform.noise_gain * self._ofdm.sample_noise_variance(1.0)
        least = _LEAST_OF_EACH * self._size / waveform.num_subcarriers
        known = self._send(
            np.random.default_rng([seed, 0]), max(num_blocks, int(least))
        )
        self.clusters = Clusters.of(known[1], known[0], self._size)
        self._labels, self._y, self.aclr_db, self.power = self._send(
            self._rng, num_blocks
        )
        self._noise = self._white(self._rng, num_blocks)

    def degradation(self, rate: float) -> Degradation:
        """Return what the amplifier costs; as of :func:`total_degradation`."""
        qam = Constellation.qam(self._size.bit_length() - 1)
        of_qam = snr_db_for(qam, check_positive("rate", rate), order=_ORDER)
        snr_db, half = self._snr_db(rate, of_qam)
        loss = snr_db - of_qam
        out = to_db(self._amplifier.saturation**2 / self.power)
        ends = out + loss - half, out + loss + half
        back_off = self._amplifier.back_off_db
        return Degradation(back_off, out, loss, *ends, self.aclr_db)

    def bits(self, snr_db: float) -> np.ndarray:
        """Return bits for each tone in use, of each OFDM symbol: [num_blocks].

        The same symbols and noise without the amplifier carry what is known exactly:
        what they miss of it by chance is taken off.
        """
        amplitude = np.sqrt(self.power / from_db(snr_db))
        noise = amplitude * self._noise
        no = amplitude**2 * self._noise_gain
        linear = np.sqrt(self.power) * self._constellation.points
        plain = Clusters(linear, np.zeros(len(linear)))
        chance = self._missed(plain, linear[self._labels] + noise, no)
        missed = self._missed(self.clusters, self._y + noise, no) - chance
        exact = gmi(self._constellation, no / self.power, order=_ORDER)
        num_symbols, num_tones = self._y.shape[-1], self._ofdm.num_subcarriers
        return (exact - missed) * num_symbols / num_tones

    def _missed(self, clusters, y, no):
        """Return what LLRs leave open, in bits for each symbol, [num_blocks]."""
        signs = 1.0 - 2.0 * self._constellation.bits[self._labels]
        open_bits = np.logaddexp(0, signs * clusters.llr(y, no)).sum(axis=-1)
        return open_bits.mean(axis=(1, 2)) / np.log(2)

    def _snr_db(self, rate, near_db) -> tuple[float, float]:
        """SNR of the rate, and half its interval."""

        @cache
        def missing(snr_db):
            return float(self.bits(snr_db).mean()) - rate

        low = high = near_db
        while missing(high) < 0:
            low, high = high, high + _WIDTH_DB
            if high > _MOST_SNR_DB:
                return np.inf, np.inf
        while missing(low) >= 0:
            low, high = low - _WIDTH_DB, low
        found: Any = brentq(missing, low, high, xtol=_TOLERANCE_DB)
        steep = (missing(high) - missing(low)) / (high - low)
        spread = self.bits(found).std(ddof=1) / np.sqrt(len(self._y))
        return float(found), float(normal_quantile(0.95) * spread / steep)

    def _send(self, rng, num_blocks):
        """Return labels, grids behind the amplifier, ACLR, and mean power in band."""
        shape = num_blocks, 1, self._waveform.num_subcarriers
        labels = rng.integers(self._size, size=shape)
        x = self._constellation.points[labels]
        y = self._amplifier(self._waveform.modulate(x))
        # What was drawn happens to have a little more or less than unit power.
        drawn = np.mean(np.abs(x) ** 2)
        power = float(np.mean(np.abs(self._ofdm.demodulate(y)) ** 2) / drawn)
        return labels, self._waveform.demodulate(y), adjacent_db(self._ofdm, y), power

    def _white(self, rng, num_blocks):
        """Return white noise in the grid, of unit variance in the tones."""
        shape = num_blocks, self._ofdm.symbol_length
        noise = rng.standard_normal((2, *shape)) * np.sqrt(0.5)
        variance = self._ofdm.sample_noise_variance(1.0)
        return self._waveform.demodulate((noise[0] + 1j * noise[1]) * variance**0.5)
