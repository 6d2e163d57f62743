"""Different constellations near the best, under limits."""

import numpy as np
import pytest

from commgen.design.goal import ConstellationGoal
from commgen.design.sampler import distances, sample_constellations, sample_rows
from commgen.design.search import design_constellation

LIMITED = {"num_bits_per_symbol": 4, "snr_db": 10.0, "peak_db": 3.5, "dac_bits": 4}


class Wobbly:
    """Stands for a model: a found constellation, turned and disturbed."""

    num_bits_per_symbol = 4

    def __init__(self, points):
        self._points = points

    def draw(self, snr_db, n, *, seed):
        rng = np.random.default_rng(seed)
        noise = rng.normal(size=(n, 16)) + 1j * rng.normal(size=(n, 16))
        return np.exp(1j * np.arange(n))[:, None] * self._points + 0.2 * noise


@pytest.fixture(scope="module")
def sampled():
    goal = ConstellationGoal(**LIMITED)
    return goal, sample_constellations(goal, 3, seed=2, within=0.1)


def test_samples_differ_and_keep_the_limits(sampled):
    _, found = sampled
    assert len(found) == 3
    far = distances(found)
    assert far[~np.eye(3, dtype=bool)].min() > 0.02
    for one in found:
        assert one.constellation.peak_to_average_db < 3.51
        assert one.rate > found[0].rate - 0.1


def test_rows_say_what_each_carries(sampled):
    goal, found = sampled
    table = sample_rows(found, goal)
    # The comparison has fewer nodes than the judgement.
    for row, one in zip(table, found, strict=True):
        assert row["rate_there"] == pytest.approx(one.rate, abs=1e-3)
    assert table[0]["nearest"] == pytest.approx(min(distances(found)[0, 1:]))


def test_draws_of_a_model_are_polished():
    goal = ConstellationGoal(num_bits_per_symbol=4, rate=3.0)
    best = design_constellation(goal, num_starts=2)[0]
    model = Wobbly(best.constellation.points)
    found = sample_constellations(goal, 2, seed=0, model=model, within=0.05)
    assert found[0].snr_db < best.snr_db + 0.05


def test_bad_input_is_named():
    goal = ConstellationGoal(num_bits_per_symbol=3, rate=2.0)
    with pytest.raises(ValueError, match="num_bits_per_symbol must be 4, as of the mo"):
        sample_constellations(goal, 2, seed=0, model=Wobbly(np.ones(16)))
    with pytest.raises(ValueError, match="n must be at least 1"):
        sample_constellations(goal, 0, seed=0)
    with pytest.raises(ValueError, match="within must be"):
        sample_constellations(goal, 1, seed=0, within=-1.0)
    full = ConstellationGoal(num_bits_per_symbol=3, rate=2.0, least_distance=1.2)
    with pytest.raises(
        ValueError, match="leave room for 8 points, got none in 4 draws"
    ):
        sample_constellations(full, 1, seed=0)
