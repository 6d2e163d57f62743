import sys

import numpy as np
import pytest

from commgen.inference.parameters import SignalModel, grid_posterior, sample_posterior
from commgen.inference.parameters._probability import load_mcmc

SHORT = {"num_chains": 8, "num_warmup": 200, "num_samples": 300}


@pytest.fixture
def need_tfp():
    try:
        load_mcmc()
    except ImportError as error:
        pytest.skip(str(error))


MODELS = {
    "known": SignalModel(1.0, 0.1),
    "noise": SignalModel(power=1.0),
    "all": SignalModel(),
}


@pytest.mark.usefixtures("need_tfp")
@pytest.mark.parametrize(
    ("kernel", "known"),
    [("hmc", "known"), ("hmc", "noise"), ("mala", "all"), ("mala", "known")],
)
def test_chains_agree_with_the_grid(axis, draw, kernel, known):
    y, _ = draw(6, 10.0)
    model = MODELS[known]
    exact = grid_posterior(y, axis, model)
    chains = sample_posterior(y, axis, model, kernel=kernel, seed=3, **SHORT)
    std = np.sqrt(exact.covariance[:, 0, 0])
    error = np.abs(chains.mean() - exact.mean)[:, 0] / std
    assert np.all(error < 4 / np.sqrt(chains.ess[:, 0]))
    np.testing.assert_allclose(np.sqrt(chains.covariance()[:, 0, 0]), std, rtol=0.2)
    assert chains.r_hat.max() < 1.05
    assert chains.ess.min() > 100
    assert 0.4 < chains.acceptance < 0.95


@pytest.mark.usefixtures("need_tfp")
def test_two_paths_agree_with_the_grid_and_repeat(axis, draw):
    y, _ = draw(2, 15.0, num_paths=2)
    y[:] = y[:1]
    model = SignalModel(1.0, 10**-1.5)
    exact = grid_posterior(y[:1], axis, model, num_paths=2)
    chains = sample_posterior(y, axis, model, num_paths=2, seed=3, **SHORT)
    std = np.sqrt(np.diag(exact.covariance[0]))
    assert np.all(np.abs(chains.mean()[0] - exact.mean[0]) < 0.2 * std)
    again = sample_posterior(y, axis, model, num_paths=2, seed=3, **SHORT)
    np.testing.assert_array_equal(again.values, chains.values)
    assert np.all(np.diff(chains.values, axis=-1) >= 0)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"kernel": "gibbs"}, "kernel must be of"),
        ({"num_paths": 8}, "num_paths must be at most 7, got 8"),
        ({"num_chains": 1}, "num_chains must be at least 2"),
        ({"num_warmup": 1}, "num_warmup must be at least 10"),
        ({"num_samples": 1}, "num_samples must be at least 10"),
        ({"seed": -1}, "seed must be at least 0"),
    ],
)
def test_errors(axis, draw, given, message):
    y, _ = draw(1, 0.0)
    with pytest.raises(ValueError, match=message):
        sample_posterior(y, axis, **{"seed": 0, **given})


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_probability", None)
    with pytest.raises(ImportError, match=r"pip install '\.\[inference\]'"):
        load_mcmc()
