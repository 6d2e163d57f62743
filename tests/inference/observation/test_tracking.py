"""Channels over slots."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.inference.observation import (
    LinearObservation,
    MixtureTracker,
    infer,
    jakes_correlation,
)

ALL = LinearObservation((4,), None, 0.3)


def sequences(mixture, covariances, weights, correlation, num_slots, n, seed):
    """Draw [n, num_slots, 4] from the model of the tracker."""
    rng = np.random.default_rng(seed)
    roots = np.linalg.cholesky(covariances)[rng.choice(3, size=n, p=weights)]
    fresh = rng.normal(size=(num_slots, n, 4, 2)) @ np.array([1, 1j]) / 2**0.5
    w = np.einsum("bij,tbj->tbi", roots, fresh)
    h = [w[0]]
    for t in range(1, num_slots):
        h.append(correlation * h[-1] + np.sqrt(1 - correlation**2) * w[t])
    return np.stack(h, axis=1).astype(np.complex64)


@pytest.mark.parametrize("full", [True, False])
def test_one_slot_is_the_posterior_of_the_mixture(full, mixture):
    y = ALL.simulate(mixture.sample(5, seed=1), seed=2)
    tracked = MixtureTracker(mixture, 0.9, full=full).track(y[None], ALL)
    alone = infer(mixture, y, ALL)
    np.testing.assert_allclose(tracked.mean[:, 0], alone.mean, atol=1e-5)
    np.testing.assert_allclose(tracked.err_var[:, 0], alone.err_var, atol=1e-5)


@pytest.mark.parametrize("full", [True, False])
def test_a_channel_that_rests_is_seen_in_less_noise(full, mixture):
    """With a correlation of one, n slots are one of a noise n times less."""
    h = mixture.sample(5, seed=1)
    y = np.stack([ALL.simulate(h, seed=s) for s in range(4)])
    tracked = MixtureTracker(mixture, 1.0, full=full).track(y, ALL)
    alone = infer(mixture, y.mean(axis=0), LinearObservation((4,), None, 0.3 / 4))
    np.testing.assert_allclose(tracked.mean[:, -1], alone.mean, atol=1e-5)
    np.testing.assert_allclose(tracked.err_var[:, -1], alone.err_var, atol=1e-5)


@pytest.mark.parametrize("noise", ["one", "of each channel"])
def test_changing_masks_against_the_joint_gaussian(
    noise, mixture, covariances, weights, brute_force
):
    """Three slots stacked: blocks a^|t - s| R_k, seen by a block diagonal A."""
    a = 0.8
    h = sequences(mixture, covariances, weights, a, 3, 4, seed=3)
    no = 0.2 if noise == "one" else np.array([0.1, 0.2, 0.4, 0.8])
    masks = np.array([[1, 0, 1, 0], [0, 1, 1, 1], [1, 0, 0, 0]], bool)
    observations = [LinearObservation.masked(m, no) for m in masks]
    y = [o.simulate(h[:, t], seed=t) for t, o in enumerate(observations)]
    tracked = MixtureTracker(mixture, a).track(y, observations)
    lag = np.abs(np.subtract.outer(np.arange(3), np.arange(3)))
    A = np.eye(12)[masks.ravel()]
    joint = [np.kron(a**lag, R) for R in covariances]
    flat = np.concatenate(y, axis=1)
    for i in range(4):
        C = np.broadcast_to(no, (4,))[i] * np.eye(len(A))
        mean, err_var = brute_force(flat[i : i + 1], A, C, weights, joint)
        np.testing.assert_allclose(tracked.mean[i, -1], mean[0, 8:], atol=1e-5)
        np.testing.assert_allclose(tracked.err_var[i, -1], err_var[0, 8:], atol=1e-5)


def test_slots_that_were_missed_are_predicted(mixture):
    y = ALL.simulate(mixture.sample(5, seed=1), seed=2)
    tracker = MixtureTracker(mixture, 0.5)
    tracked = tracker.track([y, None, None], [ALL, None, None])
    np.testing.assert_allclose(tracked.mean[:, 2], 0.25 * tracked.mean[:, 0], atol=1e-6)
    assert np.all(tracked.err_var[:, 2] > tracked.err_var[:, 0])


def test_both_filters_agree(mixture, covariances, weights):
    h = sequences(mixture, covariances, weights, 0.9, 5, 6, seed=3)
    observation = LinearObservation((4,), None, np.linspace(0.1, 1, 6))
    y = np.stack([observation.simulate(h[:, t], seed=t) for t in range(5)])
    one, other = (
        MixtureTracker(mixture, 0.9, full=full).track(y, observation)
        for full in (True, False)
    )
    np.testing.assert_allclose(one.mean, other.mean, atol=1e-5)
    np.testing.assert_allclose(one.err_var, other.err_var, atol=1e-5)


def test_tracking_gains_and_promises_what_it_keeps(mixture, covariances, weights):
    h = sequences(mixture, covariances, weights, 0.97, 12, 2000, seed=3)
    y = np.stack([ALL.simulate(h[:, t], seed=t) for t in range(12)])
    tracked = MixtureTracker(mixture, 0.97, full=False).track(y, ALL)
    error = np.mean(np.abs(tracked.mean - h) ** 2, axis=(0, 2))
    promised = tracked.err_var.mean(axis=(0, 2))
    # Four antennas of 2,000 channels, of which the error of one deviates by itself.
    np.testing.assert_allclose(promised, error, rtol=4 / np.sqrt(2000))
    alone = infer(mixture, y[-1], ALL)
    assert error[-1] < 0.6 * np.mean(np.abs(alone.mean - h[:, -1]) ** 2)


def test_correlation_of_clarke():
    """Abramowitz and Stegun, table 9.1: J0(1) = 0.7651976866, first zero 2.4048."""
    assert jakes_correlation(1.0, 1 / (2 * np.pi)) == pytest.approx(0.7651976866)
    assert jakes_correlation(2.404825558, 1 / (2 * np.pi)) == pytest.approx(0, abs=1e-9)
    assert jakes_correlation(0.0, 1.0) == 1


def test_errors(mixture):
    tracker = MixtureTracker(mixture, 0.9)
    y = np.ones((2, 4))
    with pytest.raises(ValueError, match=r"correlation must be in \(-1, 1\]"):
        MixtureTracker(mixture, 1.1)
    with pytest.raises(ValueError, match="full must be True for covariances of rank 2"):
        MixtureTracker(GaussianMixture((4,), 2, "low-rank", rank=2), 0.9, full=False)
    with pytest.raises(ValueError, match=r"observation must be of channels \(4,\)"):
        tracker.update(tracker.start(2), y, LinearObservation((3,)))
    with pytest.raises(ValueError, match="y must be of 3 channels as before, got 2"):
        tracker.update(tracker.start(3), y, ALL)
    with pytest.raises(ValueError, match="observations must be 2 as the slots"):
        tracker.track([y, y], [ALL])
    with pytest.raises(ValueError, match="observations must show at least one slot"):
        tracker.track([None], [None])
    masked = LinearObservation.masked(np.array([1, 0, 0, 1], bool), 1.0)
    quick = MixtureTracker(mixture, 0.9, full=False)
    with pytest.raises(ValueError, match="observation must show all entries"):
        quick.update(quick.start(2), y[:, :2], masked)
    with pytest.raises(ValueError, match="slot_s must be finite and above 0"):
        jakes_correlation(1.0, 0.0)
    with pytest.raises(ValueError, match="doppler_hz must be finite and at least 0"):
        jakes_correlation(-1.0, 1.0)
