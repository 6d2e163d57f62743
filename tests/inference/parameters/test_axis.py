import numpy as np
import pytest

from commgen.inference.parameters import Axis, angle_axis, delay_axis, doppler_axis
from commgen.inference.parameters.axis import check_snapshots


def test_exponentials_are_those_of_sionna(axis):
    """Sionna's array, in the plane of its columns, up to one phase of all antennas."""
    from sionna.phy.channel.tr38901 import PanelArray

    panel = PanelArray(
        num_rows_per_panel=1,
        num_cols_per_panel=8,
        polarization="single",
        polarization_type="V",
        antenna_pattern="omni",
        carrier_frequency=3.5e9,
    )
    positions = panel.ant_pos.numpy()  # [8, 3] in metres; the array lies along y
    wavelength = 299792458 / 3.5e9
    for angle in (-50.0, 10.0, 35.0):
        phi = np.deg2rad(angle)
        direction = np.array([np.cos(phi), np.sin(phi), 0])
        expected = np.exp(2j * np.pi * positions @ direction / wavelength)
        own = axis.exponentials(axis.to_x(angle))
        np.testing.assert_allclose(
            own[1:] / own[:-1], expected[1:] / expected[:-1], rtol=1e-5
        )


def test_values_and_x_are_inverses(axis):
    value = np.linspace(-60, 60, 7)
    np.testing.assert_allclose(axis.to_value(axis.to_x(value)), value, rtol=1e-12)
    step = 1e-6
    x = axis.to_x(value)
    slope = (axis.to_value(x + step) - axis.to_value(x - step)) / (2 * step)
    np.testing.assert_allclose(axis.slope(x), slope, rtol=1e-6)


def test_signs_of_delay_and_doppler():
    delay = delay_axis([0.0, 1e6], max_delay_s=1e-6)
    np.testing.assert_allclose(delay.exponentials(1e-7)[1], np.exp(-0.2j * np.pi))
    doppler = doppler_axis([0.0, 1e-3], max_doppler_hz=400)
    np.testing.assert_allclose(doppler.exponentials(100.0)[1], np.exp(0.2j * np.pi))
    assert (doppler.low, doppler.high, doppler.unit) == (-400, 400, "Hz")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: Axis("range", np.arange(3.0), 0, 1), ValueError, "kind must be of"),
        (lambda: Axis("delay", np.zeros(3), 0, 1), ValueError, "positions must be"),
        (lambda: Axis("delay", np.arange(3), 1, 1), ValueError, "low must be below"),
        (lambda: angle_axis(1), ValueError, "num_ant must be at least 2, got 1"),
        (lambda: angle_axis(4, spacing=0), ValueError, "spacing must be finite"),
        (lambda: angle_axis(4, low_deg=-91), ValueError, "ascending within -90 and"),
        (
            lambda: doppler_axis([0, 1], max_doppler_hz=0),
            ValueError,
            "max_doppler_hz must be finite and above 0",
        ),
        (
            lambda: delay_axis([0, 1, 3], max_delay_s=1).spacing,
            ValueError,
            "positions must be uniform",
        ),
        (
            lambda: check_snapshots(np.ones((2, 8)), angle_axis(8)),
            ValueError,
            r"y must be \[n, num_snapshots, 8\], got \(2, 8\)",
        ),
        (
            lambda: check_snapshots(np.full((1, 1, 8), np.nan), angle_axis(8)),
            ValueError,
            "y must be finite",
        ),
        (
            lambda: check_snapshots(np.zeros((1, 1, 8)), angle_axis(8)),
            ValueError,
            "y must not be all zero, got an observation of zeros at index 0",
        ),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
