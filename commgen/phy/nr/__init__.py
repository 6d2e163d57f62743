"""The NR uplink as TS 38.104 tests it: PUSCH, HARQ, throughput."""

from commgen.phy.nr.config import HarqConfig, PuschConfig
from commgen.phy.nr.grid import build_pusch_grid
from commgen.phy.nr.harq import HarqResult, run_harq
from commgen.phy.nr.link import PuschLink
from commgen.phy.nr.reference_channels import (
    REFERENCE_CHANNELS,
    ReferenceChannel,
    reference_channel,
)

__all__ = [
    "REFERENCE_CHANNELS",
    "HarqConfig",
    "HarqResult",
    "PuschConfig",
    "PuschLink",
    "ReferenceChannel",
    "build_pusch_grid",
    "reference_channel",
    "run_harq",
]
