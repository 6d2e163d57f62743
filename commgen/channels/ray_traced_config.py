"""Configuration of terminals that walk through a city, their paths ray-traced."""

from typing import Literal

from pydantic import Field, model_validator

from commgen.channels.array_config import ArrayConfig
from commgen.channels.grid_config import Frozen, GridConfig, check_range


class RayTracedConfig(Frozen):
    """Uplink of terminals on random walks through the streets of Munich.

    A channel is one step of a track: ``num_steps`` of them follow each other, then the
    next track begins. A base station on a roof receives. Powers are over that of free
    space at ``reference_m``, so that a channel that is blocked is a weak one. See
    :class:`~commgen.channels.RayTracedChannel`. Needs the extra ``rt``.
    """

    scenario: Literal["ray-traced"] = "ray-traced"
    scene: Literal["munich"] = Field(
        default="munich", description="Of Sionna RT: streets around the Frauenkirche."
    )
    carrier_hz: float = Field(default=3.5e9, gt=0, description="Carrier frequency.")
    bs_array: ArrayConfig = Field(
        default=ArrayConfig(columns=64), description="Omnidirectional V antennas."
    )
    bs_x_m: float = Field(default=8.5, description="Place of the base station.")
    bs_y_m: float = Field(default=21.0, description="Place of the base station.")
    bs_height_m: float = Field(default=30.0, gt=0, description="Above the street.")
    azimuth_deg: float = Field(
        default=0.0, description="Where the array looks, from the x axis to the left."
    )
    radius_m: float = Field(
        default=150.0, gt=0, le=450, description="Of the area that terminals walk in."
    )
    ut_height_m: float = Field(default=1.5, gt=0, description="Above the street.")
    speed_min_m_s: float = Field(default=1.0, gt=0, description="Of a track, uniform.")
    speed_max_m_s: float = Field(default=2.0, gt=0, description="Of a track, uniform.")
    num_steps: int = Field(default=64, ge=1, description="Steps of a track.")
    step_s: float = Field(default=0.5, gt=0, description="Between two steps.")
    max_depth: int = Field(
        default=5, ge=0, le=8, description="Most reflections of a path."
    )
    num_paths: int = Field(
        default=16, ge=1, le=64, description="Strongest paths that are kept."
    )
    num_rays: int = Field(
        default=100_000, ge=1000, le=10_000_000, description="That look for paths."
    )
    reference_m: float = Field(
        default=100.0, gt=0, description="Distance whose free-space gain is one."
    )
    grid: GridConfig = GridConfig()

    @model_validator(mode="after")
    def _check(self):
        check_range(self, "speed", "m_s")
        array = self.bs_array
        if array.polarisation != "V" or array.pattern != "omni":
            raise ValueError(
                "bs_array must have omni elements of polarisation V, got "
                f"{array.pattern} and {array.polarisation}."
            )
        if self.grid.num_time_steps != 1:
            raise ValueError(
                "grid.num_time_steps must be 1, since a channel is one step of a "
                f"track, got {self.grid.num_time_steps}."
            )
        return self

    @property
    def num_rx_ant(self) -> int:
        """Receive antennas, of the base station."""
        return self.bs_array.num_antennas

    @property
    def num_tx_ant(self) -> int:
        """Transmit antennas: one."""
        return 1
