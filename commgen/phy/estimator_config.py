"""Configurations of the estimators of a simulation."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from commgen.phy.settings import Count, Float, Name, Settings


class _Estimator(Settings):
    kind: str
    name: Name = ""

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data:
            return {**data, "name": data.get("kind")}
        return data


class LSConfig(_Estimator):
    """Least squares at the pilots, linear interpolation."""

    kind: Literal["ls"] = "ls"


class PerfectConfig(_Estimator):
    """The true channel."""

    kind: Literal["perfect"] = "perfect"


class LMMSEInterpolationConfig(_Estimator):
    """LMMSE over all pilots of the slot, under a covariance of time and frequency.

    Parameters
    ----------
    order
        ``2d``: all pilots at once; ``f-t``, ``t-f``: Sionna's two passes.
    delay_spread_s, max_doppler_hz
        An exponential power delay profile and the spectrum of Jakes. Without them the
        covariance is the true one, which is known for ``scenario: tdl`` only.
    """

    kind: Literal["lmmse-interpolation"] = "lmmse-interpolation"
    order: Literal["2d", "f-t", "t-f"] = "2d"
    delay_spread_s: Annotated[Float, Field(ge=0, le=1e-3)] | None = None
    max_doppler_hz: Annotated[Float, Field(ge=0)] | None = None

    @model_validator(mode="after")
    def _check_covariance(self):
        if (self.delay_spread_s is None) != (self.max_doppler_hz is None):
            raise ValueError(
                "delay_spread_s must be given together with max_doppler_hz, or neither "
                f"of them, got delay_spread_s = {self.delay_spread_s}, max_doppler_hz "
                f"= {self.max_doppler_hz}"
            )
        return self


class _PriorEstimator(_Estimator):
    event: Literal["array", "grid"] = "array"


class FittedConfig(_PriorEstimator):
    """LMMSE under a sample covariance, or a Gaussian mixture.

    Parameters
    ----------
    model
        Folder of a saved model; relative to the configuration file. Or:
    num_train_channels
        Fit the model when the simulation starts, to that many channels drawn from the
        same 3GPP or generated source with another seed. Never from recordings: those
        would be the test channels.
    num_components
        Of a Gaussian mixture that is fitted here.
    covariance
        Of a Gaussian mixture that is fitted here.
    """

    kind: Literal["lmmse", "gmm"]
    model: Path | None = None
    num_train_channels: Count | None = None
    num_components: Annotated[Count, Field(le=4096)] | None = None
    covariance: Literal["full", "circulant"] = "full"

    @model_validator(mode="after")
    def _check_origin(self):
        if (self.model is None) == (self.num_train_channels is None):
            raise ValueError(
                "model must be given, or num_train_channels, and not both, got "
                f"model = {self.model}, num_train_channels = {self.num_train_channels}"
            )
        wanted = self.kind == "gmm" and self.model is None
        if wanted != (self.num_components is not None):
            raise ValueError(
                "num_components must be given where a gmm is fitted here, and only "
                f"there, got {self.num_components}"
            )
        return self


class SavedConfig(_PriorEstimator):
    """A saved model of any family as the prior.

    Parameters
    ----------
    model
        Folder of the model; relative to the configuration file.
    """

    kind: Literal["diffusion", "prior"]
    model: Path


EstimatorConfig = Annotated[
    LSConfig | PerfectConfig | LMMSEInterpolationConfig | FittedConfig | SavedConfig,
    Field(discriminator="kind"),
]
