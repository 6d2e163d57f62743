"""LLRs of any points in NumPy, beside their definition and beside QAM."""

import numpy as np
import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.llr import demap

RNG = np.random.default_rng(2)
ODD = Constellation.of(
    RNG.normal(size=8) + 1j * RNG.normal(size=8), None, RNG.dirichlet(np.ones(8))
)


def noisy(*shape):
    x = RNG.normal(size=(*shape, 2)) @ [1, 1j]
    return x.astype(np.complex64)


def test_equal_the_definition_with_the_prior_inside():
    x, no = noisy(3, 40), (10 ** RNG.uniform(-2, 2, (3, 40))).astype(np.float32)
    score = np.log(ODD.probabilities) - np.abs(x[..., None] - ODD.points) ** 2 / (
        no[..., None].astype(float)
    )
    llr = demap(x, no, ODD)
    assert llr.shape == (3, 40, 3)
    assert llr.dtype == np.float32
    for i, bit in enumerate(ODD.bits.T):
        one, zero = (np.logaddexp.reduce(score[..., bit == b], -1) for b in (1, 0))
        np.testing.assert_allclose(llr[..., i], one - zero, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("num_bits", [2, 4, 6, 8])
def test_qam_comes_out_as_by_its_axes(num_bits):
    x, no = noisy(50), np.full(50, 0.2, np.float32)
    slow = demap(x, no, Constellation.qam(num_bits))
    np.testing.assert_allclose(slow, demap(x, no, num_bits), rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("no", [0.0, 1e-12, 1e-5])
def test_hardly_any_noise_decides_each_bit(no):
    x = ODD.points.astype(np.complex64)
    llr = demap(x, np.full(8, no, np.float32), ODD)
    assert np.isfinite(llr).all()
    np.testing.assert_array_equal(llr > 0, ODD.bits == 1)
