"""Signals that several tests take."""

import numpy as np
import pytest


@pytest.fixture
def qpsk():
    """Return a maker of unit-power QPSK of any shape."""

    def make(*shape, seed=0):
        rng = np.random.default_rng(seed)
        return np.exp(0.5j * np.pi * (rng.integers(4, size=shape) + 0.5))

    return make
