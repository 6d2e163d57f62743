"""From a configuration to the channel source that it describes."""

from sionna.phy.channel.tr38901 import TDL, PanelArray, RMa, UMa, UMi

from commgen.channels.array_config import ArrayConfig
from commgen.channels.cluster import ClusterChannel, RayleighChannel
from commgen.channels.config import (
    FIXED_DELAY_SPREAD_S,
    CdlConfig,
    RayleighConfig,
    SystemLevelConfig,
    TdlConfig,
)
from commgen.channels.fading import TdlChannel
from commgen.channels.ray_traced import RayTracedChannel
from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.source import ChannelSource
from commgen.channels.spatial_model import SpatialChannel
from commgen.channels.spatial_model_config import SpatialConfig
from commgen.channels.system_config import RmaConfig, UmaConfig, UmiConfig
from commgen.channels.system_level import SectorChannel
from commgen.channels.tabulated_cdl import TabulatedCDL


def build_channel(config, *, seed: int, with_covariance: bool = False) -> ChannelSource:
    """Build the source of a channel configuration.

    Parameters
    ----------
    config
        One of the configurations of :mod:`commgen.channels`.
    seed
        Non-negative integer; one seed, one sequence of batches.
    with_covariance
        Label each channel with its own covariance, where that is known in closed form:
        see :class:`~commgen.channels.SectorChannel` and
        :class:`~commgen.channels.SpatialChannel`.

    Returns
    -------
    ChannelSource
        A Sionna ``ChannelModel``.

    Raises
    ------
    TypeError
        If ``config`` is not a channel configuration.
    ValueError
        If the covariance is asked for where it is not known.
    """
    if isinstance(config, UmiConfig | UmaConfig | RmaConfig):
        model = _system_level_model(config)
        return SectorChannel(model, config, with_covariance=with_covariance, seed=seed)
    if isinstance(config, SpatialConfig):
        return SpatialChannel(config, with_covariance=with_covariance, seed=seed)
    kinds = TdlConfig | CdlConfig | RayleighConfig | RayTracedConfig
    if not isinstance(config, kinds):
        raise TypeError(
            "config must be a channel configuration such as TdlConfig, got "
            f"{type(config).__name__}."
        )
    if with_covariance:
        raise ValueError(
            "the covariance is known for umi, uma, rma and spatial only, got scenario "
            f"{config.scenario!r}."
        )
    if isinstance(config, RayTracedConfig):
        return RayTracedChannel(config, seed=seed)
    if isinstance(config, RayleighConfig):
        return RayleighChannel(config.num_rx_ant, config.num_tx_ant, seed=seed)
    return _cluster_channel(config, seed)


def _cluster_channel(config: TdlConfig | CdlConfig, seed: int) -> ClusterChannel:
    make = TdlChannel if isinstance(config, TdlConfig) else ClusterChannel
    if config.model[0] in FIXED_DELAY_SPREAD_S:
        spreads = [FIXED_DELAY_SPREAD_S[name] for name in config.model]
        profiles = [
            _profile(config, name, spread)
            for name, spread in zip(config.model, spreads, strict=True)
        ]
        return make(profiles, None, profile_delay_spread_s=spreads, seed=seed)
    profiles = [_profile(config, name, 1.0) for name in config.model]
    return make(profiles, config.delay_spread_range_s, seed=seed)


def _profile(config: TdlConfig | CdlConfig, name: str, delay_spread_s: float):
    make = _tdl_model if isinstance(config, TdlConfig) else _cdl_model
    return make(config, name, delay_spread_s)  # pyright: ignore[reportArgumentType]


def _tdl_model(config: TdlConfig, name: str, delay_spread_s: float) -> TDL:
    min_speed, max_speed = config.speed_range_m_s
    return TDL(
        name,
        delay_spread_s,
        config.carrier_hz,
        min_speed=min_speed,
        max_speed=max_speed,
        num_rx_ant=config.num_rx_ant,
        num_tx_ant=config.num_tx_ant,
    )


def _cdl_model(config: CdlConfig, name: str, delay_spread_s: float) -> TabulatedCDL:
    return TabulatedCDL(
        name,
        delay_spread_s,
        config.carrier_hz,
        panel_array(config.ut_array, config.carrier_hz),
        panel_array(config.bs_array, config.carrier_hz),
        config.direction,
        min_speed=config.speed_min_m_s,
        max_speed=config.speed_max_m_s,
    )


def _system_level_model(config: SystemLevelConfig):
    common = {
        "carrier_frequency": config.carrier_hz,
        "ut_array": panel_array(config.ut_array, config.carrier_hz),
        "bs_array": panel_array(config.bs_array, config.carrier_hz),
        "direction": config.direction,
        "enable_pathloss": config.path_loss,
        "enable_shadow_fading": config.shadow_fading,
    }
    if isinstance(config, RmaConfig):
        return RMa(
            average_street_width=config.street_width_m,
            average_building_height=config.building_height_m,
            **common,
        )
    family = UMi if isinstance(config, UmiConfig) else UMa
    return family(o2i_model=config.o2i_model, **common)


def panel_array(config: ArrayConfig, carrier_hz: float) -> PanelArray:
    """Build Sionna's array of one panel."""
    return PanelArray(
        num_rows_per_panel=config.rows,
        num_cols_per_panel=config.columns,
        polarization="dual" if config.dual_polarised else "single",
        polarization_type=config.polarisation,
        antenna_pattern=config.pattern,
        carrier_frequency=carrier_hz,
        element_vertical_spacing=config.vertical_spacing_wavelengths,
        element_horizontal_spacing=config.horizontal_spacing_wavelengths,
    )
