"""Points on the grid of a converter."""

import numpy as np
import pytest

from commgen.design.climb import carried
from commgen.design.goal import ConstellationGoal
from commgen.design.search import design_constellation
from commgen.frame.constellation import Constellation


def levels(constellation):
    """Return the coordinates as whole numbers, of the smallest step that fits."""
    both = np.concatenate([constellation.points.real, constellation.points.imag])
    for top in range(1, 64, 2):
        scaled = both * top / np.abs(both).max()
        if np.allclose(scaled, np.round(scaled), atol=1e-9):
            return np.round(scaled)
    raise AssertionError("no grid")


def test_points_lie_on_the_grid_and_lose_little():
    of = {"num_bits_per_symbol": 4, "snr_db": 10.0}
    free = design_constellation(ConstellationGoal(**of), num_starts=2)[0]
    goal = ConstellationGoal(**of, dac_bits=4, peak_db=3.0)
    best = design_constellation(goal, num_starts=2)[0]
    whole = levels(best.constellation)
    assert (whole % 2 == 1).all()
    assert np.abs(whole).max() <= 15
    assert free.rate - 0.02 < best.rate < free.rate + 1e-3
    assert best.constellation.peak_to_average_db <= 3.01


def test_the_coarsest_grid_is_qam():
    # Two bits an axis have sixteen places: at high SNR each point has its own.
    goal = ConstellationGoal(num_bits_per_symbol=4, snr_db=18.0, dac_bits=2)
    best = design_constellation(goal, num_starts=2)[0]
    qam = carried(Constellation.qam(4), goal, 18.0)
    assert set(np.abs(levels(best.constellation))) == {1, 3}
    assert best.rate <= qam + 1e-4


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"dac_bits": 2}, "dac_bits must leave room for 64 points, got 2: 16 places"),
        ({"dac_bits": 4, "saturation": 2}, "dac_bits must be left out behind an amp"),
        ({"dac_bits": 4, "shaping": "probabilistic"}, "dac_bits must be left out"),
    ],
)
def test_grids_that_cannot_be_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        ConstellationGoal(rate=4.0, **values)
