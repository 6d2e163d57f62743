"""Total degradation: what an amplifier costs a waveform, in one number."""

from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any

import numpy as np
from scipy.optimize import brentq

from commgen._checks import check_int, check_positive
from commgen._random import complex_normal
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi, snr_db_for
from commgen.measures.decibel import from_db, noise_variance, to_db
from commgen.measures.intervals import normal_quantile
from commgen.waveform.amplifier import Amplifier
from commgen.waveform.clusters import Clusters
from commgen.waveform.emission import adjacent_db, mask_margin_db
from commgen.waveform.mask import Mask
from commgen.waveform.tones import HasTones

# Brackets of the SNR, how far it is looked for, and how closely [dB].
_WIDTH_DB, _MOST_SNR_DB, _TOLERANCE_DB = 1.0, 60.0, 2e-3
# Labels of few blocks may miss a point: the receiver learns clusters of so many.
_LEAST_OF_EACH = 20
_ORDER = 24
# Exact values are taken so far apart [dB].
_GRID_DB = 0.5


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
        As of :func:`~commgen.waveform.emission.adjacent_db`.
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
    sent = Transmission(waveform, constellation, seed=seed, num_blocks=num_blocks)
    return sent.degradation(rate, amplifier)


class Transmission:
    """Symbols of a waveform, to go through one amplifier or several.

    Parameters
    ----------
    waveform, constellation, seed, num_blocks
        As of :func:`total_degradation`.
    """

    def __init__(
        self,
        waveform: HasTones,
        constellation: Constellation,
        *,
        seed: int,
        num_blocks: int = 100,
    ):
        check_int("num_blocks", num_blocks, low=2)
        check_int("seed", seed, low=0)
        self.waveform, self.constellation = waveform, constellation
        known, sent = (np.random.default_rng([seed, k]) for k in (0, 1))
        size, num_data = len(constellation.points), waveform.num_subcarriers
        least = int(np.ceil(_LEAST_OF_EACH * size / num_data))
        self._known = self._drawn(known, max(num_blocks, least))
        self.labels, self._samples = self._drawn(sent, num_blocks)
        self.noise = self._white(sent, num_blocks)

    def adjacent_db(self, amplifier: Amplifier) -> float:
        """Return :func:`~commgen.waveform.emission.adjacent_db` behind an amplifier."""
        return adjacent_db(self.waveform.ofdm, amplifier(self._samples))

    def mask_margin_db(self, amplifier: Amplifier, mask: Mask) -> float:
        """Return :func:`~commgen.waveform.emission.mask_margin_db` behind it."""
        return mask_margin_db(self.waveform.ofdm, amplifier(self._samples), mask)

    def degradation(self, rate: float, amplifier: Amplifier) -> Degradation:
        """Return what an amplifier costs; as of :func:`total_degradation`."""
        seen = self.behind(amplifier)
        qam = Constellation.qam(self.constellation.num_bits_per_symbol)
        of_qam = snr_db_for(qam, check_positive("rate", rate), order=_ORDER)
        snr_db, half = seen.snr_db(rate, of_qam)
        out, loss = to_db(amplifier.saturation**2 / seen.power), snr_db - of_qam
        ends = out + loss - half, out + loss + half
        aclr = self.adjacent_db(amplifier)
        return Degradation(amplifier.back_off_db, out, loss, *ends, aclr)

    def behind(self, amplifier: Amplifier) -> "Received":
        """Return what is received behind an amplifier."""
        known, samples = self._known
        y = self.waveform.demodulate(amplifier(samples))
        clusters = Clusters.of(y, known, len(self.constellation.points))
        y = amplifier(self._samples)
        # What was drawn happens to have a little more or less than unit power.
        drawn = np.mean(np.abs(self.constellation.points[self.labels]) ** 2)
        power = np.mean(np.abs(self.waveform.ofdm.demodulate(y)) ** 2) / drawn
        return Received(self, self.waveform.demodulate(y), clusters, float(power))

    def _drawn(self, rng, num_blocks):
        """Return labels, and the samples of their symbols."""
        shape = num_blocks, 1, self.waveform.num_subcarriers
        labels = rng.integers(len(self.constellation.points), size=shape)
        return labels, self.waveform.modulate(self.constellation.points[labels])

    def _white(self, rng, num_blocks):
        """Return white noise in the grid, of unit variance in the tones."""
        ofdm = self.waveform.ofdm
        shape = num_blocks, self._samples.shape[-1]
        noise = complex_normal(rng, shape) * ofdm.sample_noise_variance(1.0) ** 0.5
        return self.waveform.demodulate(noise)


class Received:
    """Symbols behind an amplifier, and what a receiver knows of them.

    Parameters
    ----------
    sent
        What was sent.
    y : [num_blocks, 1, num_data], complex128
        What comes of it, without noise.
    clusters
        Of other symbols behind this amplifier.
    power
        Mean power of a tone in use.
    """

    def __init__(
        self, sent: Transmission, y: np.ndarray, clusters: Clusters, power: float
    ):
        self.sent, self.y, self.clusters, self.power = sent, y, clusters, power
        waveform = sent.waveform
        self._noise_gain = waveform.noise_gain / waveform.ofdm.noise_gain
        self._gain_db = -to_db(self._noise_gain)

    def bits(self, snr_db: float) -> np.ndarray:
        """Return bits for each tone in use, of each OFDM symbol: [num_blocks].

        The same symbols and noise without the amplifier carry what is known exactly:
        what they miss of it by chance is taken off.
        """
        constellation = self.sent.constellation
        amplitude = np.sqrt(self.power / from_db(snr_db))
        noise, no = amplitude * self.sent.noise, amplitude**2 * self._noise_gain
        linear = np.sqrt(self.power) * constellation.points
        plain = Clusters(linear, np.zeros(len(linear)))
        chance = self._missed(plain, linear[self.sent.labels] + noise, no)
        missed = self._missed(self.clusters, self.y + noise, no) - chance
        exact = _carried(constellation, snr_db + self._gain_db)
        num_tones = self.sent.waveform.ofdm.num_subcarriers
        return (exact - missed) * self.y.shape[-1] / num_tones

    def snr_db(self, rate: float, near_db: float) -> tuple[float, float]:
        """Return the SNR that carries a rate, and half its interval [dB]."""

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
        spread = self.bits(found).std(ddof=1) / np.sqrt(len(self.y))
        return float(found), float(normal_quantile(0.95) * spread / steep)

    def _missed(self, clusters, y, no):
        """Return what LLRs leave open, in bits for each symbol, [num_blocks]."""
        signs = 1.0 - 2.0 * self.sent.constellation.bits[self.sent.labels]
        open_bits = np.logaddexp(0, signs * clusters.llr(y, no)).sum(axis=-1)
        return open_bits.mean(axis=(1, 2)) / np.log(2)


def _carried(constellation: Constellation, snr_db: float) -> float:
    """Return the GMI in white noise: a cubic through exact values at fixed SNRs."""
    place = snr_db / _GRID_DB
    first = int(np.floor(place)) - 1
    points = constellation.points.tobytes()
    values = [_carried_at(points, first + k) for k in range(4)]
    return float(np.polyval(np.polyfit(np.arange(4), values, 3), place - first))


@lru_cache(4096)
def _carried_at(points: bytes, place: int) -> float:
    constellation = Constellation.of(np.frombuffer(points, np.complex128))
    no = float(noise_variance(place * _GRID_DB))
    return float(gmi(constellation, no, order=_ORDER))
