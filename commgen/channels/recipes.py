"""Named configurations: the channels that published numbers of commgen are about."""

from commgen.channels.array_config import ArrayConfig
from commgen.channels.config import TdlConfig
from commgen.channels.grid_config import GridConfig
from commgen.channels.spatial_model_config import SpatialConfig
from commgen.channels.system_config import UmiConfig

#: 64 antennas in a horizontal line, uplink, urban microcell, one subcarrier.
UMI64 = UmiConfig(
    carrier_hz=3.5e9,
    bs_array=ArrayConfig(columns=64),
    direction="uplink",
    distance_min_m=10.0,
    distance_max_m=150.0,
    azimuth_min_deg=-60.0,
    azimuth_max_deg=60.0,
    indoor_probability=0.5,
    num_floors=4,
    bs_height_m=10.0,
)

#: A slot of 14 symbols by 6 resource blocks at 30 kHz, one antenna, all TDL profiles.
TDL_GRID = TdlConfig(
    model=("A", "B", "C", "D", "E"),
    delay_spread_min_s=30e-9,
    delay_spread_max_s=300e-9,
    carrier_hz=3.5e9,
    speed_min_m_s=0.0,
    speed_max_m_s=30.0,
    grid=GridConfig(
        num_time_steps=14,
        # A slot of 0.5 ms over its 14 symbols with normal cyclic prefix.
        time_step_s=0.5e-3 / 14,
        num_subcarriers=72,
        subcarrier_spacing_hz=30e3,
    ),
)

#: 64 antennas receive, and 16 or one send, over three paths of the spatial model.
SPATIAL_64X16 = SpatialConfig(num_rx_ant=64, num_tx_ant=16)
SPATIAL_64 = SpatialConfig(num_rx_ant=64)

#: What a model of 64 x 16 antennas meets elsewhere: more and fewer paths, wider and
#: narrower ones, and arrays of another spacing.
SPATIAL_SHIFTS = {
    "paths-1": SPATIAL_64X16.model_copy(update={"num_paths": 1}),
    "paths-8": SPATIAL_64X16.model_copy(update={"num_paths": 8}),
    "spread-0.5": SPATIAL_64X16.model_copy(update={"rx_spread_deg": 0.5}),
    "spread-8": SPATIAL_64X16.model_copy(update={"rx_spread_deg": 8.0}),
    "spacing-0.35": SPATIAL_64X16.model_copy(update={"rx_spacing_wavelengths": 0.35}),
}

RECIPES = {
    "umi64": UMI64,
    "tdl-grid": TDL_GRID,
    "spatial-64x16": SPATIAL_64X16,
    "spatial-64": SPATIAL_64,
}
