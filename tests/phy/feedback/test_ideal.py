"""What ideal codes reach: the rate-distortion function of what they are made for."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.phy.feedback import MixtureTransformCodec, ideal_errors

SPECTRUM = np.array([3.0, 1.0, 0.5, 0.1])


def gaussians(seed, n, spectrum=SPECTRUM):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((n, len(spectrum), 2)) @ [1, 1j] / np.sqrt(2)
    return (x * np.sqrt(spectrum)).astype(np.complex64)


@pytest.fixture(scope="module")
def prior():
    return GaussianMixture((4,), 1).fit(gaussians(0, 50_000), seed=0)


@pytest.mark.parametrize("water", [0.8, 0.3, 0.05])
def test_a_gaussian_reaches_its_rate_distortion_function(prior, water):
    bits = np.log2(np.maximum(SPECTRUM / water, 1)).sum()
    error = ideal_errors(prior, gaussians(1, 40_000), float(bits)).mean()
    assert error == pytest.approx(np.minimum(SPECTRUM, water).sum(), rel=0.02)


def test_no_real_code_of_the_mixture_is_better():
    both = [gaussians(2, 3000), gaussians(3, 3000, SPECTRUM[::-1])]
    model = GaussianMixture((4,), 2).fit(np.concatenate(both), seed=0)
    h = np.concatenate([gaussians(4, 1000), gaussians(5, 1000, SPECTRUM[::-1])])
    codec = MixtureTransformCodec.of_rate(model, h, 12)
    report = codec.encode(h)
    error = np.sum(np.abs(codec.decode(report).mean - h) ** 2, axis=1).mean()
    least = ideal_errors(model, h, float(report.num_bits.mean())).mean()
    # A quarter of a bit for each real number that is sent, and two of the coder.
    fewer = ideal_errors(model, h, float(report.num_bits.mean()) - 4).mean()
    assert least < error < fewer


def test_fewer_bits_than_the_index_takes_are_refused():
    model = GaussianMixture((4,), 8)
    with pytest.raises(ValueError, match=r"num_bits must be at least 3\.0"):
        ideal_errors(model, gaussians(6, 20), 1.0)
