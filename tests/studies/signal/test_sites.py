"""Gains that a design for a site is made for."""

import numpy as np
import pytest

from commgen.datasets import read_channels
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi, snr_db_for
from commgen.studies.signal.sites import gains_of, office_site, threshold_gains_of

PARTS = ("train", "test")
RNG = np.random.default_rng(2)


def test_gains_are_those_of_combined_antennas():
    h = np.array([[[1.0, 2j]], [[3.0, 1 + 1j]]]) * np.ones((1, 3, 1))
    assert gains_of(h, 4) == pytest.approx((3, 6, 12, 27))
    assert gains_of(h, 2) == pytest.approx((4.5, 19.5))


def test_flat_channels_have_the_threshold_of_white_noise():
    """However strong: each block is decoded at an SNR of its own."""
    h = RNG.normal(size=(50, 2, 1)) * np.ones(8)
    found = 10 * np.log10(threshold_gains_of(h, 8 / 3, 4, 5))
    expected = snr_db_for(Constellation.qam(4), 8 / 3)
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_at_the_threshold_a_block_carries_the_rate():
    h = RNG.normal(size=(1, 1, 12, 2)) @ [1, 1j]
    g = np.array(threshold_gains_of(h, 8 / 3, 4, 12))
    assert g.max() > 2 * g.min()
    carried = gmi(Constellation.qam(4), 1 / g)
    assert np.mean(carried) == pytest.approx(8 / 3, abs=0.003)


@pytest.mark.measured
def test_the_office_is_tested_on_later_days(data_root, tmp_path, monkeypatch):
    monkeypatch.setenv("COMMGEN_DATA", str(data_root))
    site = office_site(tmp_path, 60, 40, seed=1)
    assert site.h.shape == (60, 3, 1, 30)
    assert len(read_channels(site.test)[0]) == 40
    days = [read_channels(tmp_path / f"polyu-{p}.h5")[2]["day"] for p in PARTS]
    assert days[0].max() < 25 <= days[1].min()
    assert np.mean(np.abs(site.h) ** 2) == pytest.approx(1, abs=0.2)
