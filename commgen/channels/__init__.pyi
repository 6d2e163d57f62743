from .array_config import ArrayConfig as ArrayConfig
from .build import build_channel as build_channel
from .cluster import (
    ClusterChannel as ClusterChannel,
    RayleighChannel as RayleighChannel,
)
from .conditions import ConditionSpec as ConditionSpec
from .config import (
    CdlConfig as CdlConfig,
    ChannelConfig as ChannelConfig,
    RayleighConfig as RayleighConfig,
    TdlConfig as TdlConfig,
    parse_channel_config as parse_channel_config,
)
from .counter_random import (
    CounterGenerator as CounterGenerator,
    sionna_draws_from as sionna_draws_from,
)
from .draw import (
    ChannelDraw as ChannelDraw,
    draw_channels as draw_channels,
    iterate_channels as iterate_channels,
)
from .fading import FadingProcess as FadingProcess, TdlChannel as TdlChannel
from .generated import GeneratedChannel as GeneratedChannel
from .genie import ula_covariance as ula_covariance
from .grid_config import GridConfig as GridConfig
from .ray_traced import RayTracedChannel as RayTracedChannel
from .ray_traced_config import RayTracedConfig as RayTracedConfig
from .recipes import (
    RECIPES as RECIPES,
    SPATIAL_64 as SPATIAL_64,
    SPATIAL_64X16 as SPATIAL_64X16,
    SPATIAL_SHIFTS as SPATIAL_SHIFTS,
    TDL_GRID as TDL_GRID,
    UMI64 as UMI64,
)
from .recorded import RecordedChannel as RecordedChannel
from .representation import (
    Normaliser as Normaliser,
    frequency_response as frequency_response,
    from_angle_delay as from_angle_delay,
    response_to_taps as response_to_taps,
    taps_to_response as taps_to_response,
    to_angle_delay as to_angle_delay,
    to_complex as to_complex,
    to_real as to_real,
)
from .source import ChannelSource as ChannelSource
from .spatial_model import (
    LaplaceSpectrum as LaplaceSpectrum,
    SpatialChannel as SpatialChannel,
)
from .spatial_model_config import SpatialConfig as SpatialConfig
from .surrogate import SurrogateChannel as SurrogateChannel
from .system_config import (
    RmaConfig as RmaConfig,
    UmaConfig as UmaConfig,
    UmiConfig as UmiConfig,
)
from .system_level import SectorChannel as SectorChannel
from .training import train_to_folder as train_to_folder
