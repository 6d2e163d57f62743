from .config import HarqConfig as HarqConfig, PuschConfig as PuschConfig
from .grid import build_pusch_grid as build_pusch_grid
from .harq import HarqResult as HarqResult, run_harq as run_harq
from .link import PuschLink as PuschLink
from .reference_channels import (
    REFERENCE_CHANNELS as REFERENCE_CHANNELS,
    ReferenceChannel as ReferenceChannel,
    reference_channel as reference_channel,
)
