"""Small sets of channels that the tests of this room share."""

import numpy as np
import pytest


def complex_normal(rng, shape):
    parts = rng.standard_normal((2, *shape))
    return ((parts[0] + 1j * parts[1]) / np.sqrt(2)).astype(np.complex64)


@pytest.fixture(scope="session")
def gaussian():
    """Draw CN(0, I), [n, *shape]."""

    def draw(n, seed, shape=(8,)):
        return complex_normal(np.random.default_rng(seed), (n, *shape))

    return draw


@pytest.fixture(scope="session")
def one_path():
    """Draw one path from any direction at eight antennas: white, far from Gaussian."""

    def draw(n, seed, num_rx=8):
        rng = np.random.default_rng(seed)
        steering = np.exp(1j * np.pi * rng.uniform(-1, 1, (n, 1)) * np.arange(num_rx))
        return (complex_normal(rng, (n, 1)) * steering).astype(np.complex64)

    return draw
