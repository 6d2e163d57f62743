"""Mixtures moved to a few channels of another site."""

import numpy as np
import pytest
from scipy.special import softmax

from commgen.generative import GaussianMixture
from commgen.generative.mixture.adapt import choose_strengths
from commgen.generative.mixture.em import Structure

KINDS = ["full", "circulant", "toeplitz", "low-rank"]


def make(kind, num_components=2, **options):
    rank = 4 if kind == "low-rank" else None
    return GaussianMixture((2, 6), num_components, kind, rank=rank, **options)


@pytest.fixture
def elsewhere(covariance, normal):
    """Channels of another covariance, [40, 2, 6]."""
    root = np.linalg.cholesky(covariance(12, 0.8)[:, ::-1][::-1])
    return (normal(40, 12) @ root.T).reshape(40, 2, 6).astype(np.complex64)


def covariances(model):
    mixture = model.mixture
    return np.stack([mixture.component(k).matrix() for k in range(2)])


@pytest.mark.parametrize("kind", KINDS)
def test_endless_strength_is_the_old_model(channels, elsewhere, kind):
    old = make(kind).fit(channels, seed=1)
    before = old.get_weights()
    new = old.adapt(elsewhere, strength=1e9, weight_strength=1e9)
    np.testing.assert_allclose(covariances(new), covariances(old), atol=1e-4)
    np.testing.assert_allclose(
        new.mixture.log_weights, old.mixture.log_weights, atol=1e-5
    )
    for a, b in zip(before, old.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("kind", KINDS)
def test_no_strength_is_the_fit_to_the_new_channels(channels, elsewhere, kind):
    old = make(kind, 1).fit(channels, seed=1)
    new = old.adapt(
        elsewhere,
        strength=1e-6,
        weight_strength=1.0,
        max_iterations=300,
        tolerance=1e-6,
    )
    scratch = make(kind, 1).fit(elsewhere, seed=1)
    # A Toeplitz covariance gets there in steps, and a circulant fit leans a little.
    atol = {"toeplitz": 0.25, "circulant": 0.05}.get(kind, 1e-3)
    ours, theirs = (m.mixture.component(0).matrix() for m in (new, scratch))
    np.testing.assert_allclose(ours, theirs, atol=atol)


def test_one_gaussian_is_the_mean_of_both_covariances(channels, elsewhere):
    old = make("full", 1).fit(channels, seed=1)
    new = old.adapt(elsewhere, strength=20.0, weight_strength=1.0)
    x = elsewhere.reshape(40, 12)
    R = old.mixture.component(0).matrix()
    expected = (x.T @ x.conj() + 20 * R) / 60
    np.testing.assert_allclose(new.mixture.component(0).matrix(), expected, atol=1e-5)


def test_weights_have_a_dirichlet_prior(channels, two_clusters, rng):
    """All new channels are of one component that keeps its covariance."""
    old = make("full").fit(channels, seed=1)
    h = two_clusters(rng, 400)
    k = old.mixture.log_joint(h.reshape(400, 12)).argmax(axis=1)
    few = h[k == 0][:30]
    new = old.adapt(few, strength=9.0, weight_strength=15.0, max_iterations=1)
    r = softmax(old.mixture.log_joint(few.reshape(30, 12)), axis=1).sum(axis=0)
    expected = (r + 15 * np.exp(old.mixture.log_weights)) / 45
    np.testing.assert_allclose(np.exp(new.mixture.log_weights), expected, atol=1e-4)


def test_posterior_density_never_falls(channels, elsewhere):
    """MAP-EM: the likelihood and the priors of weights and covariances together."""
    old = make("full").fit(channels, seed=1)
    a, x, last = 10.0, elsewhere.reshape(40, 12), -np.inf
    R0, w0 = covariances(old), np.exp(old.mixture.log_weights)
    for n in range(1, 6):
        new = old.adapt(
            elsewhere,
            strength=a,
            weight_strength=7.0,
            max_iterations=n,
            tolerance=-np.inf,
        )
        mixture, objective = new.mixture, new.log_prob(x.reshape(40, 2, 6)).sum()
        for k, R in enumerate(covariances(new)):
            objective -= a * np.linalg.slogdet(R)[1]
            objective -= a * np.trace(np.linalg.solve(R, R0[k])).real
        objective += 7 * w0 @ mixture.log_weights
        assert objective >= last - 1e-2
        last = objective


def test_strength_is_chosen_by_what_was_left_out(
    channels, elsewhere, two_clusters, rng
):
    old = make("full").fit(channels, seed=1)
    mixture = old.mixture

    def chosen(h):
        def structure(strength):
            return Structure("full", (2, 6), strength)

        x, candidates = h.reshape(len(h), 12), (0.1, 20, 1e4)
        return choose_strengths(
            x,
            mixture,
            structure,
            seed=0,
            strengths=candidates,
            weight_strengths=candidates,
        )

    assert chosen(two_clusters(rng, 40))[0] == 1e4
    assert chosen(np.tile(elsewhere, (10, 1, 1)))[0] < 1e4
    k = old.mixture.log_joint(channels.reshape(300, 12)).argmax(axis=1)
    strength, weight_strength = chosen(channels[k == 0][:60])
    assert strength == 1e4
    assert weight_strength == 0.1


def test_adapted_is_better_than_old_and_than_scratch(channels, covariance, normal):
    """Another site: its channels are turned a little from those of the old one."""
    roots = [np.linalg.cholesky(covariance(12, r)) for r in (0.5, 1 / 0.75)]

    def draw(n):
        z = normal(2, n, 12)
        first = (np.arange(n) % 4 == 0)[:, None]
        h = np.where(first, z[0] @ roots[0].T, z[1] @ roots[1].T)
        return h.reshape(n, 2, 6).astype(np.complex64)

    few, held_out = draw(25), draw(1000)
    old = make("full").fit(channels, seed=1)
    scratch = make("full").fit(few, seed=1)
    adapted = old.adapt(few, seed=0).log_prob(held_out).mean()
    assert adapted > old.log_prob(held_out).mean()
    assert adapted > scratch.log_prob(held_out).mean()


def test_the_gate_follows_the_weights(channels, elsewhere):
    old = make("full", num_conditions=1).fit(
        channels, np.arange(300.0)[:, None], seed=1
    )
    new = old.adapt(elsewhere, strength=5.0, weight_strength=5.0)
    old_gate, new_gate = np.asarray(old._gate), np.asarray(new._gate)
    np.testing.assert_array_equal(new_gate[0], old_gate[0])
    moved = new.mixture.log_weights - old.mixture.log_weights
    np.testing.assert_allclose(new_gate[1] - old_gate[1], moved, atol=1e-5)
    c = np.array([150.0])
    np.testing.assert_array_equal(new.conditioning(c[None]), old.conditioning(c[None]))


def test_arguments_are_checked(channels, elsewhere):
    old = make("full").fit(channels, seed=1)
    with pytest.raises(ValueError, match="strength must be finite and above 0, got 0"):
        old.adapt(elsewhere, strength=0)
    with pytest.raises(ValueError, match="weight_strength must be finite and above 0"):
        old.adapt(elsewhere, weight_strength=-1)
    with pytest.raises(ValueError, match="h must hold at least 2 channels, of which"):
        old.adapt(elsewhere[:1])
    with pytest.raises(ValueError, match="h must hold different channels, got 40"):
        old.adapt(np.tile(elsewhere[:1], (40, 1, 1)))
    with pytest.raises(ValueError, match="max_iterations must be at least 1, got 0"):
        old.adapt(elsewhere, max_iterations=0)
    assert np.isfinite(
        old.adapt(elsewhere[:1], strength=9.0, weight_strength=9.0).log_prob(channels)
    ).all()
