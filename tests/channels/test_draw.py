"""Drawing to an array: layout, reproducibility, metadata."""

import numpy as np
import pytest

from commgen.channels import (
    ArrayConfig,
    CdlConfig,
    GridConfig,
    RayleighConfig,
    RmaConfig,
    TdlConfig,
    UmiConfig,
    draw as draw_module,
    draw_channels,
    iterate_channels,
)
from commgen.channels.draw import chunk_size

UMI = UmiConfig(
    carrier_hz=3.5e9,
    bs_array=ArrayConfig(columns=4),
    distance_min_m=10.0,
    distance_max_m=100.0,
    grid=GridConfig(num_subcarriers=6, num_time_steps=2, time_step_s=1e-3),
)


def test_layout_labels_and_metadata():
    draw = draw_channels(UMI, 3, seed=0)
    assert draw.h.shape == (3, 4, 1, 2, 6)
    assert draw.h.dtype == np.complex64
    assert {"los", "indoor", "distance_m", "azimuth_deg"} <= draw.labels.keys()
    assert all(values.shape == (3,) for values in draw.labels.values())
    assert draw.covariance is None
    meta = draw.meta
    assert meta.domain == "frequency"
    assert meta.carrier_hz == 3.5e9
    assert meta.subcarrier_spacing_hz == 30e3
    assert meta.bandwidth_hz == 180e3
    assert meta.time_step_s == 1e-3
    assert meta.rx_antennas.startswith("1 x 4")
    assert UmiConfig.model_validate_json(meta.description) == UMI


def test_downlink_swaps_the_arrays():
    config = UMI.model_copy(update={"direction": "downlink"})
    draw = draw_channels(config, 2, seed=0)
    assert draw.h.shape == (2, 1, 4, 2, 6)
    assert draw.meta.tx_antennas.startswith("1 x 4")


@pytest.mark.parametrize("config", [UMI, RayleighConfig()], ids=["umi", "rayleigh"])
def test_one_seed_one_draw_whatever_the_number(config, monkeypatch):
    monkeypatch.setattr(draw_module, "_MAX_CHUNK", 20)
    many, few = draw_channels(config, 30, seed=1), draw_channels(config, 5, seed=1)
    np.testing.assert_array_equal(many.h[:5], few.h)
    for name, values in few.labels.items():
        np.testing.assert_array_equal(many.labels[name][:5], values)
    other = draw_channels(config, 5, seed=2)
    assert np.abs(other.h - few.h).max() > 1e-2
    assert np.abs(many.h[20:25] - few.h).max() > 1e-2


def test_compiled_draws_are_the_same(monkeypatch):
    config = TdlConfig(model="D", delay_spread_s=1e-7, carrier_hz=3.5e9, grid=UMI.grid)
    eager = draw_channels(config, 4, seed=1)
    monkeypatch.setattr(draw_module, "_COMPILE_FROM", 1)
    np.testing.assert_allclose(draw_channels(config, 4, seed=1).h, eager.h, atol=1e-4)


def test_draws_under_xla_are_the_same(monkeypatch):
    monkeypatch.setattr(draw_module, "_MAX_CHUNK", 10)
    spread = {"delay_spread_s": 1e-7, "carrier_hz": 3.5e9}
    config = CdlConfig(model="D", **spread, speed_max_m_s=3.0, grid=UMI.grid)
    eager = draw_channels(config, 4, seed=1)
    monkeypatch.setattr(draw_module, "_COMPILE_FROM", 1)
    xla = draw_channels(config, 4, seed=1)
    np.testing.assert_allclose(xla.h, eager.h, atol=2e-3)
    for name, values in eager.labels.items():
        np.testing.assert_allclose(xla.labels[name], values, rtol=1e-5)


def test_progress_and_chunks():
    seen = []
    draw_channels(
        RayleighConfig(), 600, seed=0, progress=lambda done, of: seen.append((done, of))
    )
    assert seen == [(250, 600), (500, 600), (600, 600)]
    parts = iterate_channels(RayleighConfig(), 600, seed=0)
    assert [len(part.h) for part in parts] == [250, 250, 100]


def test_chunks_shrink_with_the_channel():
    wide = UMI.model_copy(
        update={"bs_array": ArrayConfig(columns=64), "speed_max_m_s": 3.0}
    )
    assert chunk_size(wide) < chunk_size(UMI) <= 250


def test_covariance_of_a_small_array():
    config = UMI.model_copy(update={"grid": GridConfig()})
    draw = draw_channels(config, 3, seed=0, return_covariance=True)
    assert draw.covariance.shape == (3, 4)
    assert "covariance" not in draw.labels
    np.testing.assert_allclose(draw.covariance[:, 0], 1, atol=1e-5)


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (
            RayleighConfig(),
            "known for umi, uma, rma and spatial only, got scenario 'rayleigh'",
        ),
        (
            UMI.model_copy(update={"direction": "downlink"}),
            "the covariance is known for the uplink",
        ),
        (
            UMI.model_copy(update={"bs_array": ArrayConfig(rows=2)}),
            "got direction 'uplink', bs_array 2 x 1",
        ),
        (
            RmaConfig(
                carrier_hz=7e8, distance_min_m=50.0, distance_max_m=90.0, path_loss=True
            ),
            "path_loss True",
        ),
    ],
)
def test_covariance_is_refused_where_it_is_not_known(config, message):
    with pytest.raises(ValueError, match=message):
        draw_channels(config, 2, seed=0, return_covariance=True)


@pytest.mark.parametrize(
    ("num", "error", "message"),
    [
        (0, ValueError, "num_samples must be at least 1, got 0"),
        (2.0, TypeError, "num_samples must be a whole number"),
    ],
)
def test_refuses_a_bad_number(num, error, message):
    with pytest.raises(error, match=message):
        draw_channels(RayleighConfig(), num, seed=0)
