"""A prior led astray, with and without its guard."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.generative import GaussianMixture
from commgen.studies.estimation.elsewhere import shift_rows

SIZE = 16


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(0)
    basis = np.linalg.qr(complex_normal(rng, (SIZE, SIZE)))[0]

    def draw(n, vectors):
        h = complex_normal(rng, (n, 4)) @ vectors.T * np.sqrt(SIZE / 4)
        return h.astype(np.complex64)

    learned = draw(2000, basis[:, :4])
    prior = GaussianMixture((SIZE,), 1).fit(learned, seed=0, strength=0.0)
    sets = {"home": draw(400, basis[:, :4]), "away": draw(400, basis[:, 4:8])}
    found = shift_rows(
        sets,
        prior,
        density=prior,
        lmmse=prior,
        validation=draw(500, basis[:, :4]),
        seed=1,
        snr_db=(0.0, 20.0),
    )
    return {(row["set"], row["snr_db"]): row for row in found}


@pytest.mark.parametrize("snr_db", [0.0, 20.0])
def test_at_home_the_guard_leaves_the_prior_alone(rows, snr_db):
    row = rows["home", snr_db]
    assert row["guarded"] < row["prior"] + 0.3
    assert row["guarded"] < -3
    assert 0.86 < row["covered"] < 0.94


def test_elsewhere_the_prior_is_far_worse_than_ls_and_the_guard_is_not(rows):
    row = rows["away", 20.0]
    assert row["prior"] > 10
    assert row["guarded_low"] <= 0.05
    assert row["novel"] > 0.9
