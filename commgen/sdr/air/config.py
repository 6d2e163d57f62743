"""What the simulated air does to samples."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from commgen._settings import Count, Float, Int, Settings
from commgen.frame.bursts import Bursts

Channel = Literal["AWGN", "TDL-A", "TDL-B", "TDL-C", "TDL-D", "TDL-E"]
_SPEED_OF_LIGHT_M_S = 299_792_458.0


class AirConfig(Settings):
    """Fading, noise, offsets and interference.

    Parameters
    ----------
    channel
        Profile of TR 38.901, or ``"AWGN"`` for none.
    channel_file
        Channel file to play instead.
    delay_spread_s
        RMS delay spread of the profile [s].
    speed_m_s, carrier_hz
        Of the terminal, and of the carrier; together the greatest Doppler shift.
    renewal
        Samples after which another draw, or another channel of the file, begins; None
        for never.
    snr_db
        SNR of a subcarrier for a channel of unit power [dB]; None for no noise.
    cfo_hz
        Carrier frequency offset [Hz].
    clock_error_ppm
        How much faster the receiver's clock runs, in millionths. It moves no carrier:
        that is ``cfo_hz``.
    linewidth_hz
        Of the oscillator's phase noise [Hz].
    tone_db, tone_hz
        Power of a tone over the signal's [dB], None for no tone, and its frequency.
    dc_offset
        Amplitude added to each sample; the signal's is 1.
    bursts
        Bursts of interference, None for none.
    seed
        Of all that is random.
    """

    channel: Channel = "TDL-A"
    channel_file: Path | None = None
    delay_spread_s: Annotated[Float, Field(ge=0, le=1e-5)] = 100e-9
    speed_m_s: Annotated[Float, Field(ge=0, le=1e4)] = 0.0
    carrier_hz: Annotated[Float, Field(gt=0, le=1e12)] = 3.5e9
    renewal: Count | None = None
    snr_db: Annotated[Float, Field(ge=-150, le=150)] | None = 20.0
    cfo_hz: Annotated[Float, Field(ge=-1e9, le=1e9)] = 0.0
    clock_error_ppm: Annotated[Float, Field(ge=-1000, le=1000)] = 0.0
    linewidth_hz: Annotated[Float, Field(ge=0, le=1e9)] = 0.0
    tone_db: Annotated[Float, Field(ge=-150, le=150)] | None = None
    tone_hz: Annotated[Float, Field(ge=-1e9, le=1e9)] = 0.0
    dc_offset: Annotated[Float, Field(ge=-1e6, le=1e6)] = 0.0
    bursts: Bursts | None = None
    seed: Annotated[Int, Field(ge=0, le=2**63 - 1)] = 0

    @property
    def doppler_hz(self) -> float:
        """Greatest Doppler shift [Hz]."""
        return self.speed_m_s * self.carrier_hz / _SPEED_OF_LIGHT_M_S

    @model_validator(mode="after")
    def _check_renewal(self) -> Self:
        if self.channel_file is not None and self.renewal is None:
            raise ValueError("renewal must be given with channel_file, got None.")
        return self
