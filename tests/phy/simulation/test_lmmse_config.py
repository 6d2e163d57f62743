"""LMMSE interpolation as a configuration asks for it."""

import numpy as np
import pytest

from commgen.generative import WassersteinGAN
from commgen.phy import parse_config
from commgen.phy.estimation import GridCovariance, LMMSEInterpolationEstimator
from commgen.phy.signal.grid import build_resource_grid
from commgen.phy.simulation.covariances import channel_covariance
from commgen.phy.simulation.estimators import build_unfitted
from commgen.phy.simulation.sources import build_source

T = 14  # OFDM symbols of a slot


def build(values):
    config = parse_config(values)
    rg = build_resource_grid(config.link)
    return config, rg, build_unfitted(config, rg)


def test_a_model_that_is_no_prior_is_refused(base, tmp_path):
    """Before a run folder is made: the estimators are built first."""
    WassersteinGAN((2,), 2, width=8, depth=1).save(tmp_path / "m")
    base["estimators"] = [{"kind": "prior", "model": str(tmp_path / "m")}]
    with pytest.raises(ValueError, match=r"must hold a prior, .* got WassersteinGAN"):
        build(base)


def test_configured_covariance_is_that_of_its_channels(base):
    """Two profiles, delay spreads and speeds of a range: within 5 standard errors."""
    base["channel"] = {
        "source": "3gpp",
        "scenario": "tdl",
        "model": ["A", "D"],
        "delay_spread_min_s": 5e-8,
        "delay_spread_max_s": 5e-7,
        "speed_max_m_s": 100.0,
        "num_rx_ant": 2,
    }
    base["estimators"] = [{"kind": "lmmse-interpolation"}]
    config, rg, _ = build(base)
    n = 6000
    covariance = channel_covariance(config.estimators[0], config.channel, rg)
    source = build_source(config, seed=5)
    h = source.frequency_response(n, T, 1 / rg.ofdm_symbol_duration, 12, 30e3)
    h = h.numpy()[:, 0, :, 0, 0]
    for root, found in [
        (covariance.frequency, np.einsum("bxf,bxg->fg", h[:, :, 0], h[:, :, 0].conj())),
        (covariance.time, np.einsum("bxt,bxu->tu", h[..., 0], h[..., 0].conj())),
    ]:
        R = root @ root.conj().T
        assert np.abs(R[0, -1]) < 0.99
        # The profile is shared by the antennas of a channel, their fading is not.
        assert np.abs(found / (2 * n) - R).max() < 5 * np.sqrt(2) / np.sqrt(2 * n)


def test_configured_estimator_is_built(base):
    base["channel"]["max_doppler_hz"] = 100.0
    base["estimators"] = [
        {"kind": "lmmse-interpolation"},
        {"kind": "lmmse-interpolation", "name": "two", "order": "t-f"},
        {
            "kind": "lmmse-interpolation",
            "name": "robust",
            "delay_spread_s": 2e-7,
            "max_doppler_hz": 100,
        },
    ]
    config, rg, blocks = build(base)
    y = np.ones((1, 1, 2, T, 12), np.complex64)
    expected = GridCovariance.tdl(rg, "A", 1e-7, max_doppler_hz=100.0)
    for name, order in [("lmmse-interpolation", "2d"), ("two", "t-f")]:
        direct = LMMSEInterpolationEstimator(rg, expected, order=order)
        for a, b in zip(blocks[name](y, 0.1), direct(y, 0.1), strict=True):
            np.testing.assert_allclose(a, b, atol=1e-5)
    robust = GridCovariance.exponential(rg, 2e-7, max_doppler_hz=100.0)
    direct = LMMSEInterpolationEstimator(rg, robust)(y, 0.1)
    np.testing.assert_array_equal(blocks["robust"](y, 0.1)[0], direct[0])
    assert parse_config(config.model_dump(mode="json")) == config


def test_config_refuses_a_covariance_that_is_not_known(base):
    base["estimators"] = [{"kind": "lmmse-interpolation", "delay_spread_s": 1e-7}]
    with pytest.raises(ValueError, match=r"estimators\.0\.delay_spread_s: must be giv"):
        parse_config(base)
    base["estimators"] = [{"kind": "lmmse-interpolation", "order": "f"}]
    with pytest.raises(ValueError, match=r"estimators\.0\.order: input should be '2d'"):
        parse_config(base)
    base["estimators"] = [{"kind": "lmmse-interpolation"}]
    base["channel"] = {"source": "3gpp", "scenario": "rayleigh", "num_rx_ant": 2}
    with pytest.raises(
        ValueError,
        match=r"estimators\.0 .*delay_spread_s must be given.*got channel 'rayleigh'",
    ):
        build(base)
