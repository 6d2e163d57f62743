"""The mixture that studies share: fitted once for its channels, size and seed."""

import numpy as np

from commgen._random import complex_normal
from commgen.generative import GaussianMixture
from commgen.studies.umi64_mixture import umi64_mixture


def test_it_is_fitted_again_only_where_something_else_is_asked(tmp_path, monkeypatch):
    h, fits = complex_normal(np.random.default_rng(0), (60, 4)), []
    fit = GaussianMixture.fit
    monkeypatch.setattr(
        GaussianMixture, "fit", lambda *a, **k: fits.append(k["seed"]) or fit(*a, **k)
    )
    first = umi64_mixture(tmp_path, h, 2, seed=1)
    again = umi64_mixture(tmp_path, h, 2, seed=1)
    np.testing.assert_array_equal(first.log_prob(h), again.log_prob(h))
    for channels, size, seed in ((h[:50], 2, 1), (h, 3, 1), (h, 3, 2)):
        umi64_mixture(tmp_path, channels, size, seed=seed)
    assert len(fits) == 4
    assert fits[0] != fits[-1]
