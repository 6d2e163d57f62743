"""Precoders in Sionna's slots, against Sionna's own and against the formula."""

import numpy as np
import pytest
from sionna.phy.mimo import StreamManagement
from sionna.phy.ofdm import ResourceGrid, RZFPrecodedChannel, RZFPrecoder

from commgen._random import complex_normal
from commgen.phy.beams import RZF, WMMSE, GridPrecodedChannel, GridPrecoder

NO, USERS, ANT = 0.1, 3, 6


@pytest.fixture(scope="module")
def cell():
    """Grid, management, symbols and channels of two cells of three users each."""
    serves = np.kron(np.eye(2, dtype=int), np.ones((USERS, 1), int))
    management = StreamManagement(serves, USERS)
    grid = ResourceGrid(
        2, 12, 15e3, num_tx=2, num_streams_per_tx=USERS, num_guard_carriers=(2, 1)
    )
    rng = np.random.default_rng(0)
    x = complex_normal(rng, (2, 2, USERS, 2, 12))
    h = complex_normal(rng, (2, 2 * USERS, 1, 2, ANT, 2, 12))
    return grid, management, x, h


def test_rzf_is_sionnas(cell):
    grid, management, x, h = cell
    theirs = RZFPrecoder(grid, management, return_effective_channel=True)
    ours = GridPrecoder(
        grid, management, RZF(), equal_power=True, return_effective_channel=True
    )
    for wanted, found in zip(theirs(x, h, NO), ours(x, h, NO), strict=True):
        assert found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_precoded_channel_is_sionnas(cell):
    grid, management, _, h = cell
    rng = np.random.default_rng(1)
    power = rng.uniform(0.5, 2, (2, 2, USERS, 2, 12)).astype(np.float32)
    known = h + 0.1 * complex_normal(rng, h.shape)
    wanted = RZFPrecodedChannel(grid, management)(h, power, known, NO)
    found = GridPrecodedChannel(grid, management, RZF())(h, power, known, NO)
    np.testing.assert_allclose(found, wanted, atol=2e-5)


def test_power_is_shared_as_the_precoder_says(cell):
    grid, management, x, h = cell
    precoder = WMMSE(num_steps=3)
    block = GridPrecoder(grid, management, precoder, return_effective_channel=True)
    sent, seen = block(x, h, NO)
    # The second cell, its second symbol, subcarrier 5: its users by hand.
    own = h[1, USERS:, 0, 1, :, 1, 5][None]
    w = precoder(own, NO, USERS).numpy()[0, :, :, 0]
    np.testing.assert_allclose(sent[1, 1, :, 1, 5], w.T @ x[1, 1, :, 1, 5], atol=1e-5)
    heard = h[1, :, 0, 1, :, 1, 5] @ w.T
    np.testing.assert_allclose(seen[1, :, 0, 1, :, 1, 5 - 2], heard, atol=1e-5)


def test_streams_must_be_those_of_a_receiver(cell):
    grid, management, *_ = cell
    with pytest.raises(ValueError, match=r"num_streams of .* must be 1, .* got 2"):
        GridPrecoder(grid, management, RZF(2))
