"""Configuration of a downlink to several users."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from commgen._settings import Count, Float, Int, Settings
from commgen.channels.config import RayleighConfig
from commgen.channels.grid_config import GridConfig
from commgen.channels.system_config import RmaConfig, UmaConfig, UmiConfig
from commgen.montecarlo.sweep import SweepConfig
from commgen.phy.downlink.belief_config import BeliefConfig
from commgen.phy.downlink.precoder_config import PrecoderConfig
from commgen.phy.nr.mcs import McsTableName, mcs_table

_MAX_POINTS = 200


class DownlinkLinkConfig(Settings):
    """Blocks and users.

    Parameters
    ----------
    num_users
        On the same resource elements.
    num_streams, num_re, num_pilots, table, num_decoder_iterations
        As of :class:`~commgen.phy.downlink.DownlinkLink`.
    """

    num_users: Annotated[Count, Field(le=256)]
    num_streams: Annotated[Count, Field(le=8)] = 1
    num_re: Annotated[Count, Field(ge=12, le=10_000)] = 288
    num_pilots: Count | None = None
    table: McsTableName = "256qam"
    num_decoder_iterations: Annotated[Count, Field(le=200)] = 20


class Adaptation(Settings):
    """Which scheme the block of a user takes.

    Parameters
    ----------
    kind
        ``believed``: the highest that fails in a share ``target_bler`` of the draws of
        what the channels may be, as :func:`~commgen.phy.downlink.believed_mcs` has it.
        ``reported``: the highest that carries the SINR which the user measures with the
        weights in use, and reports. ``fixed``: the same for all.
    target_bler
        Share that may fail, of believed schemes and of the thresholds of all.
    mcs
        Number of the scheme, where it is fixed.
    num_threshold_blocks
        Blocks at each step towards the thresholds of the schemes.
    """

    kind: Literal["believed", "reported", "fixed"] = "believed"
    target_bler: Annotated[Float, Field(gt=0, lt=1)] = 0.1
    mcs: Annotated[Int, Field(ge=0)] | None = None
    num_threshold_blocks: Annotated[Count, Field(ge=10, le=100_000)] = 100

    @model_validator(mode="after")
    def _check_mcs(self):
        if (self.kind == "fixed") != (self.mcs is not None):
            raise ValueError(
                "mcs must be given where kind is fixed, and only there, got "
                f"{self.mcs} where it is {self.kind}"
            )
        return self


class DownlinkSweep(SweepConfig):
    """Power over noise, and when it is enough.

    Parameters
    ----------
    snr_start_db, snr_stop_db, snr_step_db
        Power of all antennas together over the noise at a user's antenna, for channels
        of unit mean power.
    """

    batch_size: Annotated[Count, Field(le=100_000)] = 20
    target_bler: tuple[Annotated[Float, Field(gt=0, lt=1)], ...] = ()


class DownlinkConfig(Settings):
    """A downlink: with its seed it decides every number of the result.

    Parameters
    ----------
    experiment
        ``downlink``: tells it from the simulations of other links.
    seed
        Seed of bits, noise, channels and observations.
    channel
        Rayleigh channels, of which the base station is the transmitter, or a sector of
        TR 38.901: by reciprocity either direction is the downlink.
    link, belief, precoders, adaptation, sweep
        See their classes.
    """

    experiment: Literal["downlink"]
    seed: Annotated[Int, Field(ge=0, lt=2**31)]
    channel: Annotated[
        RayleighConfig | UmiConfig | UmaConfig | RmaConfig,
        Field(discriminator="scenario"),
    ]
    link: DownlinkLinkConfig
    belief: BeliefConfig
    precoders: tuple[PrecoderConfig, ...]
    adaptation: Adaptation = Adaptation()
    sweep: DownlinkSweep

    @property
    def is_uplink(self) -> bool:
        """Whether the base station receives in the channel's configuration."""
        return getattr(self.channel, "direction", "downlink") == "uplink"

    @property
    def antennas(self) -> tuple[int, int]:
        """Antennas of a user, and of the base station."""
        rx, tx = self.channel.num_rx_ant, self.channel.num_tx_ant
        return (tx, rx) if self.is_uplink else (rx, tx)

    @model_validator(mode="after")
    def _check_grid(self):
        if self.channel.grid != GridConfig():
            raise ValueError(
                "channel.grid must be left out, a drop has one subcarrier and time"
            )
        return self

    @model_validator(mode="after")
    def _check_streams(self):
        rx, tx = self.antennas
        link = self.link
        if link.num_streams > rx:
            raise ValueError(
                f"link.num_streams must be at most the {rx} antennas of a user, got "
                f"{link.num_streams}"
            )
        if link.num_streams * link.num_users > tx:
            raise ValueError(
                f"link.num_users times link.num_streams must be at most the {tx} "
                f"antennas, got {link.num_users} x {link.num_streams}"
            )
        return self

    @model_validator(mode="after")
    def _check_precoders(self):
        names = [precoder.name for precoder in self.precoders]
        if not names:
            raise ValueError("precoders must name at least one, got []")
        if len(set(names)) < len(names):
            raise ValueError(f"precoders must have distinct names, got {names}")
        if len(names) * len(self.sweep.snr_db) > _MAX_POINTS:
            raise ValueError(
                f"sweep.snr_step_db must give at most {_MAX_POINTS} points over all "
                f"precoders, got {len(names) * len(self.sweep.snr_db)}"
            )
        sampled = [p.name for p in self.precoders if getattr(p, "of", "") == "samples"]
        if sampled and self.belief.kind == "perfect":
            raise ValueError(
                "belief.kind must be another than perfect where a precoder is of "
                f"samples, got {sampled}"
            )
        return self

    @model_validator(mode="after")
    def _check_scheme(self):
        mcs, table = self.adaptation.mcs, self.link.table
        if mcs is not None and mcs >= len(mcs_table(table)):
            raise ValueError(
                f"adaptation.mcs must be below {len(mcs_table(table))} of table "
                f"{table}, got {mcs}"
            )
        return self
