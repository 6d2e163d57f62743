"""Configuration of a link's samples, and of the devices that they pass."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from commgen._settings import Count, Float, Int, PositiveFloat, Settings

_Decibels = Annotated[Float, Field(ge=-100, le=100)]


class WaveformConfig(Settings):
    """How a grid becomes samples.

    Parameters
    ----------
    kind
        ``ofdm``, or ``dft-spread``: the data of an OFDM symbol are spread over its
        subcarriers by a DFT; pilots are not.
    sampling_rate_hz
        A whole multiple of ``fft_size * subcarrier_spacing_hz``, 1 to 16 times; 4 times
        where it is left out.
    window_length
        Samples, of those without oversampling, over which an OFDM symbol fades in while
        the one before fades out; at most the cyclic prefix.
    """

    kind: Literal["ofdm", "dft-spread"] = "ofdm"
    sampling_rate_hz: PositiveFloat | None = None
    window_length: Annotated[Int, Field(ge=0)] = 0


class _ImpairmentSettings(Settings):
    """An impairment by its ``kind``, which a subclass gives."""

    def build(self, sampling_rate_hz: float) -> list[Any]:
        """Return it as :class:`~commgen.waveform.Impairment`, one or two of them."""
        raise NotImplementedError(f"{type(self).__name__} has no build.")


class _AmplifierSettings(_ImpairmentSettings):
    """What amplifiers have in common.

    Parameters
    ----------
    back_off_db
        Input back-off, as of :class:`~commgen.waveform.Amplifier`.
    predistorted
        Whether its exact inverse goes before it.
    """

    back_off_db: _Decibels
    predistorted: bool = False

    def _amplifier(self) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no amplifier.")

    def build(self, sampling_rate_hz: float) -> list[Any]:
        """Return the amplifier, behind its inverse if asked."""
        from commgen.waveform.predistortion import Predistortion

        amplifier = self._amplifier()
        return [*([Predistortion(amplifier)] if self.predistorted else []), amplifier]


class RappConfig(_AmplifierSettings):
    """``kind: rapp``, of :class:`~commgen.waveform.Rapp`."""

    kind: Literal["rapp"] = "rapp"
    smoothness: Annotated[Float, Field(ge=0.1, le=100)] = 2.0

    def _amplifier(self) -> Any:
        from commgen.waveform.amplifier import Rapp

        return Rapp(self.smoothness, self.back_off_db)


class LimiterConfig(_AmplifierSettings):
    """``kind: limiter``, of :class:`~commgen.waveform.Limiter`."""

    kind: Literal["limiter"] = "limiter"

    def _amplifier(self) -> Any:
        from commgen.waveform.amplifier import Limiter

        return Limiter(self.back_off_db)


class ConverterConfig(_ImpairmentSettings):
    """``kind: converter``, of :class:`~commgen.waveform.Dac`, at either end."""

    kind: Literal["converter"] = "converter"
    num_bits: Annotated[Count, Field(le=24)]
    back_off_db: _Decibels = 12.0

    def build(self, sampling_rate_hz: float) -> list[Any]:
        """Return the converter."""
        from commgen.waveform.converter import Dac

        return [Dac(self.num_bits, self.back_off_db)]


class CarrierOffsetConfig(_ImpairmentSettings):
    """``kind: carrier-offset``, of :class:`~commgen.waveform.CarrierOffset`."""

    kind: Literal["carrier-offset"] = "carrier-offset"
    offset_hz: Float

    def build(self, sampling_rate_hz: float) -> list[Any]:
        """Return the offset."""
        from commgen.waveform.oscillator import CarrierOffset

        return [CarrierOffset(self.offset_hz, sampling_rate_hz)]


class PhaseNoiseConfig(_ImpairmentSettings):
    """``kind: phase-noise``, of :class:`~commgen.waveform.PhaseNoise`.

    The antennas of a device share the oscillator; each slot begins at phase 0.
    """

    kind: Literal["phase-noise"] = "phase-noise"
    linewidth_hz: PositiveFloat

    def build(self, sampling_rate_hz: float) -> list[Any]:
        """Return the oscillator."""
        from commgen.waveform.phase_noise import PhaseNoise

        return [PhaseNoise(self.linewidth_hz, sampling_rate_hz, common=True)]


class PhaseJitterConfig(_ImpairmentSettings):
    """``kind: phase-jitter``, of :class:`~commgen.waveform.PhaseJitter`."""

    kind: Literal["phase-jitter"] = "phase-jitter"
    std_deg: Annotated[PositiveFloat, Field(le=180)]

    def build(self, sampling_rate_hz: float) -> list[Any]:
        """Return the jitter."""
        from commgen.waveform.phase_noise import PhaseJitter

        return [PhaseJitter(self.std_deg, common=True)]


_KINDS = {
    "rapp": RappConfig,
    "limiter": LimiterConfig,
    "converter": ConverterConfig,
    "carrier-offset": CarrierOffsetConfig,
    "phase-noise": PhaseNoiseConfig,
    "phase-jitter": PhaseJitterConfig,
}


def _kind_of(data: Any) -> Any:
    return data.get("kind") if isinstance(data, dict) else getattr(data, "kind", None)


ImpairmentConfig = Annotated[
    Annotated[RappConfig, Tag("rapp")]
    | Annotated[LimiterConfig, Tag("limiter")]
    | Annotated[ConverterConfig, Tag("converter")]
    | Annotated[CarrierOffsetConfig, Tag("carrier-offset")]
    | Annotated[PhaseNoiseConfig, Tag("phase-noise")]
    | Annotated[PhaseJitterConfig, Tag("phase-jitter")],
    Discriminator(
        _kind_of,
        custom_error_type="kind",
        custom_error_message=f"kind must be one of {', '.join(_KINDS)}",
    ),
]


class ImpairmentsConfig(Settings):
    """What the devices at both ends do to samples, in the order of the signal.

    Parameters
    ----------
    transmitter, receiver
        Each antenna has its own, but those of a device share the phase noise.
    distortion
        ``told``: estimators, equaliser and demapper know the variance that the devices
        add, measured once for the configuration; ``ignored``: they do not.
    """

    transmitter: tuple[ImpairmentConfig, ...] = ()
    receiver: tuple[ImpairmentConfig, ...] = ()
    distortion: Literal["told", "ignored"] = "told"
