"""Where channels come from: 3GPP models, recordings, and generative models.

Every source is a Sionna ``ChannelModel``.
"""

from commgen.channels.array_config import ArrayConfig
from commgen.channels.build import build_channel
from commgen.channels.cluster import ClusterChannel, RayleighChannel
from commgen.channels.conditions import ConditionSpec
from commgen.channels.config import (
    CdlConfig,
    ChannelConfig,
    RayleighConfig,
    TdlConfig,
    parse_channel_config,
)
from commgen.channels.counter_random import CounterGenerator, sionna_draws_from
from commgen.channels.draw import ChannelDraw, draw_channels, iterate_channels
from commgen.channels.fading import FadingProcess, TdlChannel
from commgen.channels.generated import GeneratedChannel
from commgen.channels.genie import ula_covariance
from commgen.channels.grid_config import GridConfig
from commgen.channels.recipes import (
    RECIPES,
    SPATIAL_64,
    SPATIAL_64X16,
    SPATIAL_SHIFTS,
    TDL_GRID,
    UMI64,
)
from commgen.channels.recorded import RecordedChannel
from commgen.channels.representation import (
    Normaliser,
    frequency_response,
    from_angle_delay,
    response_to_taps,
    taps_to_response,
    to_angle_delay,
    to_complex,
    to_real,
)
from commgen.channels.source import ChannelSource
from commgen.channels.spatial_model import LaplaceSpectrum, SpatialChannel
from commgen.channels.spatial_model_config import SpatialConfig
from commgen.channels.surrogate import SurrogateChannel
from commgen.channels.system_config import RmaConfig, UmaConfig, UmiConfig
from commgen.channels.system_level import SectorChannel

__all__ = [
    "RECIPES",
    "SPATIAL_64",
    "SPATIAL_64X16",
    "SPATIAL_SHIFTS",
    "TDL_GRID",
    "UMI64",
    "ArrayConfig",
    "CdlConfig",
    "ChannelConfig",
    "ChannelDraw",
    "ChannelSource",
    "ClusterChannel",
    "ConditionSpec",
    "CounterGenerator",
    "FadingProcess",
    "GeneratedChannel",
    "GridConfig",
    "LaplaceSpectrum",
    "Normaliser",
    "RayleighChannel",
    "RayleighConfig",
    "RecordedChannel",
    "RmaConfig",
    "SectorChannel",
    "SpatialChannel",
    "SpatialConfig",
    "SurrogateChannel",
    "TdlChannel",
    "TdlConfig",
    "UmaConfig",
    "UmiConfig",
    "build_channel",
    "draw_channels",
    "frequency_response",
    "from_angle_delay",
    "iterate_channels",
    "parse_channel_config",
    "response_to_taps",
    "sionna_draws_from",
    "taps_to_response",
    "to_angle_delay",
    "to_complex",
    "to_real",
    "ula_covariance",
]
