"""The air between two radios, simulated on a stream of samples."""

import numpy as np

from commgen._checks import check_snr_db
from commgen._random import complex_normal
from commgen.frame.frame import RADIO_FRAME, Frame
from commgen.measures.decibel import from_db, noise_variance
from commgen.sdr.air.clock import SampleClock
from commgen.sdr.air.config import AirConfig
from commgen.sdr.air.fading import TappedDelayLine
from commgen.sdr.air.filtering import FadingFilter, TapSource
from commgen.sdr.air.interference import BurstStream, tone
from commgen.sdr.air.oscillator import Oscillator
from commgen.sdr.air.profiles import delay_profiles
from commgen.sdr.air.recorded import RecordedTaps

_NOISE = 4  # of the seeds


class Air:
    """What becomes of samples between two antennas.

    In this order: fading, the receiver's clock, its oscillator, interference, noise, DC
    offset. One configuration gives the same samples however the stream is cut.

    Parameters
    ----------
    config
        What is done.
    frame
        Of what is sent: says which share of the band the SNR refers to, and how fast
        samples come.

    Attributes
    ----------
    latency : int
        Samples by which a path of delay 0 comes late, besides the clock error.

    Examples
    --------
    >>> air = Air(AirConfig(channel="TDL-C", speed_m_s=30, snr_db=10, cfo_hz=2e3))
    >>> air.push(np.ones(1000, np.complex64)).shape
    (1000,)
    """

    def __init__(self, config: AirConfig, frame: Frame = RADIO_FRAME) -> None:
        self.config = config
        self._frame = frame
        rate, seed = frame.sample_rate_hz, config.seed
        source = _source(config, rate)
        self._fading = FadingFilter(source, config.renewal) if source else None
        error = config.clock_error_ppm
        self._clock = SampleClock(error) if error else None
        self._oscillator = Oscillator(
            config.cfo_hz, config.linewidth_hz, rate, seed=seed
        )
        self._bursts = (
            BurstStream(config.bursts, frame, seed=seed) if config.bursts else None
        )
        self._noise = np.random.default_rng([seed, _NOISE])
        self._count = 0
        self.snr_db = config.snr_db
        self.latency = sum(p.latency for p in (self._fading, self._clock) if p)

    @property
    def snr_db(self) -> float | None:
        """SNR of a subcarrier [dB], None for no noise; may be set between pushes."""
        return self._snr_db

    @snr_db.setter
    def snr_db(self, value: float | None) -> None:
        if value is not None:
            value = float(check_snr_db("snr_db", value))
        self._snr_db = value

    @property
    def cfo_hz(self) -> float:
        """Carrier frequency offset [Hz]; may be set between pushes."""
        return self._oscillator.cfo_hz

    @cfo_hz.setter
    def cfo_hz(self, value: float) -> None:
        if not np.isfinite(value):
            raise ValueError(f"cfo_hz must be finite, got {value}.")
        self._oscillator.cfo_hz = float(value)

    def push(self, samples: np.ndarray) -> np.ndarray:
        """Return what arrives of the next samples.

        Parameters
        ----------
        samples : [num], complex64
            Of unit mean power while something is sent.

        Returns
        -------
        [num], complex64
            A few more or fewer with a clock error.
        """
        y = np.asarray(samples, np.complex64)
        if y.ndim != 1:
            raise ValueError(f"samples must be [num], got {y.shape}.")
        for part in (self._fading, self._clock, self._oscillator):
            y = part.push(y) if part else y
        self._add_interference(y)
        self._add_noise(y)
        self._count += len(y)
        return y

    def _add_interference(self, y: np.ndarray) -> None:
        config = self.config
        if self._bursts:
            y += self._bursts.push(len(y))
        if config.tone_db is not None:
            cycles = config.tone_hz / self._frame.sample_rate_hz
            y += tone(self._count, len(y), cycles, from_db(config.tone_db) ** 0.5)
        if config.dc_offset:
            y += np.complex64(config.dc_offset)

    def _add_noise(self, y: np.ndarray) -> None:
        if self._snr_db is None:
            return
        # The signal's power lies in its subcarriers, the noise's in all of the band.
        share = self._frame.fft_size / self._frame.num_effective_subcarriers
        scale = np.sqrt(noise_variance(self._snr_db) * share)
        y += np.float32(scale) * complex_normal(self._noise, y.shape)


def _source(config: AirConfig, sample_rate_hz: float) -> TapSource | None:
    if config.channel_file is not None:
        return RecordedTaps(config.channel_file, sample_rate_hz, seed=config.seed)
    if config.channel == "AWGN":
        return None
    return TappedDelayLine(
        delay_profiles()[config.channel],
        config.delay_spread_s,
        config.doppler_hz,
        sample_rate_hz,
        max_length=config.renewal,
        seed=config.seed,
    )
