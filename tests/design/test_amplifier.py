"""A saturating amplifier and its derivatives."""

import numpy as np
import pytest

from commgen.design.amplifier import before, rapp
from commgen.waveform import Rapp

RNG = np.random.default_rng(7)
X = RNG.normal(size=50) + 1j * RNG.normal(size=50)


@pytest.mark.parametrize("smoothness", [1.0, 2.0, 20.0])
def test_derivatives_are_those_of_differences(smoothness):
    toward, step = RNG.normal(size=50) + 1j * RNG.normal(size=50), 1e-6
    by_x = rapp(X, smoothness).chain(toward)
    for unit in (1, 1j):
        up, down = (rapp(X + s * unit, smoothness).points for s in (step, -step))
        slope = ((up - down) * np.conj(toward)).real / (2 * step)
        np.testing.assert_allclose(slope, (by_x * np.conj(unit)).real, atol=1e-6)


def test_it_is_that_of_waveforms():
    x = X / np.sqrt(np.mean(np.abs(X) ** 2))
    saturated = 10 ** (3 / 20)
    other = Rapp(2.0, 3.0)(x, RNG)
    np.testing.assert_allclose(saturated * rapp(x / saturated, 2.0).points, other)


def test_what_comes_before_an_output_gives_it():
    sent = 0.97 * X / np.abs(X).max()
    for smoothness in (2.0, 20.0):
        np.testing.assert_allclose(rapp(before(sent, smoothness), smoothness)[0], sent)
    assert before(np.zeros(1, complex), 2.0) == 0


def test_it_saturates_without_overflow():
    far = rapp(np.array([1e9, 0.0]), 20.0)
    assert far.points[0] == pytest.approx(1)
    assert far.along[0] == 0
    assert far.along[1] == far.across[1] == 1
