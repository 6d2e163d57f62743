"""What a channel file says about channels drawn from a configuration."""

from commgen.channels.config import CdlConfig, ChannelConfig, TdlConfig
from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.spatial_model_config import SpatialConfig
from commgen.channels.system_config import RmaConfig, UmaConfig, UmiConfig
from commgen.datasets import ChannelMeta

_ARRAYS = CdlConfig | UmiConfig | UmaConfig | RmaConfig


def channel_meta(config: ChannelConfig) -> ChannelMeta:
    """Describe channels of ``config`` on its grid, for their file."""
    grid = config.grid
    spacing_hz = grid.subcarrier_spacing_hz
    rx, tx = _antennas(config)
    return ChannelMeta(
        domain="frequency",
        carrier_hz=getattr(config, "carrier_hz", None),
        bandwidth_hz=grid.num_subcarriers * spacing_hz,
        subcarrier_spacing_hz=spacing_hz,
        time_step_s=grid.time_step_s if grid.num_time_steps > 1 else None,
        rx_antennas=rx,
        tx_antennas=tx,
        scenario=config.scenario,
        source=_source(config),
        licence="CC0-1.0",
        normalisation=_power(config),
        description=config.model_dump_json(),
    )


def _antennas(config: ChannelConfig) -> tuple[str, str]:
    if isinstance(config, _ARRAYS):
        bs, ut = config.bs_array.describe(), config.ut_array.describe()
        return (bs, ut) if config.direction == "uplink" else (ut, bs)
    if isinstance(config, RayTracedConfig):
        return config.bs_array.describe(), "1, isotropic, V-polarised"
    if isinstance(config, SpatialConfig):
        return (
            _line(config.num_rx_ant, config.rx_spacing_wavelengths),
            _line(config.num_tx_ant, config.tx_spacing_wavelengths),
        )
    return (
        f"{config.num_rx_ant} that fade independently",
        f"{config.num_tx_ant} that fade independently",
    )


def _line(num_antennas: int, spacing: float) -> str:
    return f"{num_antennas} in a line, {spacing:g} wavelengths apart"


def _source(config: ChannelConfig) -> str:
    if isinstance(config, SpatialConfig):
        return "commgen, spatial model of 3GPP TR 25.996 as in arXiv:1707.05674"
    if isinstance(config, RayTracedConfig):
        return f"commgen over Sionna RT 1.2.2, its scene {config.scene}"
    return "commgen over Sionna 1.2.2, 3GPP TR 38.901"


def _power(config: ChannelConfig) -> str:
    if isinstance(config, RayTracedConfig):
        return f"over the gain of free space at {config.reference_m:g} m"
    if getattr(config, "path_loss", False) or getattr(config, "shadow_fading", False):
        return "none: the power follows path loss and shadow fading as configured"
    if isinstance(config, _ARRAYS) and not isinstance(config, TdlConfig):
        return (
            "none: expected power 1 for V-polarised omnidirectional antennas, "
            "otherwise the antenna gain"
        )
    return "none: expected power 1 by the model"
