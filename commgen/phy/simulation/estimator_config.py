"""Configurations of the estimators of a simulation."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from commgen._settings import Count, Float
from commgen.phy.estimation.slot.config import SlotConfig
from commgen.phy.simulation.estimator_settings import (
    BlockwiseSettings,
    EstimatorSettings,
    ReceiverSettings,
)


class LSConfig(BlockwiseSettings):
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

    def build(self, simulation, resource_grid, prior):
        """Return the receiver with :class:`~commgen.phy.LSEstimator`."""
        from commgen.phy.estimation.ls import LSEstimator

        estimator = LSEstimator(
            resource_grid,
            interpolation=self.interpolation,
            max_delay_s=self.max_delay_s,
            time_interpolation=simulation.link.time_interpolation,
        )
        return self.receiver(estimator, self.refine(simulation))


class PerfectConfig(EstimatorSettings):
    """The true channel."""

    kind: Literal["perfect"] = "perfect"

    def build(self, simulation, resource_grid, prior):
        """Return :class:`~commgen.phy.PerfectCSI`."""
        from commgen.phy.estimation.perfect import PerfectCSI

        return PerfectCSI(resource_grid)


class LMMSEInterpolationConfig(ReceiverSettings):
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

    def build(self, simulation, resource_grid, prior):
        """Return one with :class:`~commgen.phy.LMMSEInterpolationEstimator`."""
        from commgen.phy.estimation.lmmse import LMMSEInterpolationEstimator
        from commgen.phy.receiver.slot_posterior import SlotPosterior
        from commgen.phy.simulation.covariances import channel_covariance

        covariance = channel_covariance(self, simulation.channel, resource_grid)
        estimator = LMMSEInterpolationEstimator(
            resource_grid, covariance, order=self.order
        )
        refine = SlotPosterior(resource_grid, covariance) if self.iterations else None
        return self.receiver(estimator, refine)


class _PriorEstimator(BlockwiseSettings):
    event: Literal["array", "grid"] = "array"

    @model_validator(mode="after")
    def _check_event(self):
        if self.event == "grid" and self.iterations:
            raise ValueError(
                "iterations must be 0 where event is grid, since a prior over the grid "
                f"takes one noise variance for all of it, got {self.iterations}"
            )
        return self

    def build(self, simulation, resource_grid, prior):
        """Return the receiver with :class:`~commgen.phy.PriorEstimator`."""
        from commgen.phy.estimation.prior import PriorEstimator

        link = simulation.link
        if prior.event_shape[0] != link.num_rx_ant:
            raise ValueError(
                f"the model's event_shape {prior.event_shape} must begin with "
                f"link.num_rx_ant = {link.num_rx_ant}"
            )
        estimator = PriorEstimator(
            resource_grid,
            prior,
            self.event,
            time_interpolation=link.time_interpolation,
        )
        refine = self.refine(simulation, prior) if self.iterations else None
        return self.receiver(estimator, refine)


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


class NeuralReceiverConfig(EstimatorSettings):
    """A network from the received grid to LLRs.

    Parameters
    ----------
    model
        Folder that :func:`~commgen.phy.neural.training.train_neural_receiver` wrote;
        relative to the configuration file.
    """

    kind: Literal["neural-receiver"] = "neural-receiver"
    model: Path

    def build(self, simulation, resource_grid, prior):
        """Return the :class:`~commgen.phy.neural.receiver.NeuralReceiver`."""
        from commgen.phy.neural.files import check_receiver_fits, load_neural_receiver
        from commgen.phy.neural.receiver import NeuralReceiver

        link = simulation.link
        if link.kind != "ofdm":
            raise ValueError(
                "kind must be another than neural-receiver for a PUSCH, whose soft "
                f"bits are combined over transmissions, got link {link.kind}"
            )
        network, card = load_neural_receiver(self.model)
        check_receiver_fits(card, link, simulation.sweep.snr_db)
        return NeuralReceiver(resource_grid, link, network)


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
