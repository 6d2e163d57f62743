"""Patterns of beams against the closed form of a row of antennas."""

import numpy as np
import pytest

from commgen.phy.beams import beam_pattern, strongest_angle


@pytest.mark.parametrize(("num", "spacing", "towards"), [(8, 0.5, 0), (13, 0.4, -35)])
def test_a_steered_row_has_the_pattern_of_dirichlet(num, spacing, towards):
    """sin^2(N psi / 2) / (N sin^2(psi / 2)), psi = 2 pi d (sin theta - sin theta0)."""
    angle = np.linspace(-89.7, 89.6, 330)
    u = np.sin(np.deg2rad(towards))
    w = np.exp(-2j * np.pi * spacing * np.arange(num) * u) / np.sqrt(num)
    half = np.pi * spacing * (np.sin(np.deg2rad(angle)) - u)
    expected = np.sin(num * half) ** 2 / (num * np.sin(half) ** 2)
    np.testing.assert_allclose(
        beam_pattern(w, angle, spacing=spacing), expected, rtol=1e-6, atol=1e-12
    )
    peak = beam_pattern(w, [towards], spacing=spacing)
    assert peak == pytest.approx(num)
    assert strongest_angle(w.conj(), spacing=spacing) == pytest.approx(towards, abs=0.3)


def test_all_power_is_sent_somewhere():
    """Half a wavelength apart the gain over sin(theta) has the mean |w|^2."""
    rng = np.random.default_rng(1)
    w = rng.normal(size=(3, 2, 8, 2)) @ [1, 1j]
    angle = np.rad2deg(np.arcsin((np.arange(64) + 0.5) / 32 - 1))
    mean = beam_pattern(w, angle).mean(axis=-1)
    np.testing.assert_allclose(mean, np.sum(np.abs(w) ** 2, axis=-1), rtol=1e-9)


@pytest.mark.parametrize(
    ("w", "angle", "spacing", "message"),
    [
        (1.0, [0.0], 0.5, r"w must be \[\.\.\., num_tx_ant\], got \(\)"),
        ([1.0, np.nan], [0.0], 0.5, "w must be finite"),
        ([1.0], 0.0, 0.5, r"angle_deg must be \[num_angles\], got \(\)"),
        ([1.0], [np.inf], 0.5, "angle_deg must be finite"),
        ([1.0], [0.0], 0.0, "spacing must be .* above 0"),
    ],
)
def test_what_has_no_pattern_is_refused(w, angle, spacing, message):
    with pytest.raises(ValueError, match=message):
        beam_pattern(w, angle, spacing=spacing)
