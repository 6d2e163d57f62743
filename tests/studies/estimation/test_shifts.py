"""Channels of other places on the array of UMi-64."""

import numpy as np
import pytest

from commgen.channels import draw_channels
from commgen.studies.estimation.shifts import SHIFTS, as_array_events, shift_sets


@pytest.fixture(scope="module")
def sets():
    return shift_sets(60, seed=3)


@pytest.mark.slow
def test_every_shift_has_unit_power_and_its_own_draw(sets):
    assert list(sets) == list(SHIFTS)
    for h in sets.values():
        assert h.shape == (60, 64)
        assert h.dtype == np.complex64
        # The largest spread between channels, of CDL-D, is that of a Rician line.
        assert np.mean(np.abs(h) ** 2) == pytest.approx(1, abs=0.35)
    assert not np.allclose(sets["umi"], sets["carrier"])


def test_each_set_takes_the_next_seed(sets):
    again = draw_channels(SHIFTS["uma"], 5, seed=4).h.reshape(5, 64)
    assert again == pytest.approx(sets["uma"][:5], abs=1e-4)


def test_spacing_widens_the_angles(sets):
    """Phases turn 0.7 / 0.5 times as fast from antenna to antenna."""

    def turn(h):
        return np.mean(np.abs(np.angle(np.sum(h[:, 1:] * h[:, :-1].conj(), axis=1))))

    wide, line = SHIFTS["spacing"].bs_array, SHIFTS["umi"].bs_array
    ratio = wide.horizontal_spacing_wavelengths / line.horizontal_spacing_wavelengths
    assert ratio == pytest.approx(1.4)
    assert turn(sets["spacing"]) > turn(sets["umi"])


def test_recordings_become_lines_of_unit_power():
    h = np.arange(1, 2 * 3 * 5 + 1).reshape(2, 3, 5) * (1 + 1j)
    lines = as_array_events(h, 8)
    assert lines.shape == (2, 8)
    assert np.mean(np.abs(lines) ** 2, axis=1) == pytest.approx([1, 1])


def test_errors():
    with pytest.raises(ValueError, match="num must be at least 1, got 0"):
        shift_sets(0, seed=0)
    with pytest.raises(ValueError, match="seed must be at least 0, got -1"):
        shift_sets(1, seed=-1)
    with pytest.raises(ValueError, match="h must have at least 64 entries a channel"):
        as_array_events(np.ones((2, 63)))
    with pytest.raises(ValueError, match="h must have power in each line"):
        as_array_events(np.zeros((2, 64)))
