"""What a channel file says about its channels."""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

Positive = Annotated[float, Field(gt=0, allow_inf_nan=False)]

# How an importer scales channels: not, each snapshot, or the set by one number.
Normalise = Literal["none", "packet", "set"]


class ChannelMeta(BaseModel):
    """Description of the channels in a file; every unit is in the name of its field.

    Parameters
    ----------
    domain
        What the last axis is: "frequency" (subcarriers, ascending in frequency, the
        carrier at index ``num_subcarriers // 2``) or "delay" (taps at multiples of
        one sample, the first at delay 0).
    subcarrier_spacing_hz
        Distance of neighbouring subcarriers; given for "frequency", and only there.
    sample_rate_hz
        One over the distance of neighbouring taps; given for "delay", and only there.
    carrier_hz
        Carrier frequency, None where the source does not state it.
    bandwidth_hz
        Bandwidth of the signal that saw the channel, None where it is not known.
    time_step_s
        Distance of neighbouring time steps, None where there is only one.
    rx_antennas, tx_antennas
        The arrays in words: "64x1 ULA, half wavelength, V-polarised omni".
    scenario
        Where the channels come from: "3GPP UMi", "office".
    source, licence
        Who made them, and on what terms they may be used.
    normalisation
        What was done with their power, and how to undo it.
    description
        Anything else a reader needs.

    Raises
    ------
    pydantic.ValidationError
        A ``ValueError`` that names the field and the rule. Unknown fields are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: Literal["frequency", "delay"]
    subcarrier_spacing_hz: Positive | None = None
    sample_rate_hz: Positive | None = None
    carrier_hz: Positive | None = None
    bandwidth_hz: Positive | None = None
    time_step_s: Positive | None = None
    rx_antennas: str = "not stated"
    tx_antennas: str = "not stated"
    scenario: str = "not stated"
    source: str = "not stated"
    licence: str = "not stated"
    normalisation: str = "none"
    description: str = ""

    @model_validator(mode="after")
    def _spacing_of_the_domain(self) -> Self:
        spacing, rate = "subcarrier_spacing_hz", "sample_rate_hz"
        needed, other = (
            (spacing, rate) if self.domain == "frequency" else (rate, spacing)
        )
        if getattr(self, needed) is None:
            raise ValueError(f'{needed} must be given where domain is "{self.domain}".')
        if getattr(self, other) is not None:
            raise ValueError(
                f'{other} must be left out where domain is "{self.domain}", got '
                f"{getattr(self, other)}."
            )
        return self
