"""Clarke's fading, against the autocorrelation that Jakes gives."""

import numpy as np
import pytest
from scipy.special import j0

from commgen.studies.generative.fading import autocorrelation, clarke


def test_the_truth_has_the_autocorrelation_of_jakes():
    n, shift = 4000, 0.05
    h = clarke(np.random.default_rng(1), np.full(n, shift), 40)
    found = autocorrelation(h, 20)
    assert found[0] == pytest.approx(1)
    # Four standard errors of a mean over n sequences.
    wanted = j0(2 * np.pi * shift * np.arange(20))
    np.testing.assert_allclose(found, wanted, atol=4 / np.sqrt(n))


def test_white_noise_has_none():
    rng = np.random.default_rng(2)
    h = rng.normal(size=(500, 200, 2)) @ [1, 1j]
    assert np.abs(autocorrelation(h, 10)[1:]).max() < 4 / np.sqrt(500 * 190)
