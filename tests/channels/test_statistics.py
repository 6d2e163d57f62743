"""What is drawn has the statistics of the standard, and of published numbers."""

import numpy as np
import pytest
from scipy.linalg import toeplitz
from scipy.special import j0

from commgen.channels import (
    TDL_GRID,
    CdlConfig,
    GridConfig,
    RayleighConfig,
    RmaConfig,
    TdlConfig,
    UmaConfig,
    UmiConfig,
    build_channel,
    draw_channels,
)

LIGHT = 299792458.0


def assert_mean(x, expected):
    """The mean of independent rows lies within four standard errors."""
    x = np.asarray(x, float)
    error = 4 * np.std(x, axis=0, ddof=1) / np.sqrt(len(x))
    assert np.all(np.abs(np.mean(x, axis=0) - expected) <= error + 1e-6)


def power(draw):
    return np.mean(np.abs(draw.h) ** 2, axis=(1, 2, 3, 4))


@pytest.mark.parametrize("model", ["A", "B", "C", "D", "E"])
def test_tdl_has_unit_power_and_its_delay_spread(model):
    config = TdlConfig(model=model, delay_spread_s=200e-9, carrier_hz=3.5e9)
    a, tau = build_channel(config, seed=1)(4000, 1, 1.0)
    path_power = np.abs(a.numpy()[:, 0, 0, 0, 0, :, 0]) ** 2
    assert_mean(path_power.sum(1), 1.0)
    p, delay = path_power.mean(0), tau.numpy()[0, 0, 0]
    mean = np.sum(p * delay) / p.sum()
    spread = np.sqrt(np.sum(p * (delay - mean) ** 2) / p.sum())
    # Sampling moves it by a few per cent, the rounding of the table by 1 %.
    assert spread == pytest.approx(200e-9, rel=0.08)


def test_fixed_tdl_models_keep_their_delay_spread(capfd):
    config = TdlConfig(model=("A30", "B100", "C300"), carrier_hz=3.5e9)
    source = build_channel(config, seed=1)
    a, tau = source(3000, 1, 1.0)
    p = np.abs(a.numpy()[:, 0, 0, 0, 0, :, 0]) ** 2
    profile = source.labels["profile"]
    for number, expected in enumerate((30e-9, 100e-9, 300e-9)):
        q = p[profile == number].mean(0)
        delay = tau.numpy()[profile == number][0, 0, 0]
        mean = np.sum(q * delay) / q.sum()
        spread = np.sqrt(np.sum(q * (delay - mean) ** 2) / q.sum())
        assert spread == pytest.approx(expected, rel=0.1)
        np.testing.assert_allclose(
            source.labels["delay_spread_s"][profile == number], expected, rtol=1e-6
        )
    assert "Warning" not in capfd.readouterr().out


def test_mixed_tdl_gives_each_channel_its_own_profile_and_spread():
    draw = draw_channels(TDL_GRID, 1000, seed=2)
    assert draw.h.shape == (1000, 1, 1, 14, 72)
    assert_mean(power(draw), 1.0)
    counts = np.bincount(draw.labels["profile"], minlength=5)
    assert_mean(draw.labels["profile"] == 0, 0.2)
    assert len(counts) == 5
    log_spread = np.log(draw.labels["delay_spread_s"])
    assert_mean(log_spread, np.log(np.sqrt(30e-9 * 300e-9)))
    assert log_spread.min() >= np.log(30e-9) - 1e-6
    assert log_spread.max() <= np.log(300e-9) + 1e-6
    # A larger spread makes the two ends of the band less alike.
    h = draw.h[:, 0, 0, 0]
    similarity = np.real(h[:, 0].conj() * h[:, 71])
    wide = draw.labels["delay_spread_s"] > 95e-9
    assert similarity[~wide].mean() > similarity[wide].mean() + 0.2


def test_tdl_ages_as_clarke_and_jakes_say():
    """Correlation over time at a fixed speed is J0(2 pi f_d t)."""
    speed, step = 30.0, 1e-3 / 14
    config = TdlConfig(
        model="A",
        delay_spread_s=1e-7,
        carrier_hz=3.5e9,
        speed_min_m_s=speed,
        speed_max_m_s=speed,
        grid=GridConfig(num_time_steps=20, time_step_s=step),
    )
    h = draw_channels(config, 3000, seed=3).h[:, 0, 0, :, 0]
    doppler = speed * 3.5e9 / LIGHT
    expected = j0(2 * np.pi * doppler * step * np.arange(20))
    assert_mean(np.real(h * h[:, :1].conj()), expected)
    assert_mean(np.imag(h * h[:, :1].conj()), 0.0)


def test_rayleigh_is_rayleigh_and_holds_still():
    config = RayleighConfig(
        num_rx_ant=2, num_tx_ant=2, grid=GridConfig(num_time_steps=3, time_step_s=1.0)
    )
    h = draw_channels(config, 3000, seed=4).h
    np.testing.assert_array_equal(h[:, :, :, :1], h[:, :, :, 2:])
    g = h[..., 0, 0].reshape(3000, 4)
    assert_mean(np.abs(g) ** 2, 1.0)
    assert_mean(np.abs(g) ** 4, 2.0)
    assert_mean(np.real(g[:, 0] * g[:, 3].conj()), 0.0)


