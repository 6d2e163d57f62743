"""Walks through streets that are drawn by hand."""

import numpy as np
import pytest

from commgen.channels.ray_traced_config import RayTracedConfig
from commgen.channels.streets import StreetMap, track_of


@pytest.fixture
def cross():
    """Two streets of 5 m that cross in a block of 41 m."""
    free = np.zeros((41, 41), bool)
    free[18:23] = free[:, 18:23] = True
    return StreetMap(free, -20.0, -20.0, 1.0)


def test_a_walk_stays_in_the_street_and_keeps_its_pace(cross):
    for seed in range(20):
        places = cross.walk(200, 0.7, 0.1, np.random.default_rng(seed))
        assert cross.is_free(*places.T).all()
        pace = np.linalg.norm(np.diff(places, axis=0), axis=1)
        np.testing.assert_allclose(pace, 0.7, rtol=1e-9)


def test_walks_reach_all_streets(cross):
    """From the crossing both ways are taken, and far ends are reached."""
    rng = np.random.default_rng(1)
    places = np.concatenate([cross.walk(100, 1.0, 0.2, rng) for _ in range(40)])
    for axis in (0, 1):
        assert places[:, axis].min() < -15
        assert places[:, axis].max() > 15


def test_who_is_walled_in_stands_still():
    alone = StreetMap(np.eye(3, dtype=bool) * [[0], [1], [0]] > 0, 0.0, 0.0, 1.0)
    places = alone.walk(5, 2.0, 0.1, np.random.default_rng(0))
    np.testing.assert_array_equal(places, np.ones((5, 2)))


def test_places_beside_the_map_are_no_street(cross):
    x = np.array([-21.0, 21.0, 0.0, 0.0])
    y = np.array([0.0, 0.0, -21.0, 21.0])
    assert not cross.is_free(x, y).any()
    assert cross.is_free([0.0], [0.0]).all()


def test_a_map_without_streets_is_refused():
    with pytest.raises(ValueError, match="free must hold at least one cell of street"):
        StreetMap(np.zeros((2, 2), bool), 0.0, 0.0, 1.0).walk(
            2, 1.0, 0.1, np.random.default_rng(0)
        )


def test_seed_and_number_decide_a_track(cross):
    config = RayTracedConfig(num_steps=30, speed_min_m_s=1.0, speed_max_m_s=2.0)
    a, b, c = (track_of(config, cross, s, t) for s, t in ((1, 4), (1, 4), (1, 5)))
    np.testing.assert_array_equal(a, b)
    assert not np.allclose(a, c)
    pace = np.linalg.norm(np.diff(a, axis=0), axis=1) / config.step_s
    assert 1.0 <= pace.max() <= 2.0
