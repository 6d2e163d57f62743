"""Pilots that tell two paths of a sector apart."""

import numpy as np
import pytest

from commgen.inference.parameters import angle_axis
from commgen.phy.feedback import sector_pilots

NO = 0.1


@pytest.fixture(scope="module")
def axis():
    return angle_axis(16, low_deg=-30, high_deg=30)


def _told(axis, X):
    rng = np.random.default_rng(0)
    a = axis.exponentials(axis.to_x(rng.uniform(-30, 30, (2000, 2))))
    d = a @ X
    gram = d @ d.conj().transpose(0, 2, 1)
    return np.mean(np.linalg.slogdet(np.eye(2) + gram / (2 * NO))[1])


def test_designed_pilots_tell_more_than_random_ones(axis):
    X = sector_pilots(axis, 4, NO, seed=1, num_steps=80)
    assert X.shape == (16, 4)
    np.testing.assert_allclose(np.linalg.norm(X, axis=0), 1, rtol=1e-5)
    random = [
        _told(axis, sector_pilots(axis, 4, NO, seed=s, num_steps=0)) for s in range(6)
    ]
    # Half of the sines are in the sector: twice the power, log 2 for each path.
    assert _told(axis, X) > max(random) + np.log(2)
    again = sector_pilots(axis, 4, NO, seed=1, num_steps=80)
    np.testing.assert_array_equal(X, again)


def test_bad_arguments_are_named(axis):
    with pytest.raises(ValueError, match="num_pilots must be at least 1, got 0"):
        sector_pilots(axis, 0, NO, seed=0)
    with pytest.raises(ValueError, match="no must be"):
        sector_pilots(axis, 2, 0.0, seed=0)
