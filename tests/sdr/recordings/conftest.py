"""What the tests of recordings share."""

import numpy as np
import pytest


class Samples:
    """Samples in memory, a block of at most ``most`` at a time."""

    def __init__(self, x, most=1 << 30):
        self.x, self.most = np.asarray(x, np.complex64), most
        self.num_samples = len(self.x)

    def blocks(self, size=1 << 18):
        size = min(size, self.most)
        for k in range(0, len(self.x), size):
            yield self.x[k : k + size]


@pytest.fixture
def samples():
    return Samples


@pytest.fixture
def noisy(rng):
    """Put signals at places of a noise of unit power; their SNR is their power."""

    def put(size, *placed):
        x = rng.normal(size=(size, 2)) @ [1, 1j] / np.sqrt(2)
        for at, signal in placed:
            x[at : at + len(signal)] += signal
        return x

    return put
