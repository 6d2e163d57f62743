import numpy as np
import pytest

from commgen.inference.parameters import angle_axis, draw_observations


@pytest.fixture
def rng():
    return np.random.default_rng(7)


@pytest.fixture
def axis():
    return angle_axis(8)


@pytest.fixture
def draw(axis, rng):
    """Return ``draw(n, snr_db, num_paths)``: snapshots, and angles, of 8 antennas."""

    def make(n, snr_db, num_paths=1, num_snapshots=10):
        return draw_observations(
            axis,
            n,
            num_snapshots=num_snapshots,
            snr_db=snr_db,
            num_paths=num_paths,
            rng=rng,
        )

    return make
