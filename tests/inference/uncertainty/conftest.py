"""A mixture that is known exactly, and channels that it does and does not know."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture

SIZE = 8


def draw_normal(rng, shape):
    z = rng.normal(size=(2, *shape))
    return ((z[0] + 1j * z[1]) / np.sqrt(2)).astype(np.complex64)


def rotation(seed):
    """A random unitary matrix, [SIZE, SIZE]."""
    rng = np.random.default_rng(seed)
    return np.linalg.qr(draw_normal(rng, (SIZE, SIZE)))[0]


@pytest.fixture(scope="session")
def normal():
    """Draw CN(0, 1) numbers with a generator, complex64."""
    return draw_normal


@pytest.fixture(scope="session")
def draw():
    """Draw ``n`` channels of two known covariances, or of quite another place."""

    def make(n, seed, *, elsewhere=False):
        rng = np.random.default_rng(seed)
        s = 0.3 ** np.arange(SIZE)
        s = np.sqrt(s / s.mean())
        z = draw_normal(rng, (n, SIZE)) * s
        U = [rotation(k + 10 * elsewhere) for k in (1, 2)]
        h = np.where(rng.random((n, 1)) < 0.5, z @ U[0].T, z @ U[1].T)
        return h.astype(np.complex64)

    return make


@pytest.fixture(scope="session")
def mixture(draw):
    """A mixture fitted to 2,000 of these channels."""
    return GaussianMixture((SIZE,), 2).fit(draw(2000, 0), seed=0, strength=1.0)
