"""Configurations of the estimators of a simulation."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, model_serializer, model_validator

from commgen._settings import Count, Float, Int, Name, Settings
from commgen.phy.estimation.slot.config import SlotConfig

# Left out of a written configuration where they are the default: runs that were made
# before there were such settings go on.
_QUIET = ("use_err_var", "iterations", "block", "interpolation", "max_delay_s")


class _Estimator(Settings):
    kind: str
    name: Name = ""

    @model_validator(mode="before")
    @classmethod
    def _default_name(cls, data: Any) -> Any:
        if isinstance(data, dict) and "name" not in data:
            return {**data, "name": data.get("kind")}
        return data


class _Receiver(_Estimator):
    """What the receiver does with an estimate.

    Parameters
    ----------
    use_err_var
        Whether equaliser and demapper are told the error variance; they take the
        estimate for the truth otherwise.
    iterations
        Times that the channel is estimated again from the symbols that the decoder
        found, where the code's checks fail: at most, 0 to 20.
    """

    use_err_var: bool = True
    iterations: Annotated[Int, Field(ge=0, le=20)] = 0

    @model_serializer(mode="wrap")
    def _leave_out_defaults(self, handler: Any) -> dict[str, Any]:
        fields = type(self).model_fields
        return {
            key: value
            for key, value in handler(self).items()
            if key not in _QUIET or getattr(self, key) != fields[key].default
        }


class _InBlocks(_Receiver):
    """Estimator that, from data, estimates block by block.

    Parameters
    ----------
    block
        OFDM symbols and subcarriers of a block of
        :class:`~commgen.phy.receiver.BlockPosterior`, at most; each block needs pilots.
    """

    block: tuple[Count, Count] = (7, 12)

    @model_validator(mode="after")
    def _check_block(self):
        if self.block != (7, 12) and not self.iterations:
            raise ValueError(
                "block must be left out without iterations, got "
                f"[{self.block[0]}, {self.block[1]}]"
            )
        return self


class LSConfig(_InBlocks):
    """Least squares at the pilots, interpolated.

    Parameters
    ----------
    interpolation
        ``linear`` or ``spline`` between subcarriers, or ``dft``: cut off, in the delay
        domain, at
    max_delay_s
        this delay; the cyclic prefix where it is left out.
    """

    kind: Literal["ls"] = "ls"
    interpolation: Literal["linear", "dft", "spline"] = "linear"
    max_delay_s: Annotated[Float, Field(gt=0, le=1e-3)] | None = None

    @model_validator(mode="after")
    def _check_interpolation(self):
        if self.max_delay_s is not None and self.interpolation != "dft":
            raise ValueError(
                "max_delay_s must be left out where interpolation is not dft, got "
                f"{self.max_delay_s}"
            )
        return self


class PerfectConfig(_Estimator):
    """The true channel."""

    kind: Literal["perfect"] = "perfect"


class LMMSEInterpolationConfig(_Receiver):
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


class _PriorEstimator(_InBlocks):
    event: Literal["array", "grid"] = "array"

    @model_validator(mode="after")
    def _check_event(self):
        if self.event == "grid" and self.iterations:
            raise ValueError(
                "iterations must be 0 where event is grid, since a prior over the grid "
                f"takes one noise variance for all of it, got {self.iterations}"
            )
        return self


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


class NeuralReceiverConfig(_Estimator):
    """A network from the received grid to LLRs.

    Parameters
    ----------
    model
        Folder that :func:`~commgen.phy.neural.training.train_neural_receiver` wrote;
        relative to the configuration file.
    """

    kind: Literal["neural-receiver"] = "neural-receiver"
    model: Path


EstimatorConfig = Annotated[
    LSConfig
    | PerfectConfig
    | LMMSEInterpolationConfig
    | SlotConfig
    | FittedConfig
    | SavedConfig
    | NeuralReceiverConfig,
    Field(discriminator="kind"),
]
