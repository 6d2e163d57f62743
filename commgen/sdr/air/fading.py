"""Tapped delay lines with moving terminals, as taps on the sample grid."""

from functools import lru_cache

import numpy as np

from commgen._checks import check_positive
from commgen.coding.compiled import compiled
from commgen.sdr.air.interpolation import NUM_TAPS, spread_taps
from commgen.sdr.air.profiles import DelayProfile

NUM_SINUSOIDS = 20  # as Sionna's TDL
_LOS_ANGLE = np.pi / 4  # likewise; TR 38.901 7.7.2 has a Doppler shift of 0.7 the most
# Looks at the fading in a block, and radians that the fastest path turns from one to
# the next at most; linear interpolation errs by an eighth of the square, -58 dB.
_MAX_LOOKS = 64
_RADIANS = 0.1
_MAX_STEP = 256
_FADING = 1  # of the seeds


class TappedDelayLine:
    r"""Taps of one antenna pair that fade as long as one likes.

    Path p is the sum of sinusoids

    .. math:: a_p(t) = \sqrt{\frac{P_p}{N}} \sum_{n=1}^{N}
              e^{j (2 \pi f_D t \cos \alpha_{p,n} + \phi_{p,n})}, \quad
              \alpha_{p,n} = \frac{2 \pi n + \theta_{p,n}}{N}

    of Xiao, Zheng and Beaulieu (*Novel sum-of-sinusoids simulation models*, IEEE Trans.
    Wireless Commun. 5, 2006, eq. 6, 7 and 11), with a line of sight on the first one.
    It differs from Sionna's ``TDL`` in its random numbers alone.

    Parameters
    ----------
    profile
        Powers and delays.
    delay_spread_s
        RMS delay spread [s].
    doppler_hz
        Greatest Doppler shift f_D [Hz], at least 0.
    sample_rate_hz
        Samples a second.
    max_length
        Samples of the stream that are wanted of a realisation, None for no end.
    seed
        Realisation r follows from (seed, r).
    """

    def __init__(
        self,
        profile: DelayProfile,
        delay_spread_s: float,
        doppler_hz: float,
        sample_rate_hz: float,
        *,
        max_length: int | None = None,
        seed: int,
    ) -> None:
        rate = check_positive("sample_rate_hz", sample_rate_hz)
        self.profile = profile
        self.seed = seed
        delays = profile.delays * delay_spread_s * rate
        #: Taps on the sample grid; the first is LEAD samples before delay 0.
        self.num_taps = int(np.floor(delays.max())) + NUM_TAPS
        self._rows = spread_taps(delays, self.num_taps)
        self._omega = 2 * np.pi * doppler_hz / rate
        #: Samples from one look to the next; between them taps change linearly.
        self.step = _step(self._omega)
        wanted = -(-max_length // self.step) if max_length else _MAX_LOOKS
        self._num_looks = min(wanted, _MAX_LOOKS)

    @property
    def block_length(self) -> int:
        """Samples of a block."""
        return self._num_looks * self.step

    def block(self, realisation: int, number: int) -> np.ndarray:
        """Return the taps of one block.

        Parameters
        ----------
        realisation
            Which draw of the channel.
        number
            Which block of it, from 0.

        Returns
        -------
        [block_length / step + 1, num_taps], complex64
            At samples ``number * block_length``, and ``step`` apart; the last is the
            first of the next block.
        """
        shifts, phases, los_phase = _draw(self.profile, self.seed, realisation)
        begin = number * self.block_length
        turns = self._omega * self.step * shifts
        a = np.empty((self._num_looks + 1, len(self._rows)), np.complex64)
        start = np.exp(1j * (phases + self._omega * begin * shifts))
        amplitudes = np.sqrt(self.profile.powers / NUM_SINUSOIDS)
        sum_sinusoids(amplitudes, start, np.exp(1j * turns), a)
        if self.profile.los_power:
            los = self._omega * np.cos(_LOS_ANGLE)
            times = begin + self.step * np.arange(self._num_looks + 1)
            wave = np.exp(1j * (los * times + los_phase))
            a[:, 0] += np.sqrt(self.profile.los_power) * wave
        return a @ self._rows


@lru_cache(maxsize=8)
def _draw(profile: DelayProfile, seed: int, realisation: int) -> tuple:
    """Cosines of the angles and phases, [num_paths, NUM_SINUSOIDS], and a phase."""
    rng = np.random.default_rng([seed, _FADING, realisation])
    shape = len(profile.powers), NUM_SINUSOIDS
    theta = rng.uniform(-np.pi, np.pi, shape)
    alpha = (2 * np.pi * np.arange(1, NUM_SINUSOIDS + 1) + theta) / NUM_SINUSOIDS
    phases = rng.uniform(-np.pi, np.pi, shape)
    return np.cos(alpha), phases, rng.uniform(-np.pi, np.pi)


def _step(omega: float) -> int:
    """Return samples between looks, the greatest power of two that is close enough."""
    most = _RADIANS / omega if omega else _MAX_STEP
    return int(2 ** np.floor(np.log2(np.clip(most, 1, _MAX_STEP))))


@compiled
def sum_sinusoids(amplitudes, start, turn, a):
    """Write sums of turning waves into ``a``, [num_looks, num_paths]; moves ``start``.

    Parameters
    ----------
    amplitudes : [num_paths], float64
    start, turn : [num_paths, num_sinusoids], complex128
        Waves at the first look, and how they turn from one to the next.
    """
    for p in range(len(amplitudes)):
        for k in range(len(a)):
            total = 0j
            for n in range(start.shape[1]):
                total += start[p, n]
                start[p, n] *= turn[p, n]
            a[k, p] = amplitudes[p] * total
