"""Configuration of an estimator with a prior over the slot."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commgen._settings import Count, Float, Name, PositiveFloat, Settings

Model = Literal["A", "B", "C", "D", "E"]


class SlotConfig(Settings):
    """MMSE estimate of the whole slot, under a mixture that is not told the channel.

    Parameters
    ----------
    name
        Of the estimator.
    model
        File of a saved mixture (``.npz``); relative to the configuration file. Or else
        a bank of TDL channels (TR 38.901 7.7.2) of all
    models
        profiles,
    delay_spread_min_s, delay_spread_max_s, num_delay_spreads
        log-uniform delay spreads [s], and
    max_doppler_hz, num_dopplers
        Doppler shifts up to this one [Hz].
    share
        As in :class:`~commgen.phy.estimation.slot.estimator.SlotPriorEstimator`.
    """

    kind: Literal["slot"] = "slot"
    name: Name = "slot"
    model: Path | None = None
    models: Annotated[tuple[Model, ...], Field(min_length=1)] = ("A", "B", "C", "D")
    delay_spread_min_s: Annotated[PositiveFloat, Field(le=1e-4)] = 10e-9
    delay_spread_max_s: Annotated[PositiveFloat, Field(le=1e-4)] = 400e-9
    num_delay_spreads: Annotated[Count, Field(le=64)] = 6
    max_doppler_hz: Annotated[Float, Field(ge=0, le=1e5)] = 500.0
    num_dopplers: Annotated[Count, Field(le=64)] = 3
    share: bool = True

    @model_validator(mode="after")
    def _check_range(self):
        if self.delay_spread_min_s > self.delay_spread_max_s:
            raise ValueError(
                "delay_spread_max_s must be at least delay_spread_min_s = "
                f"{self.delay_spread_min_s}, got {self.delay_spread_max_s}"
            )
        return self

    def build(self, simulation, resource_grid, prior):
        """Return the estimator, :class:`~commgen.phy.SlotPriorEstimator`."""
        from commgen.phy.estimation.slot.estimator import SlotPriorEstimator
        from commgen.phy.estimation.slot.prior import build_slot_prior

        slot = build_slot_prior(self, resource_grid)
        return SlotPriorEstimator(resource_grid, slot, share=self.share)
