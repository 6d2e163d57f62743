"""The grid of times and frequencies on which channels are drawn to a file."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, model_validator


class Frozen(BaseModel):
    """A configuration: frozen, finite, and unknown keys are refused."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


def check_range(config: Any, name: str, unit: str) -> None:
    """Raise unless ``name_min_unit`` is at most ``name_max_unit``."""
    low = getattr(config, f"{name}_min_{unit}")
    high = getattr(config, f"{name}_max_{unit}")
    if low > high:
        raise ValueError(
            f"{name}_min_{unit} must be at most {name}_max_{unit}, got {low} > {high}."
        )


class GridConfig(Frozen):
    """Time steps and subcarriers that ``draw_channels`` samples.

    A link has its own grid and takes no notice of this one.
    """

    num_time_steps: int = Field(
        default=1, ge=1, description="Time steps, or OFDM symbols."
    )
    time_step_s: float | None = Field(
        default=None,
        gt=0,
        description="Between two time steps; needed for more than one.",
    )
    num_subcarriers: int = Field(
        default=1, ge=1, description="Subcarriers, DC in the middle."
    )
    subcarrier_spacing_hz: float = Field(
        default=30e3, gt=0, description="Between two subcarriers."
    )

    @model_validator(mode="after")
    def _check_steps(self):
        if self.num_time_steps > 1 and self.time_step_s is None:
            raise ValueError(
                "time_step_s must be given for more than one time step, got "
                f"num_time_steps = {self.num_time_steps}."
            )
        return self
