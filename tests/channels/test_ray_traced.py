"""Tracks through Munich: what is refused, and, with the extra rt, what is traced."""

import importlib.util

import numpy as np
import pytest

from commgen.channels import RayTracedConfig, build_channel, draw_channels
from commgen.channels.array_config import ArrayConfig

traced = pytest.mark.skipif(
    importlib.util.find_spec("mitsuba") is None,
    reason="sionna-rt is not installed (extra rt)",
)


def test_the_extra_is_named_where_it_is_missing(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ModuleNotFoundError, match=r"extra rt, as by pip install '.\[rt"
    ):
        build_channel(RayTracedConfig(), seed=1)


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"speed_min_m_s": 3.0}, "speed_min_m_s must be at most speed_max_m_s"),
        ({"bs_array": ArrayConfig(polarisation="VH")}, "bs_array must have omni elem"),
        (
            {"grid": {"num_time_steps": 2, "time_step_s": 1.0}},
            "num_time_steps must be 1",
        ),
        ({"scene": "paris"}, "munich"),
        ({"radius_m": 1e4}, "radius_m"),
    ],
)
def test_what_cannot_be_traced_is_refused(values, message):
    with pytest.raises(ValueError, match=message):
        RayTracedConfig(**values)


def test_its_covariance_is_not_known():
    with pytest.raises(
        ValueError, match=r"the covariance is known for .* 'ray-traced'"
    ):
        build_channel(RayTracedConfig(), seed=1, with_covariance=True)


@traced
@pytest.mark.slow
def test_a_line_of_sight_has_the_power_and_angle_of_its_place():
    """Free space at the distance, give or take reflections, from where it stands."""
    config = RayTracedConfig(num_steps=4, radius_m=100.0, max_depth=0, num_rays=10_000)
    found = draw_channels(config, 48, seed=2)
    h, los = found.h[:, :, 0, 0, 0], found.labels["los"]
    assert 0.1 < los.mean() < 0.9
    assert found.labels["track"].tolist() == np.repeat(np.arange(12), 4).tolist()
    place = np.stack([found.labels["x_m"], found.labels["y_m"]], axis=1)
    way = np.c_[place - [config.bs_x_m, config.bs_y_m], np.full(48, 1.5 - 30.0)]
    distance = np.linalg.norm(way, axis=1)
    power = np.mean(np.abs(h) ** 2, axis=1)
    direct = (config.reference_m / distance) ** 2
    # Diffracted paths, which depth 0 has not, would add to it.
    np.testing.assert_allclose(power[los], direct[los], rtol=0.02)
    turn = np.angle(np.sum(h[:, 1:] * h[:, :-1].conj(), axis=1))[los]
    expected = np.pi * (way[:, 1] / distance)[los]
    signs = [np.abs(np.exp(1j * turn) - np.exp(s * 1j * expected)) for s in (1, -1)]
    assert min(sign.max() for sign in signs) < 0.02
    again = draw_channels(config, 8, seed=2)
    np.testing.assert_allclose(again.h, found.h[:8], rtol=1e-4, atol=1e-6)
