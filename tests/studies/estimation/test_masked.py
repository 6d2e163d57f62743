"""LMMSE of a whole grid from a part of it, against the mixture of one component."""

import numpy as np

from commgen._random import complex_normal
from commgen.generative import GaussianMixture
from commgen.studies.estimation.benchmark import _masked_lmmse


def test_it_is_the_posterior_of_one_gaussian():
    rng = np.random.default_rng(0)
    mixing = complex_normal(rng, (12, 12)) / 12**0.5
    h = (complex_normal(rng, (600, 12)) @ mixing).reshape(-1, 3, 4)
    h = (h / np.sqrt(np.mean(np.abs(h) ** 2))).astype(np.complex64)
    mask = rng.random((3, 4)) < 0.5
    y = h[:5, mask] + 0.1
    h_hat, err_var = _masked_lmmse(h, mask)(y, 0.1)
    model = GaussianMixture((3, 4), 1).fit(h, seed=0, strength=0.0)
    wanted = model.posterior(y, np.eye(12)[mask.ravel()], 0.1)
    np.testing.assert_allclose(h_hat, wanted.mean, atol=2e-3)
    np.testing.assert_allclose(err_var, wanted.err_var, atol=2e-3)
