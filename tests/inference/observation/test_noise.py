"""The noise level, where it must be found."""

import numpy as np
import pytest

from commgen.inference.observation import (
    LinearObservation,
    denoise_unknown_noise,
    estimate_noise,
    infer,
)

ALL = LinearObservation((4,))


def test_white_channels_have_a_closed_form(make_mixture, rng):
    """Of channels CN(0, I) the likeliest level is the mean power less one."""
    white = make_mixture([1.0], np.eye(4)[None])
    y = 1.5 * rng.normal(size=(40, 4, 2)) @ np.array([1, 1j])
    groups = np.repeat(["b", "a"], 20)
    noise = estimate_noise(white, y, ALL, groups=groups)
    power = np.mean(np.abs(y.reshape(2, -1)) ** 2, axis=1)
    np.testing.assert_allclose(noise.no_hat, power[::-1] - 1, rtol=1e-4)
    assert not noise.at_edge.any()


def test_intervals_cover_as_often_as_they_say(mixture):
    h = mixture.sample(4000, seed=1)
    no = 0.5
    y = LinearObservation((4,), None, no).simulate(h, seed=2)
    groups = np.arange(4000) // 10
    low, high = estimate_noise(mixture, y, ALL, groups=groups).interval(0.9)
    covered = np.mean((low <= no) & (no <= high))
    # 400 groups: a share of 0.9 deviates by 0.015. The level is fixed, not drawn, so
    # that the Bayesian interval covers it only nearly as often.
    assert covered == pytest.approx(0.9, abs=4 * 0.015)


def test_combiners_and_masks_tell_the_level_too(mixture):
    h = mixture.sample(400, seed=1)
    W = np.exp(1j * np.arange(12).reshape(3, 4) ** 2)
    observation = LinearObservation.combined(W, 0.3, (4,))
    y = observation.simulate(h, seed=2)
    noise = estimate_noise(mixture, y, observation, groups=np.zeros(400, int))
    low, high = noise.interval(0.9999)
    assert low[0] < 0.3 < high[0]
    assert high[0] / low[0] < 2


def test_known_and_unknown_noise_agree_in_large_groups(mixture):
    h = mixture.sample(400, seed=1)
    observation = LinearObservation((4,), None, 0.2)
    y = observation.simulate(h, seed=2)
    known = infer(mixture, y, observation)
    groups = np.zeros(400, int)
    posterior, _ = denoise_unknown_noise(mixture, y, ALL, groups=groups)
    errors = [np.mean(np.abs(p.mean - h) ** 2) for p in (known, posterior)]
    assert errors[1] == pytest.approx(errors[0], rel=0.02)
    assert posterior.err_var.mean() == pytest.approx(errors[1], rel=0.15)


def test_channels_alone_keep_an_honest_variance(mixture):
    """Averaged over a level that is drawn from what the method assumes."""
    rng = np.random.default_rng(5)
    no = 10 ** rng.uniform(-2, 1, 4000)
    h = mixture.sample(4000, seed=1)
    y = LinearObservation((4,), None, no).simulate(h, seed=2)
    posterior, _ = denoise_unknown_noise(mixture, y, ALL, no_range=(0.01, 10.0))
    error = np.mean(np.abs(posterior.mean - h) ** 2)
    assert posterior.err_var.mean() == pytest.approx(error, rel=0.1)


def test_what_is_known_beforehand_counts(make_mixture, rng):
    white = make_mixture([1.0], np.eye(4)[None])
    y = 1.5 * rng.normal(size=(20, 4, 2)) @ np.array([1, 1j])
    sure = estimate_noise(white, y, ALL, prior_db=(-10.0, 0.01))
    np.testing.assert_allclose(sure.no_hat, 0.1, rtol=0.05)
    vague = estimate_noise(white, y, ALL, prior_db=(-10.0, 1e4))
    np.testing.assert_allclose(
        vague.no_hat, estimate_noise(white, y, ALL).no_hat, rtol=1e-3
    )


def test_a_level_outside_the_range_is_marked(make_mixture):
    white = make_mixture([1.0], np.eye(4)[None])
    noise = estimate_noise(white, np.full((1, 4), 0.9), ALL)
    assert noise.at_edge.all()
    assert noise.no_hat[0] == pytest.approx(1e-4, rel=1e-2)


def test_many_groups_are_taken_in_parts(mixture):
    y = ALL.simulate(mixture.sample(1100, seed=1), seed=2)
    together = estimate_noise(mixture, y, ALL)
    apart = estimate_noise(mixture, y[700:], ALL)
    np.testing.assert_allclose(together.no_hat[700:], apart.no_hat, rtol=1e-6)


def test_errors(mixture):
    y = np.ones((3, 4))
    with pytest.raises(ValueError, match="no_range must be ascending"):
        estimate_noise(mixture, y, ALL, no_range=(1.0, 1.0))
    with pytest.raises(ValueError, match="no_range must be finite and above 0"):
        estimate_noise(mixture, y, ALL, no_range=(0.0, 1.0))
    with pytest.raises(ValueError, match=r"groups must be \[3\]"):
        estimate_noise(mixture, y, ALL, groups=[0, 1])
    with pytest.raises(ValueError, match="prior_db mean must be finite"):
        estimate_noise(mixture, y, ALL, prior_db=(np.nan, 1.0))
    with pytest.raises(ValueError, match="prior_db deviation must be finite and above"):
        estimate_noise(mixture, y, ALL, prior_db=(0.0, 0.0))
    with pytest.raises(ValueError, match="num_levels must be at least 1"):
        denoise_unknown_noise(mixture, y, ALL, num_levels=0)
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\)"):
        estimate_noise(mixture, y, ALL).interval(1.0)
