import numpy as np
from scipy.interpolate import CubicSpline

from commgen.frame.interpolation import dft_weights, spline_weights

F = 32


def test_spline_weights_are_scipys_natural_spline(rng):
    points = np.array([0.5, 2.5, 5.0, 9.0])
    values = rng.normal(size=4)
    targets = np.arange(0, 12)
    expected = CubicSpline(points, values, bc_type="natural")(
        np.clip(targets, 0.5, 9.0)
    )
    weights = spline_weights(points, targets)
    np.testing.assert_allclose(values @ weights, expected, atol=1e-6)
    np.testing.assert_allclose(weights.sum(axis=0), 1, atol=1e-6)
    np.testing.assert_array_equal(spline_weights([3], targets), np.ones((1, 12)))


def test_dft_weights_of_a_full_band_are_a_window_in_delay(rng):
    x = rng.normal(size=(F, 2)) @ [1, 1j]
    y = np.fft.ifft(x)
    y[6:] = 0
    found = x @ dft_weights(np.arange(F), np.arange(F), F, 5)
    np.testing.assert_allclose(found, np.fft.fft(y), atol=1e-5)


def test_dft_weights_reproduce_taps_within_the_delay(rng):
    """From every second subcarrier of a part of the band, guards left out."""
    points, targets = np.arange(2, 30, 2), np.arange(2, 30)
    h = np.exp(-2j * np.pi / F * np.outer([0, 1], targets)).sum(axis=0)
    W = dft_weights(points, targets, F, 1.5)
    np.testing.assert_allclose(h[::2] @ W, h, atol=1e-5)
