"""The spatial model: its covariances, its draws, and what a genie makes of them."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.integrate import quad
from scipy.linalg import toeplitz

from commgen.channels import (
    RECIPES,
    SPATIAL_64,
    SPATIAL_64X16,
    SPATIAL_SHIFTS,
    LaplaceSpectrum,
    SpatialChannel,
    SpatialConfig,
    build_channel,
    draw_channels,
    parse_channel_config,
)
from commgen.channels.spatial_model import covariance_root

SMALL = SpatialConfig(num_rx_ant=6, num_tx_ant=3)


def column(spectrum, *angles, weights=(1.0,)):
    """First column for one channel."""
    weights = tf.constant([weights], tf.float64)
    return spectrum.column(tf.constant([angles], tf.float64), weights)[0].numpy()


@pytest.mark.parametrize("spread_deg", [0.5, 2.0, 35.0, 200.0])
@pytest.mark.parametrize("spacing", [0.35, 0.5, 2.0])
def test_covariance_is_the_integral_over_angles(spread_deg, spacing):
    """Against quadrature of the Laplacian density on a full circle."""
    phi, b = 0.7, np.radians(spread_deg) / np.sqrt(2)
    found = column(LaplaceSpectrum(24, spread_deg, spacing), phi)
    total = 2 * b * (1 - np.exp(-np.pi / b))
    for k in (0, 1, 7, 23):

        def density(x, part, k=k):
            wave = np.exp(2j * np.pi * spacing * k * np.sin(phi + x))
            return getattr(wave, part) * np.exp(-abs(x) / b) / total

        where = {"points": [-5 * b, 0, 5 * b]} if 5 * b < np.pi else {"points": [0]}
        real, imag = (
            quad(density, -np.pi, np.pi, (part,), limit=800, **where)[0]
            for part in ("real", "imag")
        )
        assert found[k] == pytest.approx(real + 1j * imag, abs=1e-7)


def test_a_narrow_path_is_a_plane_wave():
    found = column(LaplaceSpectrum(8, 1e-4), 0.4)
    wave = np.exp(1j * np.pi * np.arange(8) * np.sin(0.4))
    np.testing.assert_allclose(found, wave, atol=1e-5)


def test_paths_add_by_their_weights():
    spectrum = LaplaceSpectrum(8, 3.0)
    both = column(spectrum, 0.4, -1.1, weights=(0.3, 0.6))
    alone = [column(spectrum, angle) for angle in (0.4, -1.1)]
    np.testing.assert_allclose(both, 0.3 * alone[0] + 0.6 * alone[1], atol=1e-12)


def test_root_is_a_factor_of_the_covariance():
    t = column(LaplaceSpectrum(64, 2.0), 0.4)
    L = covariance_root(tf.constant(t[None]))[0].numpy()
    np.testing.assert_allclose(L @ L.conj().T, toeplitz(t, t.conj()), atol=1e-9)
    np.testing.assert_array_equal(np.triu(L, 1), 0)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, 2.0), "num_antennas must be at least 1, got 0"),
        ((4, 0.0), "spread_deg must be finite and above 0, got 0"),
        ((4, 2.0, -0.5), "spacing must be finite and above 0, got -0.5"),
    ],
)
def test_spectrum_refuses(arguments, message):
    with pytest.raises(ValueError, match=message):
        LaplaceSpectrum(*arguments)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("num_paths", 0, "greater than or equal to 1"),
        ("rx_spread_deg", 0.0, "greater than 0"),
        ("max_angle_deg", 181.0, "less than or equal to 180"),
        ("num_rx_antennas", 4, "Extra inputs are not permitted"),
    ],
)
def test_config_refuses(key, value, message):
    with pytest.raises(ValueError, match=message):
        parse_channel_config({"scenario": "spatial", key: value})


def test_recipes():
    assert RECIPES["spatial-64x16"] is SPATIAL_64X16
    assert RECIPES["spatial-64"] == SpatialConfig(num_rx_ant=64, num_tx_ant=1)
    for config in SPATIAL_SHIFTS.values():
        assert (config.num_rx_ant, config.num_tx_ant) == (64, 16)
        assert config != SPATIAL_64X16


def test_draw_has_covariances_and_metadata():
    draw = draw_channels(SPATIAL_64X16, 3, seed=0, return_covariance=True)
    assert draw.h.shape == (3, 64, 16, 1, 1)
    assert draw.covariance.shape == (3, 64)
    assert draw.covariance_tx.shape == (3, 16)
    np.testing.assert_allclose(draw.covariance[:, 0], 1, atol=1e-6)
    assert list(draw.labels) == ["strongest_path"]
    assert draw.meta.scenario == "spatial"
    assert draw.meta.rx_antennas == "64 in a line, 0.5 wavelengths apart"
    assert "TR 25.996" in draw.meta.source
    assert SpatialConfig.model_validate_json(draw.meta.description) == SPATIAL_64X16
    plain = draw_channels(SPATIAL_64X16, 2, seed=0)
    assert plain.covariance is plain.covariance_tx is None
    np.testing.assert_array_equal(plain.h, draw.h[:2])


def test_it_stands_still_and_is_flat():
    source = build_channel(SMALL, seed=1)
    assert isinstance(source, SpatialChannel)
    assert source.is_static
    a, tau = source(4, 5, 1e3)
    assert a.shape == (4, 1, 6, 1, 3, 1, 5)
    np.testing.assert_array_equal(a, np.repeat(a[..., :1], 5, axis=-1))
    np.testing.assert_array_equal(tau, 0)


def test_channels_have_the_covariance_that_they_tell():
    """With a little noise, so that it can be whitened, each one is white."""
    n, no = 3000, 0.01
    draw = draw_channels(SMALL, n, seed=2, return_covariance=True)
    parts = np.random.default_rng(0).normal(size=(2, n, 18))
    y = draw.h.reshape(n, 18) + np.sqrt(no / 2) * (parts[0] + 1j * parts[1])
    C = np.stack(
        [
            np.kron(toeplitz(rx, rx.conj()), toeplitz(tx, tx.conj()))
            for rx, tx in zip(draw.covariance, draw.covariance_tx, strict=True)
        ]
    )
    L = np.linalg.cholesky(C + no * np.eye(18))
    z = np.linalg.solve(L, y[..., None])[..., 0]
    R = z.T @ z.conj() / n
    # Of 171 entries the largest deviates by a few standard errors of 1 / n^0.5.
    np.testing.assert_allclose(R, np.eye(18), atol=5 / np.sqrt(n))


def lmmse_nmse_db(draw, no):
    """Expected NMSE of the LMMSE estimate that knows each covariance."""
    error = 0.0
    for rx, tx in zip(draw.covariance, draw.covariance_tx, strict=True):
        s, m = (np.linalg.eigvalsh(toeplitz(t, t.conj())) for t in (rx, tx))
        power = np.outer(s.clip(0), m.clip(0))
        error += np.mean(power * no / (power + no))
    return 10 * np.log10(error / len(draw.covariance))


@pytest.mark.parametrize(
    ("config", "published", "tolerance_db"),
    [
        (SPATIAL_64X16, {-10: -3.57, 0: -9.16, 10: -16.48, 20: -24.91}, 0.25),
        (SPATIAL_64, {-10: -2.96, 0: -8.47, 10: -16.11, 20: -24.68}, 0.25),
    ],
    ids=["64x16", "64x1"],
)
def test_a_genie_does_as_on_the_published_set(config, published, tolerance_db):
    """Fesl et al.'s channels: their genie, measured. 600 draws scatter by 0.05 dB."""
    draw = draw_channels(config, 600, seed=5, return_covariance=True)
    for snr_db, nmse_db in published.items():
        found = lmmse_nmse_db(draw, 10 ** (-snr_db / 10))
        assert found == pytest.approx(nmse_db, abs=tolerance_db)
