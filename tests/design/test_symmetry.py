"""Constellations that are the same, by brute force."""

from itertools import permutations

import numpy as np
import pytest

from commgen.design.symmetry import aligned, apart
from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi

RNG = np.random.default_rng(3)


def unit(n):
    x = RNG.normal(size=n) + 1j * RNG.normal(size=n)
    return x / np.sqrt(np.mean(np.abs(x) ** 2))


def least_apart(x, y):
    """All orders and inversions of three bits one by one, mirrored or not."""
    best = np.inf
    labels = np.arange(8)
    for order in permutations(range(3)):
        moved = sum((labels >> k & 1) << order[k] for k in range(3))
        for inverted in range(8):
            for z in (x, np.conj(x)):
                z = z[moved ^ inverted]
                # |z - y|^2 is least at the phase of their product.
                best = min(best, 2 - 2 * abs(np.vdot(y, z)) / 8)
    return np.sqrt(best)


def test_it_finds_the_nearest():
    for _ in range(5):
        x, y = unit(8), unit(8)
        assert apart(x, y) == pytest.approx(least_apart(x, y))


@pytest.mark.parametrize("num_bits", [1, 4, 6])
def test_the_same_one_comes_back(num_bits):
    labels = np.arange(2**num_bits)
    x = unit(len(labels))
    order = RNG.permutation(num_bits)
    moved = sum((labels >> k & 1) << int(order[k]) for k in range(num_bits))
    hidden = np.conj(x[moved ^ 1]) * np.exp(2j)
    np.testing.assert_allclose(aligned(hidden, x), x, atol=1e-12)
    assert apart(hidden, x) == pytest.approx(0, abs=1e-7)


def test_what_is_aligned_carries_the_same():
    x, y = unit(16), unit(16)
    values = [gmi(Constellation.of(z), 0.2, order=48) for z in (x, aligned(x, y))]
    assert values[0] == pytest.approx(values[1], abs=1e-6)
