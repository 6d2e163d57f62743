"""The tables of TR 38.901."""

import numpy as np
import pytest

from commgen.sdr.air.profiles import delay_profiles

PROFILES = delay_profiles()


def test_there_are_five_of_unit_power():
    assert list(PROFILES) == [f"TDL-{letter}" for letter in "ABCDE"]
    for profile in PROFILES.values():
        assert profile.powers.sum() + profile.los_power == pytest.approx(1)


@pytest.mark.parametrize("name", list(PROFILES))
def test_the_delay_spread_is_one(name):
    """TR 38.901 7.7.2: delays are normalised to an RMS delay spread of 1."""
    profile = PROFILES[name]
    powers, tau = profile.powers, profile.delays
    mean = powers @ tau
    assert powers @ tau**2 - mean**2 == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize(("name", "k_db"), [("TDL-D", 13.3), ("TDL-E", 22.0)])
def test_the_rice_factor_is_that_of_the_note(name, k_db):
    """Notes of tables 7.7.2-4 and 7.7.2-5."""
    profile = PROFILES[name]
    k = profile.los_power / profile.powers[0]
    assert 10 * np.log10(k) == pytest.approx(k_db, abs=0.05)
