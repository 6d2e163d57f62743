"""The Bayes limit, against the mixture that it is."""

import numpy as np
import pytest
from scipy.linalg import toeplitz

from commgen._random import complex_normal
from commgen.studies.estimation.limit import bayes_limit

SIZE = 6


def _column(ratio):
    return ratio ** np.arange(SIZE) * np.exp(1j * ratio * np.arange(SIZE))


def _draw(rng, column, n):
    R = toeplitz(column, column.conj())
    return complex_normal(rng, (n, SIZE)) @ np.linalg.cholesky(R).T


def test_of_one_covariance_it_is_the_lmmse_error():
    column, no = _column(0.8), 0.1
    h = _draw(np.random.default_rng(0), column, 4000)
    R = toeplitz(column, column.conj())
    want = np.trace(R - R @ np.linalg.inv(R + no * np.eye(SIZE)) @ R).real / SIZE
    (row,) = bayes_limit(h, np.stack([column] * 3), [10.0], seed=1)
    assert row["nmse_low_db"] < 10 * np.log10(want) < row["nmse_high_db"]
    assert row["half_db"] == pytest.approx(row["nmse_db"])
    assert row["num_components"] == 3


def test_of_two_covariances_it_beats_their_mean():
    rng = np.random.default_rng(2)
    columns = np.stack([_column(0.95), _column(0.95).conj()])
    h = np.concatenate([_draw(rng, c, 1000) for c in columns])
    both, mean = (
        bayes_limit(h, c, [0.0], seed=3)[0]["nmse_db"]
        for c in (columns, columns.mean(axis=0, keepdims=True))
    )
    assert both < mean - 0.1
