"""Validated configurations of every channel that commgen can draw."""

from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, field_validator, model_validator

from commgen.channels.array_config import ArrayPair
from commgen.channels.grid_config import Frozen, GridConfig, check_range
from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.spatial_model_config import SpatialConfig
from commgen.channels.system_config import RmaConfig, UmaConfig, UmiConfig

TdlModel = Literal["A", "B", "C", "D", "E", "A30", "B100", "C300"]
CdlModel = Literal["A", "B", "C", "D", "E"]

# "Nominal" in TR 38.901 table 7.7.3-1.
NOMINAL_DELAY_SPREAD_S = 100e-9

SPEED_OF_LIGHT_M_S = 299_792_458.0

# Sionna prints a line and goes on with these whatever else it is given.
FIXED_DELAY_SPREAD_S = {"A30": 30e-9, "B100": 100e-9, "C300": 300e-9}


class _ClusterConfig(Frozen):
    """What TDL and CDL share: profiles, delay spread, speed.

    Where no delay spread is given it is 100 ns, the nominal one of TR 38.901.
    """

    delay_spread_s: float | None = Field(
        default=None, ge=0, description="RMS delay spread, the same for all channels."
    )
    delay_spread_min_s: float | None = Field(
        default=None, gt=0, description="Lower end of a log-uniform RMS delay spread."
    )
    delay_spread_max_s: float | None = Field(
        default=None, gt=0, description="Upper end of a log-uniform RMS delay spread."
    )
    carrier_hz: float = Field(default=3.5e9, gt=0, description="Carrier frequency.")
    speed_min_m_s: float = Field(
        default=0.0, ge=0, description="Lowest speed (uniform)."
    )
    speed_max_m_s: float = Field(
        default=0.0, ge=0, description="Highest speed (uniform)."
    )
    grid: GridConfig = GridConfig()

    @field_validator("model", mode="before", check_fields=False)
    @classmethod
    def _one_or_many(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _check_ranges(self):
        check_range(self, "speed", "m_s")
        low, high = self.delay_spread_min_s, self.delay_spread_max_s
        if (low is None) != (high is None):
            raise ValueError(
                "delay_spread_min_s and delay_spread_max_s must be given together, "
                f"got {low} and {high}."
            )
        if low is not None:
            check_range(self, "delay_spread", "s")
            if self.delay_spread_s is not None:
                raise ValueError(
                    "delay_spread_s must be left out where delay_spread_min_s and "
                    f"delay_spread_max_s are given, got {self.delay_spread_s}."
                )
        return self

    @property
    def delay_spread_range_s(self) -> tuple[float, float]:
        """Lowest and highest RMS delay spread, equal where it is fixed."""
        if self.delay_spread_min_s is not None and self.delay_spread_max_s is not None:
            return self.delay_spread_min_s, self.delay_spread_max_s
        single = self.delay_spread_s
        single = NOMINAL_DELAY_SPREAD_S if single is None else single
        return single, single


class TdlConfig(_ClusterConfig):
    """Tapped delay line, TR 38.901 section 7.7.2, and TS 38.104 annex G.

    Every channel takes one of ``model`` at random, its own delay spread and its own
    speed. Antennas fade independently. The expected power of every entry is 1.
    ``max_doppler_hz`` says the speed as TS 38.104 does: TDLB100-400 is the model B100
    at 400 Hz, whatever the carrier.

    The models A30, B100 and C300 carry their delay spread in the name: leave
    ``delay_spread_s`` out, or give exactly that one.
    """

    scenario: Literal["tdl"] = "tdl"
    model: tuple[TdlModel, ...] = Field(
        default=("A",),
        min_length=1,
        description="One profile, or several to mix evenly.",
    )
    num_rx_ant: int = Field(default=1, ge=1, description="Receive antennas.")
    num_tx_ant: int = Field(default=1, ge=1, description="Transmit antennas.")
    max_doppler_hz: float | None = Field(
        default=None,
        ge=0,
        description="Maximum Doppler shift of all channels, in place of the speeds.",
    )

    @property
    def speed_range_m_s(self) -> tuple[float, float]:
        """Lowest and highest speed, equal where ``max_doppler_hz`` sets it."""
        if self.max_doppler_hz is None:
            return self.speed_min_m_s, self.speed_max_m_s
        speed = self.max_doppler_hz * SPEED_OF_LIGHT_M_S / self.carrier_hz
        return speed, speed

    @model_validator(mode="after")
    def _check_doppler(self):
        if self.max_doppler_hz is not None and self.speed_max_m_s > 0:
            raise ValueError(
                "max_doppler_hz must be left out where a speed is given, got "
                f"{self.max_doppler_hz} with speed_max_m_s = {self.speed_max_m_s}."
            )
        return self

    @model_validator(mode="after")
    def _check_fixed_models(self):
        fixed = [m for m in self.model if m in FIXED_DELAY_SPREAD_S]
        if not fixed:
            return self
        if len(fixed) < len(self.model):
            raise ValueError(
                "model must not mix A-E with A30, B100 or C300, whose delay spread is "
                f"fixed, got {', '.join(self.model)}."
            )
        spreads = {FIXED_DELAY_SPREAD_S[m] for m in fixed}
        given = self.delay_spread_s
        if self.delay_spread_min_s is not None or (
            given is not None and spreads != {given}
        ):
            raise ValueError(
                "the delay spread of model A30, B100 and C300 is fixed at 30, 100 and "
                "300 ns: leave delay_spread_s out, got "
                f"{given if given is not None else 'a range'} for "
                f"{', '.join(self.model)}."
            )
        return self


class CdlConfig(ArrayPair, _ClusterConfig):
    """Clustered delay line with antenna arrays, TR 38.901 section 7.7.1.

    The cluster angles are those of the table: all channels of a profile share them,
    and only phases, delay spread and speed differ. For the power see
    :class:`~commgen.channels.UmiConfig`.
    """

    scenario: Literal["cdl"] = "cdl"
    model: tuple[CdlModel, ...] = Field(
        default=("A",),
        min_length=1,
        description="One profile, or several to mix evenly.",
    )


class RayleighConfig(Frozen):
    """Flat Rayleigh block fading: one CN(0, 1) gain for each pair of antennas."""

    scenario: Literal["rayleigh"] = "rayleigh"
    num_rx_ant: int = Field(default=1, ge=1, description="Receive antennas.")
    num_tx_ant: int = Field(default=1, ge=1, description="Transmit antennas.")
    grid: GridConfig = GridConfig()


SystemLevelConfig = UmiConfig | UmaConfig | RmaConfig

ChannelConfig = Annotated[
    TdlConfig
    | CdlConfig
    | UmiConfig
    | UmaConfig
    | RmaConfig
    | RayleighConfig
    | SpatialConfig
    | RayTracedConfig,
    Field(discriminator="scenario"),
]

_ADAPTER: TypeAdapter[Any] = TypeAdapter(ChannelConfig)


def parse_channel_config(values: dict[str, Any]) -> Any:
    """Build the configuration that ``values["scenario"]`` names.

    Raises
    ------
    pydantic.ValidationError
        With the path of each wrong key and the rule it breaks; it is a ``ValueError``.

    Examples
    --------
    >>> config = parse_channel_config({"scenario": "rayleigh", "num_rx_ant": 4})
    >>> config.num_rx_ant
    4
    """
    return _ADAPTER.validate_python(values)
