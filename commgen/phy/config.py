"""Configuration of a whole simulation."""

from typing import Annotated

import numpy as np
from pydantic import Field, model_validator

from commgen.phy.estimator_config import EstimatorConfig
from commgen.phy.link_config import LinkConfig
from commgen.phy.settings import Count, Float, Int, PositiveFloat, Settings
from commgen.phy.source_config import ChannelSource, RecordedSource, ThreeGPPSource


class SweepConfig(Settings):
    """Which SNRs, and when it is enough.

    Parameters
    ----------
    snr_start_db, snr_stop_db, snr_step_db
        SNR is 1 / no with channels of unit mean power and symbols of unit power;
        ``snr_stop_db`` is included if the steps meet it.
    batch_size
        Slots simulated at once.
    max_num_blocks
        Blocks (codewords) at each SNR, rounded up to whole batches.
    target_block_errors
        An estimator rests at an SNR once it has that many.
    """

    snr_start_db: Float
    snr_stop_db: Float
    snr_step_db: PositiveFloat
    batch_size: Annotated[Count, Field(le=100_000)]
    max_num_blocks: Count
    target_block_errors: Count

    @model_validator(mode="after")
    def _check_range(self):
        if self.snr_stop_db < self.snr_start_db:
            raise ValueError(
                f"snr_stop_db must be at least snr_start_db = {self.snr_start_db}, "
                f"got {self.snr_stop_db}"
            )
        if (self.snr_stop_db - self.snr_start_db) / self.snr_step_db > 1000:
            raise ValueError(
                f"snr_step_db must give at most 1000 points, got {self.snr_step_db}"
            )
        return self

    @property
    def snr_db(self) -> np.ndarray:
        """The SNRs, [num_snr], dB."""
        steps = (self.snr_stop_db - self.snr_start_db) / self.snr_step_db
        return self.snr_start_db + self.snr_step_db * np.arange(int(steps + 1e-9) + 1)


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
    channel: ChannelSource
    link: LinkConfig
    estimators: tuple[EstimatorConfig, ...] = Field(min_length=1)
    sweep: SweepConfig

    @model_validator(mode="after")
    def _check_names(self):
        names = [estimator.name for estimator in self.estimators]
        if len(set(names)) < len(names):
            raise ValueError(f"estimators must have distinct names, got {names}")
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
    def _check_antennas(self):
        if isinstance(self.channel, ThreeGPPSource):
            config = self.channel.config
            if config.num_rx_ant != self.link.num_rx_ant:
                raise ValueError(
                    f"link.num_rx_ant must equal the {config.num_rx_ant} receive "
                    f"antennas of the channel, got {self.link.num_rx_ant}"
                )
            if config.num_tx_ant != self.link.num_streams:
                raise ValueError(
                    f"link.num_streams must equal the {config.num_tx_ant} transmit "
                    f"antennas of the channel, got {self.link.num_streams}"
                )
        return self
