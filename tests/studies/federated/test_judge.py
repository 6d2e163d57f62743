"""Errors and gaps of the federated study, against closed forms."""

import numpy as np
import pytest

from commgen._random import complex_normal
from commgen.generative import GaussianMixture
from commgen.studies.federated.cells import Cell
from commgen.studies.federated.judge import (
    Judge,
    gap,
    mean_db,
    pooled_gap,
    worst_gap,
)
from commgen.studies.nmse import SNR_DB


@pytest.fixture
def errors():
    """Return errors of 200 channels at seven SNRs."""
    return np.random.default_rng(3).exponential(1.0, (7, 200)) / 200


def test_a_white_prior_has_the_error_of_its_closed_form():
    h = complex_normal(np.random.default_rng(0), (2000, 4))
    model = GaussianMixture((4,), 1).fit(h, seed=0)
    found = Judge(model, [Cell("c", h, h, h)], "test", seed=1).nmse_db(0)
    expected = np.mean([-10 * np.log10(1 + 10 ** (db / 10)) for db in SNR_DB])
    assert found == pytest.approx(expected, abs=0.1)


def test_twice_the_error_is_three_decibels_without_doubt(errors):
    found = gap(2 * errors, errors)
    np.testing.assert_allclose(found, 10 * np.log10(2), rtol=1e-9)
    assert mean_db(2 * errors) - mean_db(errors) == pytest.approx(found.db)


def test_the_interval_covers_the_truth_and_grows_with_groups(errors):
    rng = np.random.default_rng(4)
    repeats = [
        gap(errors * rng.exponential(1.0, 200), errors, seed=i) for i in range(60)
    ]
    covered = np.mean([low <= 0 <= high for _, low, high in repeats])
    assert 0.85 <= covered <= 1
    copies = np.repeat(errors[:, :20], 10, axis=1)
    other = np.repeat(rng.permutation(errors[:, :20].T).T, 10, axis=1)
    visit = np.repeat(np.arange(20), 10)
    alone, grouped = gap(copies, other), gap(copies, other, visit)
    assert grouped.high - grouped.low > 2 * (alone.high - alone.low)


def test_all_cells_and_the_worst_one(errors):
    cells = [errors, 1.2 * errors, 1.1 * errors]
    index, worst = worst_gap(cells, [errors] * 3)
    assert index == 1
    assert worst.db == pytest.approx(10 * np.log10(1.2))
    assert pooled_gap(cells, [errors] * 3).db == pytest.approx(10 * np.log10(1.1))