@pytest.mark.parametrize(
    "config",
    [
        CdlConfig(model="A", delay_spread_s=1e-7, carrier_hz=3.5e9),
        CdlConfig(model="D", delay_spread_s=1e-7, carrier_hz=3.5e9),
        UmiConfig(carrier_hz=3.5e9, distance_min_m=20.0, distance_max_m=200.0),
        UmaConfig(carrier_hz=3.5e9, distance_min_m=35.0, distance_max_m=500.0),
        RmaConfig(carrier_hz=7e8, distance_min_m=35.0, distance_max_m=3e3),
    ],
    ids=lambda config: config.scenario,
)
def test_omnidirectional_channels_have_unit_power(config):
    assert_mean(power(draw_channels(config, 500, seed=5)), 1.0)


def test_path_loss_takes_power_away():
    config = UmiConfig(
        carrier_hz=3.5e9, distance_min_m=99.0, distance_max_m=101.0, los=True,
        path_loss=True, indoor_probability=0.0,
    )  # fmt: skip
    draw = draw_channels(config, 250, seed=6)
    assert draw.labels["los"].all()
    # TR 38.901 table 7.4.1-1, UMi line of sight before the breakpoint, d = 100 m.
    expected_db = 32.4 + 21 * np.log10(100) + 20 * np.log10(3.5)
    assert -10 * np.log10(power(draw).mean()) == pytest.approx(expected_db, abs=0.8)
    assert "path loss" in draw.meta.normalisation


def test_umi64_terminals_are_where_they_should_be(umi64):
    labels = umi64.labels
    distance = labels["distance_m"]
    assert distance.min() >= 10
    assert distance.max() <= 150
    assert_mean(distance**2, (10**2 + 150**2) / 2)  # uniform in area
    assert_mean(labels["azimuth_deg"], 0.0)
    assert_mean(labels["azimuth_deg"] ** 2, 60**2 / 3)
    assert_mean(labels["indoor"], 0.5)
    assert set(labels["height_m"][labels["indoor"]]) == {1.5, 4.5, 7.5, 10.5}
    assert set(labels["height_m"][~labels["indoor"]]) == {1.5}
    assert not (labels["los"] & labels["indoor"]).any()
    # TR 38.901 table 7.4.2-1.
    d = distance[~labels["indoor"]]
    expected = np.minimum(1, 18 / d + np.exp(-d / 36) * (1 - 18 / d))
    assert_mean(labels["los"][~labels["indoor"]] - expected, 0.0)


def test_umi64_sample_covariance_lmmse_and_genie_match_the_published_anchors(umi64):
    """ANCHORS: LMMSE -3.03 dB at 0 dB; genie -5.67 and -22.14 dB at 0 and 20 dB."""
    h = umi64.h.reshape(1500, 64)
    C = h[:1000].T @ h[:1000].conj() / 1000
    rng = np.random.default_rng(0)
    test = h[1000:]
    noise = rng.normal(size=(500, 64, 2)) @ [1, 1j] / 2**0.5
    W = C @ np.linalg.inv(C + np.eye(64))
    error = (test + noise) @ W.T - test
    lmmse = np.sum(np.abs(error) ** 2) / np.sum(np.abs(test) ** 2)
    assert 10 * np.log10(lmmse) == pytest.approx(-3.03, abs=0.2)
    R = np.stack(
        [toeplitz(column, column.conj()) for column in umi64.covariance[:1000]]
    )
    eigenvalues = np.maximum(np.linalg.eigvalsh(R), 0)
    for snr_db, expected in ((0, -5.67), (20, -22.14)):
        no = 10 ** (-snr_db / 10)
        mse = np.mean(eigenvalues * no / (eigenvalues + no))
        assert 10 * np.log10(mse) == pytest.approx(expected, abs=0.2)


def test_umi64_covariance_is_that_of_each_channel(umi64):
    """Over random phases E[h h^H] is each channel's own covariance.

    Weighted by itself, the covariance of another channel would be off by far.
    """
    h, r = umi64.h.reshape(1500, 64), umi64.covariance
    np.testing.assert_allclose(r[:, 0], 1, atol=1e-5)
    for lag in (0, 1, 2, 5, 20, 63):
        product = np.mean(h[:, lag:] * h[:, : 64 - lag].conj(), axis=1)
        assert_mean(np.real(r[:, lag].conj() * (product - r[:, lag])), 0.0)
        assert_mean(np.imag(r[:, lag].conj() * (product - r[:, lag])), 0.0)
    shuffled = np.roll(r, 1, axis=0)
    product = np.mean(h[:, 1:] * h[:, :-1].conj(), axis=1)
    off = np.real(shuffled[:, 1].conj() * (product - shuffled[:, 1]))
    assert abs(off.mean()) > 8 * off.std() / np.sqrt(1500)
