import numpy as np
import pytest
from scipy import special, stats

from commgen.evaluation import (
    autocorrelation,
    channel_statistics,
    invariant_features,
    ks,
)


def steering(cosine, num_rx):
    return np.exp(1j * np.pi * np.outer(cosine, np.arange(num_rx)))


def test_a_path_in_one_beam_has_rank_one_and_no_spread():
    h = 2 * steering([0.5, -0.25], 16)
    found = channel_statistics(h, ("rx",), snr_db=10)
    np.testing.assert_allclose(found["power_db"], 10 * np.log10(4))
    np.testing.assert_allclose(found["effective_rank"], 1)
    np.testing.assert_allclose(found["peak_beam"], 1)
    np.testing.assert_array_equal(found["peak_beam_index"], [4, 14])
    np.testing.assert_allclose(found["angular_spread"], 0, atol=1e-6)
    np.testing.assert_allclose(found["k_factor_db"], 30)
    np.testing.assert_allclose(found["capacity"], np.log2(1 + 10 * 64))
    assert set(found) == {
        *("power_db", "effective_rank", "peak_beam", "peak_beam_index"),
        *("angular_spread", "k_factor_db", "capacity"),
    }


def test_two_beams_of_equal_power_have_rank_two_and_half_their_distance_as_spread():
    """Also around the end of the circle, where cosines wrap."""
    for first, second in ((0.0, 0.25), (-0.875, 0.875)):
        h = steering([first], 16) + steering([second], 16)
        found = channel_statistics(h, ("rx",))
        assert found["effective_rank"][0] == pytest.approx(2)
        assert found["peak_beam"][0] == pytest.approx(0.5)
        assert found["angular_spread"][0] == pytest.approx(0.125)


def test_delay_and_doppler_spread_of_two_taps():
    taps = np.zeros((1, 8, 16), complex)
    taps[0, 0, [0, 15]] = 1  # a tap before delay zero wraps to the end
    h = np.fft.fft(np.fft.fft(taps, axis=1), axis=2)
    found = channel_statistics(h, ("time", "subcarrier"))
    assert found["delay_spread"][0] == pytest.approx(0.5)
    assert found["doppler_spread"][0] == pytest.approx(0, abs=1e-6)
    swapped = channel_statistics(h.swapaxes(1, 2), ("subcarrier", "time"))
    for name, value in found.items():
        np.testing.assert_allclose(swapped[name], value)


def test_matrices_have_rank_condition_and_capacity_of_their_singular_values():
    s = np.array([3.0, 1.0])
    rng = np.random.default_rng(0)
    U, V = (
        np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))[0]
        for _ in range(2)
    )
    h = np.repeat((U * s @ V)[None, :, :, None], 5, axis=3)
    found = channel_statistics(h, ("rx", "tx", "subcarrier"), snr_db=3)
    snr = 10**0.3
    share = s**2 / 10
    assert found["condition_number_db"][0] == pytest.approx(20 * np.log10(3))
    assert found["effective_rank"][0] == pytest.approx(np.exp(stats.entropy(share)))
    det = np.linalg.det(np.eye(2) + snr / 2 * h[0, :, :, 0] @ h[0, :, :, 0].conj().T)
    assert found["capacity"][0] == pytest.approx(np.log2(det.real))


def test_rank_of_antennas_against_subcarriers(gaussian):
    a, b = gaussian(1, 1, (4,))[0], gaussian(1, 2, (6,))[0]
    found = channel_statistics(np.outer(a, b)[None], ("rx", "subcarrier"))
    assert found["effective_rank"][0] == pytest.approx(1, abs=1e-5)


def test_rician_factor_by_moments():
    """K = 4: |h|^2 of a line of sight in white scatter."""
    rng = np.random.default_rng(1)
    n = 200_000
    scatter = (rng.normal(size=n) + 1j * rng.normal(size=n)) / np.sqrt(2)
    h = np.sqrt(0.8) + np.sqrt(0.2) * scatter
    found = channel_statistics(h[None], ("subcarrier",))["k_factor_db"][0]
    assert found == pytest.approx(10 * np.log10(4), abs=0.1)
    rayleigh = channel_statistics(scatter[None], ("subcarrier",))["k_factor_db"][0]
    assert rayleigh < -8


def test_odd_channels_have_finite_statistics(gaussian):
    zero = np.zeros((1, 2, 2), complex)
    found = channel_statistics(zero, ("rx", "tx"))
    assert all(np.isfinite(value).all() for value in found.values())
    assert found["power_db"][0] == -300
    assert found["effective_rank"][0] == 1
    assert found["capacity"][0] == 0
    singular = channel_statistics(np.ones((1, 2, 2), complex), ("rx", "tx"))
    assert singular["condition_number_db"][0] == 120
    assert set(channel_statistics(gaussian(3, 1, (1,)), ("subcarrier",))) == {
        *("power_db", "effective_rank", "capacity"),
    }


def test_autocorrelation_of_isotropic_scatter_is_that_of_jakes():
    rng = np.random.default_rng(2)
    n, num_paths, doppler, num_time = 4000, 64, 0.05, 20
    angle = rng.uniform(0, 2 * np.pi, (n, num_paths, 1))
    phase = rng.uniform(0, 2 * np.pi, (n, num_paths, 1))
    t = np.arange(num_time)
    h = np.exp(1j * (2 * np.pi * doppler * np.cos(angle) * t + phase)).sum(axis=1)
    rho = autocorrelation(h, ("time",))
    assert rho[0] == pytest.approx(1)
    expected = special.j0(2 * np.pi * doppler * t)
    # Each lag is the mean of n products of unit power.
    np.testing.assert_allclose(rho, expected, atol=4 / np.sqrt(n))


def test_autocorrelation_has_the_sign_of_the_doppler_shift():
    h = np.exp(2j * np.pi * 0.1 * np.arange(8))[None]
    np.testing.assert_allclose(autocorrelation(h, ("time",)), h[0], atol=1e-6)
    assert autocorrelation(np.zeros((2, 3)) + 0j, ("time",))[0] == 0
    with pytest.raises(ValueError, match='layout must have "time"'):
        autocorrelation(h, ("rx",))


def test_ks_is_the_largest_difference_of_the_distribution_functions():
    found = ks({"a": np.arange(4.0), "b": np.arange(4.0)}, {
        "a": np.arange(4.0) + 2, "b": np.arange(4.0),
    })  # fmt: skip
    assert found == {"a": 0.5, "b": 0}
    with pytest.raises(ValueError, match="must have the same statistics"):
        ks({"a": np.arange(4.0)}, {"b": np.arange(4.0)})


def test_features_do_not_see_the_phase(gaussian):
    h = gaussian(20, 1, (3, 2, 6))
    layout = ("rx", "tx", "subcarrier")
    turned = h * np.exp(1j * np.arange(20))[:, None, None, None]
    a, b = invariant_features(h, layout), invariant_features(turned, layout)
    np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3)
    assert np.isfinite(invariant_features(0 * h, layout)).all()


def test_statistics_refuse_layouts(gaussian):
    with pytest.raises(ValueError, match="layout must name the 1 axes"):
        channel_statistics(gaussian(3, 1), ("rx", "tx"))
