"""Sources and draws that several tests look at."""

import numpy as np
import pytest

from commgen.channels import (
    UMI64,
    ArrayConfig,
    CdlConfig,
    GeneratedChannel,
    RayleighConfig,
    RecordedChannel,
    RmaConfig,
    SpatialConfig,
    TdlConfig,
    UmaConfig,
    UmiConfig,
    build_channel,
    draw_channels,
)


class WhiteModel:
    """Stands for a trained model: white unit-power channels."""

    def __init__(self, event_shape):
        self.event_shape = event_shape

    def sample(self, n, condition=None, *, seed):
        rng = np.random.default_rng(seed)
        z = rng.normal(size=(n, *self.event_shape, 2)) @ [1, 1j]
        return (z / 2**0.5).astype(np.complex64)


@pytest.fixture(scope="session")
def white_model():
    return WhiteModel


def _recorded(seed, **options):
    h = WhiteModel((2, 1, 1, 12)).sample(7, seed=3)
    return RecordedChannel(h, 15e3, seed=seed, **options)


def _generated(seed):
    model = WhiteModel((2, 12))
    return GeneratedChannel(
        model, 15e3, layout=("rx", "subcarrier"), pool_size=20, seed=seed
    )


TWO = ArrayConfig(columns=2)
SPREAD = {"delay_spread_s": 100e-9, "carrier_hz": 3.5e9}
SECTOR = {"carrier_hz": 3.5e9, "distance_min_m": 35.0, "distance_max_m": 300.0}

# Every member of the family, with two receive antennas each.
SOURCES = {
    "tdl": TdlConfig(model=("A", "D"), num_rx_ant=2, speed_max_m_s=10.0, **SPREAD),
    "tdl-fixed": TdlConfig(model=("A30", "C300"), num_rx_ant=2, carrier_hz=3.5e9),
    "cdl": CdlConfig(model=("C", "E"), bs_array=TWO, speed_max_m_s=10.0, **SPREAD),
    "umi": UmiConfig(bs_array=TWO, speed_max_m_s=3.0, **SECTOR),
    "uma": UmaConfig(bs_array=TWO, **SECTOR),
    "rma": RmaConfig(bs_array=TWO, **SECTOR),
    "rayleigh": RayleighConfig(num_rx_ant=2),
    "spatial": SpatialConfig(num_rx_ant=2),
    "recorded": _recorded,
    "generated": _generated,
}


@pytest.fixture(params=SOURCES)
def make_source(request):
    """Every source, as a function of its seed."""
    member = SOURCES[request.param]
    if callable(member):
        return member
    return lambda seed: build_channel(member, seed=seed)


@pytest.fixture(scope="session")
def umi64():
    """1,500 UMi-64 channels with their own covariances."""
    return draw_channels(UMI64, 1500, seed=1, return_covariance=True)
