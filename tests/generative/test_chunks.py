"""One way to call a prior with arrays of any length."""

import numpy as np
import pytest
import tensorflow as tf

from commgen.generative import Posterior, WassersteinGAN
from commgen.generative.chunks import ChunkedDenoiser


class Counted:
    """A denoiser of unit-power white channels that tells how it was called."""

    event_shape = (2, 3)

    def __init__(self):
        self.traced = 0

    def denoise(self, y, no):
        self.traced += 1
        gain = 1 / (1 + no)[:, None, None]
        rows = tf.cast(tf.shape(y)[0], tf.float32)
        return tf.cast(gain, tf.complex64) * y, 0 * tf.math.real(y) + rows


@pytest.mark.parametrize("graph", ["one", "each", "none"])
def test_every_chunk_is_denoised(graph, complex_normal):
    y, no = complex_normal(10, 2, 3), np.arange(10) / 10
    h_hat, rows = ChunkedDenoiser(Counted(), size=4, graph=graph)(y, no)
    np.testing.assert_allclose(h_hat, y / (1 + no)[:, None, None], rtol=1e-6)
    assert rows[:, 0, 0].tolist() == [4] * 8 + [2] * 2


@pytest.mark.parametrize(("graph", "times"), [("one", 1), ("each", 2), ("none", 3)])
def test_how_often_it_is_traced(graph, times, complex_normal):
    prior = Counted()
    ChunkedDenoiser(prior, size=4, graph=graph)(complex_normal(10, 2, 3), 0.1)
    assert prior.traced == times


def test_flat_channels_stay_flat(complex_normal):
    y, denoise = complex_normal(5, 2, 3), ChunkedDenoiser(Counted())
    for flat, full in zip(denoise(y.reshape(5, 6), 0.3), denoise(y, 0.3), strict=True):
        np.testing.assert_array_equal(flat, full.reshape(5, 6))


@pytest.mark.parametrize(("block", "most"), [(1, 256), (100, 200), (None, 300)])
def test_channels_that_are_judged_together_stay_together(block, most):
    prior = Counted()
    prior.block = block
    _, rows = ChunkedDenoiser(prior)(np.ones((300, 2, 3)), 0.1)
    assert rows.max() == most


def test_what_single_precision_does_not_carry_is_refused(complex_normal):
    y, denoise = complex_normal(4, 2, 3), ChunkedDenoiser(Counted(), graph="none")
    for no, told in ((1e300, r"1e\+300"), (1e-40, "1e-40"), (np.nan, "nan")):
        with pytest.raises(ValueError, match=f"no must be .*, got {told}"):
            denoise(y, no)
    with pytest.raises(ValueError, match=r"y must have entries of at most 1e\+15"):
        denoise(y.astype(complex) * 1e39, 1.0)
    with pytest.raises(ValueError, match="y must be finite, got 24 NaN"):
        denoise(y * np.nan, 1.0)


def test_estimates_that_are_not_finite_are_an_error(complex_normal):
    class Broken(Counted):
        def denoise(self, y, no):
            h_hat, err_var = super().denoise(y, no)
            return h_hat, err_var / 0.0

    y = complex_normal(4, 2, 3)
    with pytest.raises(ValueError, match="err_var of the prior must be finite, got 24"):
        ChunkedDenoiser(Broken(), graph="none")(y, 1.0)
    with pytest.raises(
        ValueError, match="mean of the posterior must be finite, got 24"
    ):
        Posterior(y * np.nan, np.ones(y.shape))


def test_a_model_that_draws_alone_is_no_prior():
    told = r"prior must be a commgen\.generative\.Prior, .*, got WassersteinGAN"
    with pytest.raises(TypeError, match=told):
        ChunkedDenoiser(WassersteinGAN((2, 3), 2, width=8, depth=1))
