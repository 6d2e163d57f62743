"""What the posterior of every prior makes of a condition."""

import numpy as np
import pytest

from commgen.generative import (
    Diffusion,
    FourierDenoiser,
    GaussianMixture,
    TrainingConfig,
    VariationalAutoencoder,
)
from commgen.generative._untyped import keras
from commgen.inference.uncertainty import CalibratedPrior, GuardedPrior

SIZE, NO, POWER = 8, 3.0, 8.0
A = np.eye(SIZE)[[0, 1, 3]]
SMALL = {"width": 32, "depth": 1, "kernel_size": 3}
FAST = TrainingConfig(num_epochs=10, batch_size=64, learning_rate=5e-3)


def beams(seed, n):
    """One of eight beams with a random gain; the condition, -1 or 1, is its half."""
    rng = np.random.default_rng(seed)
    c = rng.choice([-1.0, 1.0], size=n)
    beam = rng.integers(4, size=n) + np.where(c > 0, 0, 4)
    gain = rng.normal(size=(n, 2)) @ [1, 1j] * np.sqrt(POWER / 2)
    h = gain[:, None] * np.fft.ifft(np.eye(SIZE), norm="ortho")[beam]
    return h.astype(np.complex64), c[:, None].astype(np.float32)


def look(h, A, seed):
    n = np.random.default_rng(seed).normal(size=(*h.shape, 2)) @ [1, 1j]
    y = h + np.sqrt(NO / 2) * n
    return y if A is None else y @ A.T


def exact(y, A, c):
    """E[h | y, c] of the beams, by Bayes' rule over the four that c leaves."""
    F = np.fft.ifft(np.eye(SIZE), norm="ortho")
    seen = F if A is None else F @ A.T
    gram = np.sum(np.abs(seen) ** 2, axis=1)
    z, s = y @ seen.conj().T, NO + POWER * gram
    fits = -np.log(s) + POWER * np.abs(z) ** 2 / (NO * s)
    fits = np.where((np.arange(SIZE) < 4) == (c > 0), fits, -np.inf)
    p = np.exp(fits - fits.max(axis=1, keepdims=True))
    return (p / p.sum(axis=1, keepdims=True) * POWER * z / s) @ F


def error(h_hat, h):
    return float(np.mean(np.abs(h_hat - h) ** 2))


@pytest.fixture(scope="module")
def members():
    """Fitted priors with a condition, by name."""
    h, c = beams(5, 2000)
    keras.utils.set_random_seed(1)
    found = {
        covariance: GaussianMixture((SIZE,), 8, covariance, num_conditions=1).fit(
            h, c, seed=2
        )
        for covariance in ("full", "circulant", "toeplitz", "low-rank")
    }
    model = Diffusion((SIZE,), FourierDenoiser(**SMALL), num_conditions=1)
    found["diffusion"] = model.fit(h, c, seed=3, training=FAST)
    return found


MIXTURES = ("full", "circulant", "toeplitz", "low-rank")
MEMBERS = (*MIXTURES, "diffusion")


@pytest.mark.parametrize("name", MEMBERS)
@pytest.mark.parametrize("seen", [None, A], ids=["all", "some"])
def test_what_is_known_of_a_channel_lowers_its_error(members, name, seen):
    """Towards the exact estimate: mixtures to it, networks of few epochs half way."""
    slow = name == "diffusion" and seen is not None
    h, c = beams(9, 40 if slow else 400)
    y, model = look(h, seen, 1), members[name]
    free = model.posterior(y, seen, NO)
    told = model.posterior(y, seen, NO, condition=c)
    wrong = model.posterior(y, seen, NO, condition=-c)
    least = error(exact(y, seen, c), h)
    gap = error(free.mean, h) - least
    assert gap > 0.02
    kept = 0.3 if name in MIXTURES else 0.8
    assert error(told.mean, h) < least + kept * gap
    assert error(wrong.mean, h) > error(free.mean, h)
    assert told.err_var.mean() == pytest.approx(error(told.mean, h), rel=0.5)


@pytest.mark.parametrize("name", MIXTURES)
def test_draws_of_a_mixture_spread_as_it_says(members, name):
    h, c = beams(9, 50)
    y = look(h, A, 1)
    told = members[name].posterior(y, A, NO, condition=c, num_samples=2000, seed=4)
    four_sigma = 4 * np.sqrt(told.err_var / 2000) + 1e-3
    assert (np.abs(told.samples.mean(axis=0) - told.mean) < 1.5 * four_sigma).all()
    spread = np.mean(np.abs(told.samples - told.mean) ** 2, axis=0)
    np.testing.assert_allclose(spread.mean(), told.err_var.mean(), rtol=0.05)


def test_the_error_covariance_of_a_mixture_knows_the_condition(members):
    h, c = beams(9, 50)
    y, model = look(h, A, 1), members["full"]
    told, free = (
        model.error_covariance(y, A, NO, **known) for known in ({"condition": c}, {})
    )
    variances = np.diagonal(told, axis1=1, axis2=2).real
    found = model.posterior(y, A, NO, condition=c)
    np.testing.assert_allclose(variances, found.err_var, rtol=1e-4)
    assert variances.mean() < np.diagonal(free, axis1=1, axis2=2).real.mean()


def test_draws_of_a_network_follow_the_condition(members):
    """Where next to nothing is seen, the half that it names is the stronger one."""
    y, model = 0.2 * look(beams(9, 40)[0], None, 1), members["diffusion"]
    low, high = (
        np.mean(np.abs(np.fft.fft(draws.samples, norm="ortho")[..., :4]) ** 2)
        for draws in (
            model.posterior(y, None, 40.0, condition=[k], num_samples=4)
            for k in (-1.0, 1.0)
        )
    )
    assert high > 1.5 * low


@pytest.mark.parametrize("name", MEMBERS)
def test_one_condition_stands_for_all(members, name):
    h, _ = beams(9, 6)
    y, model = look(h, None, 1), members[name]
    one = model.posterior(y, None, NO, condition=[1.0])
    each = model.posterior(y, None, NO, condition=np.ones((6, 1)))
    np.testing.assert_array_equal(one.mean, each.mean)


@pytest.mark.parametrize("name", MEMBERS)
def test_conditions_are_checked(members, name):
    y, model = look(beams(9, 6)[0], None, 1), members[name]
    with pytest.raises(ValueError, match=r"condition must be \[6, 1\] or \[1\]"):
        model.posterior(y, None, NO, condition=np.zeros((5, 1)))
    with pytest.raises(ValueError, match="condition must be finite"):
        model.posterior(y, None, NO, condition=[np.nan])


def test_who_estimates_without_a_condition_says_so():
    model = VariationalAutoencoder((SIZE,), 2, width=8, depth=1, num_conditions=1)
    with pytest.raises(ValueError, match="since estimates of VariationalAutoencoder"):
        model.posterior(np.ones((2, SIZE)), None, NO, condition=[1.0])


def test_wrappers(members):
    h, c = beams(9, 300)
    y, prior = look(h, None, 1), members["full"]
    told = (
        CalibratedPrior(prior).calibrate(h, seed=1).posterior(y, None, NO, condition=c)
    )
    alone = prior.posterior(y, None, NO, condition=c)
    np.testing.assert_array_equal(told.mean, alone.mean)
    np.testing.assert_array_equal(told.err_var, alone.err_var)
    with pytest.raises(ValueError, match="condition must be None for a guarded prior"):
        GuardedPrior(prior).posterior(y, None, NO, condition=c)
