"""Configurations of the 3GPP system-level scenarios UMi, UMa and RMa."""

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from commgen.channels.array_config import ArrayPair
from commgen.channels.grid_config import GridConfig, check_range


class _SystemLevelConfig(ArrayPair):
    """One base station at the origin, one terminal somewhere in its sector.

    The terminal is uniform in area over the annulus sector, indoors with
    ``indoor_probability`` (then at ``outdoor_height_m`` + 3 k metres, k uniform over
    ``num_floors`` floors), its array turned at random, and it moves level in a random
    direction. All of this is drawn anew for every channel.
    """

    _distance_limits_m: ClassVar[tuple[float, float]]
    _carrier_limits_hz: ClassVar[tuple[float, float]]
    _height_limits_m: ClassVar[tuple[float, float]]

    carrier_hz: float = Field(default=3.5e9, gt=0, description="Carrier frequency.")
    distance_min_m: float = Field(
        default=35.0, gt=0, description="Nearest terminal, on the ground."
    )
    distance_max_m: float = Field(default=500.0, gt=0, description="Farthest terminal.")
    azimuth_min_deg: float = Field(
        default=-60.0, ge=-180, description="From boresight."
    )
    azimuth_max_deg: float = Field(default=60.0, le=180, description="From boresight.")
    indoor_probability: float = Field(default=0.5, ge=0, le=1)
    num_floors: int = Field(
        default=4, ge=1, description="Floors of 3 m with terminals."
    )
    outdoor_height_m: float = Field(
        default=1.5, description="Also of the lowest floor."
    )
    los: bool | None = Field(
        default=None,
        description="Force line of sight outdoors on or off; null: by distance.",
    )
    path_loss: bool = Field(
        default=False, description="Apply path loss: power is not 1 then."
    )
    shadow_fading: bool = Field(default=False, description="Apply shadow fading.")
    speed_min_m_s: float = Field(
        default=0.0, ge=0, description="Lowest speed (uniform)."
    )
    speed_max_m_s: float = Field(
        default=0.0, ge=0, description="Highest speed (uniform)."
    )
    corrected: bool = Field(
        default=False,
        description="Mend where Sionna 1.2.2 departs from TR 38.901.",
    )
    grid: GridConfig = GridConfig()

    @property
    def max_height_m(self) -> float:
        """Height of the highest terminal."""
        floors = self.num_floors - 1 if self.indoor_probability > 0 else 0
        return self.outdoor_height_m + 3.0 * floors

    @model_validator(mode="after")
    def _check_topology(self):
        check_range(self, "distance", "m")
        check_range(self, "azimuth", "deg")
        check_range(self, "speed", "m_s")
        low, high = self._distance_limits_m
        if not (low <= self.distance_min_m and self.distance_max_m <= high):
            raise ValueError(
                f"distance_min_m and distance_max_m must lie in {low:g} to {high:g} m, "
                "where TR 38.901 defines the scenario, got "
                f"{self.distance_min_m:g} and {self.distance_max_m:g}."
            )
        low, high = self._carrier_limits_hz
        if not low <= self.carrier_hz <= high:
            raise ValueError(
                f"carrier_hz must lie in {low:g} to {high:g} Hz, where TR 38.901 "
                f"defines the scenario, got {self.carrier_hz:g}."
            )
        low, high = self._height_limits_m
        if not (low <= self.outdoor_height_m and self.max_height_m <= high):
            raise ValueError(
                f"terminals must be {low:g} to {high:g} m high, where TR 38.901 "
                "defines the scenario, got outdoor_height_m = "
                f"{self.outdoor_height_m:g} and num_floors = {self.num_floors}, "
                f"up to {self.max_height_m:g} m."
            )
        return self


class UmiConfig(_SystemLevelConfig):
    """Urban microcell, street canyon, TR 38.901 section 7.2.

    Without path loss and shadow fading an entry of the channel between two V-polarised
    omnidirectional antennas has expected power 1; a "38.901" element adds its gain of
    up to 8 dB, and other polarisations share the power out.

    Sionna 1.2.2 departs from the standard in four places, mended only in its 2.x line:
    one ray offset (0.1481 for 1.1481, NVlabs/sionna#1111), the indoor distance (one
    uniform draw instead of the minimum of two, #1108), the distance through the air
    (that on the ground stands for it, #1100) and, in UMa, the environment height
    (#1107). The last three act through path loss only, but for the phase of the line
    of sight. ``corrected`` mends all of them. It is off unless asked for, because the
    published channels, models and error rates were drawn without it.
    """

    _distance_limits_m: ClassVar = (10.0, 5000.0)
    _carrier_limits_hz: ClassVar = (0.5e9, 100e9)
    _height_limits_m: ClassVar = (1.5, 22.5)

    scenario: Literal["umi"] = "umi"
    distance_min_m: float = Field(default=10.0, gt=0, description="Nearest terminal.")
    distance_max_m: float = Field(default=150.0, gt=0, description="Farthest terminal.")
    bs_height_m: float = Field(
        default=10.0, ge=5, le=50, description="The standard has 10 m."
    )
    o2i_model: Literal["low", "high"] = Field(
        default="low", description="Loss into buildings; acts with path_loss only."
    )


class UmaConfig(_SystemLevelConfig):
    """Urban macrocell, TR 38.901 section 7.2.

    With path loss on, think of ``corrected``: see :class:`UmiConfig`.
    """

    _distance_limits_m: ClassVar = (35.0, 5000.0)
    _carrier_limits_hz: ClassVar = (0.5e9, 100e9)
    _height_limits_m: ClassVar = (1.5, 22.5)

    scenario: Literal["uma"] = "uma"
    bs_height_m: float = Field(
        default=25.0, ge=15, le=50, description="The standard has 25 m."
    )
    o2i_model: Literal["low", "high"] = Field(
        default="low", description="Loss into buildings; acts with path_loss only."
    )


class RmaConfig(_SystemLevelConfig):
    """Rural macrocell, TR 38.901 section 7.2, up to 7 GHz."""

    _distance_limits_m: ClassVar = (35.0, 10000.0)
    _carrier_limits_hz: ClassVar = (0.5e9, 7e9)
    _height_limits_m: ClassVar = (1.0, 10.0)

    scenario: Literal["rma"] = "rma"
    carrier_hz: float = Field(default=7e8, gt=0, description="Carrier frequency.")
    distance_max_m: float = Field(default=3e3, gt=0, description="Farthest terminal.")
    num_floors: int = Field(
        default=2, ge=1, description="Floors of 3 m with terminals."
    )
    bs_height_m: float = Field(default=35.0, ge=10, le=150)
    street_width_m: float = Field(default=20.0, ge=5, le=50)
    building_height_m: float = Field(default=5.0, ge=5, le=50)
