"""Configuration of a whole simulation."""

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from commgen._settings import Int, Settings
from commgen.montecarlo.sweep import SweepConfig
from commgen.phy.nr.config import PuschConfig
from commgen.phy.simulation.estimator_config import EstimatorConfig
from commgen.phy.simulation.link_config import AnyLinkConfig
from commgen.phy.simulation.source_config import (
    RecordedSource,
    SourceConfig,
    ThreeGPPSource,
)

# The covariances between all points are kept.
_MAX_POINTS = 300
_BATCH_BYTES = 32 * 2**20
_MAX_AUTO_BATCH = 512


class SimulationConfig(Settings):
    """One simulation: with its seed it decides every number of the result.

    Parameters
    ----------
    seed
        Seed of bits, noise, channels and of models fitted here.
    channel, link, estimators, sweep
        See their classes.
    """

    seed: Annotated[Int, Field(ge=0, lt=2**31)]
    channel: SourceConfig
    link: AnyLinkConfig
    estimators: tuple[EstimatorConfig, ...] = Field(min_length=1)
    sweep: SweepConfig

    @model_validator(mode="after")
    def _size_batches(self):
        if self.sweep.batch_size is None:
            # An SNR and an estimator at a time hold a few tensors of this size.
            num_slots = _BATCH_BYTES // (8 * self.link.num_channel_entries)
            size = int(np.clip(num_slots, 1, _MAX_AUTO_BATCH))
            sweep = self.sweep.model_copy(update={"batch_size": size})
            object.__setattr__(self, "sweep", sweep)
        return self

    @model_validator(mode="after")
    def _check_names(self):
        names = [estimator.name for estimator in self.estimators]
        if len(set(names)) < len(names):
            raise ValueError(f"estimators must have distinct names, got {names}")
        return self

    @model_validator(mode="after")
    def _check_points(self):
        num_points = len(self.estimators) * len(self.sweep.snr_db)
        if num_points > _MAX_POINTS:
            raise ValueError(
                f"sweep.snr_step_db must give at most {_MAX_POINTS} points over all "
                f"estimators, got {num_points}"
            )
        return self

    @model_validator(mode="after")
    def _check_estimators(self):
        link = self.link
        for i, estimator in enumerate(self.estimators):
            grid = getattr(estimator, "event", "array") == "grid"
            if grid and (
                link.time_interpolation != "average" or link.pilot_subcarrier_step > 1
            ):
                raise ValueError(
                    f"estimators.{i}.event must be array unless "
                    "link.time_interpolation is average and "
                    "link.pilot_subcarrier_step is 1, got grid"
                )
            fitted = getattr(estimator, "num_train_channels", None) is not None
            if fitted and isinstance(self.channel, RecordedSource):
                raise ValueError(
                    f"estimators.{i}.num_train_channels must be left out where the "
                    "channels are recorded, for it would train on the test channels: "
                    "fit a model before and name it in model"
                )
        return self

    @model_validator(mode="after")
    def _check_spread(self):
        if not getattr(self.link, "is_spread", False):
            return self
        for i, estimator in enumerate(self.estimators):
            if estimator.kind == "neural-receiver":
                raise ValueError(
                    f"estimators.{i}.kind must be that of an estimator where "
                    "link.waveform.kind is dft-spread, got neural-receiver"
                )
            iterations = getattr(estimator, "iterations", 0)
            if iterations:
                raise ValueError(
                    f"estimators.{i}.iterations must be 0 where link.waveform.kind is "
                    f"dft-spread, got {iterations}"
                )
        return self

    @model_validator(mode="after")
    def _check_harq(self):
        link, channel = self.link, self.channel
        if isinstance(link, PuschConfig) and link.harq.max_num_transmissions > 1:
            fades_on = isinstance(channel, ThreeGPPSource) and (
                channel.config.scenario == "tdl"
            )
            if not fades_on:
                raise ValueError(
                    "link.harq.max_num_transmissions must be 1 unless the channel is "
                    "scenario tdl, whose fading goes on to the next transmission, got "
                    f"{link.harq.max_num_transmissions}"
                )
        return self

    @model_validator(mode="after")
    def _check_antennas(self):
        if isinstance(self.channel, ThreeGPPSource):
            config = self.channel.config
            if config.num_rx_ant != self.link.num_rx_ant:
                raise ValueError(
                    f"link.num_rx_ant must equal the {config.num_rx_ant} receive "
                    f"antennas of the channel, got {self.link.num_rx_ant}"
                )
            if config.num_tx_ant != self.link.num_streams:
                layers = isinstance(self.link, PuschConfig)
                raise ValueError(
                    f"link.{'num_layers' if layers else 'num_streams'} must equal the "
                    f"{config.num_tx_ant} transmit antennas of the channel, got "
                    f"{self.link.num_streams}"
                )
        return self
