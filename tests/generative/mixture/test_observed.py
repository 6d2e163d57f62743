"""Mixtures that have seen noisy and incomplete channels only."""

import numpy as np
import pytest

from commgen.generative import GaussianMixture
from commgen.generative.mixture import em, observed as mo
from commgen.generative.mixture.masked import MaskedObservation
from commgen.generative.mixture.parts import Component, Mixture

KINDS = ["full", "circulant", "toeplitz", "low-rank"]


def make(kind, num_components=2, event_shape=(6,)):
    rank = 3 if kind == "low-rank" else None
    return GaussianMixture(event_shape, num_components, kind, rank=rank)


@pytest.fixture
def h(two_clusters, rng):
    return two_clusters(rng, 400, (6,))


def random_component(normal):
    return Component(np.linspace(0.3, 2, 6), np.linalg.qr(normal(6, 6))[0])


@pytest.mark.parametrize("least", [1e-4, 0.1])
def test_masked_moments_against_a_selection_matrix(normal, rng, least):
    """Each channel alone, with the rows of the identity that its mask leaves."""
    one, y, no = random_component(normal), normal(30, 6), rng.random(30) + least
    no[3] = least  # which decides whether single precision is enough
    atol = 1e-8 if least < 1e-3 else 2e-4
    mask, w = rng.random((30, 6)) < 0.6, rng.random(30)
    mask[:, 2] = True
    w[4] = 0
    masked = MaskedObservation(y, mask, no)
    density, scatter = masked.log_density(one), masked.scatter(one, w)
    estimate, total = masked.estimate(one), 0
    for i in range(30):
        seen = np.eye(6)[mask[i]]
        alone = mo.WhiteObservation(y[i : i + 1, mask[i]], seen, no[i : i + 1])
        assert density[i] == pytest.approx(alone.log_density(one)[0], abs=atol)
        np.testing.assert_allclose(estimate[i], alone.estimate(one)[0], atol=atol)
        total = total + w[i] * alone.scatter(one, np.ones(1)).matrix()
    np.testing.assert_allclose(scatter.matrix(), total, atol=atol)


@pytest.mark.parametrize("kind", KINDS)
def test_without_noise_it_is_the_ordinary_fit(h, kind):
    ordinary = make(kind).fit(h, seed=1, strength=1.0)
    observed = make(kind).fit_observed(h, noise_cov=1e-7, seed=1, strength=1.0)
    np.testing.assert_allclose(
        observed.log_prob(h).mean(), ordinary.log_prob(h).mean(), rtol=2e-3
    )
    y = h[:20] * 0.9
    for a, b in zip(observed.denoise(y, 0.1), ordinary.denoise(y, 0.1), strict=True):
        np.testing.assert_allclose(a, b, atol=0.03)


@pytest.mark.parametrize("kind", KINDS)
def test_all_seen_through_the_identity_is_all_seen(h, kind):
    """One M-step from given responsibilities, by the three ways to observe."""
    y, no = h.astype(complex), np.full(len(h), 1e-6)
    structure = em.Structure(kind, (6,), 1.0, rank=3)
    r = em.initial_responsibilities(h, 2, structure.fourier, 0)
    data = em.ChannelData(h, structure)
    expected = em.maximisation(data.statistics(r), structure)
    white = Component(np.ones(6), np.eye(6))
    mixture = Mixture.of(np.zeros(2), [white, white])
    for seen in (
        mo.WhiteObservation(y, None, no),
        mo.WhiteObservation(y, np.eye(6), no),
        MaskedObservation(y, np.ones(y.shape, bool), no),
    ):
        found = em.maximisation(
            mo.expected_statistics(
                seen, r, mixture, structure, data.statistics(r).principal
            ),
            structure,
        )
        for k in range(2):
            np.testing.assert_allclose(
                found.component(k).matrix(), expected.component(k).matrix(), atol=2e-4
            )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("how", ["levels", "matrix", "mask"])
def test_log_likelihood_of_the_observations_never_falls(h, normal, rng, kind, how):
    """Dempster et al. (1977), theorem 1, without what covariances lean on."""
    no = np.where(np.arange(len(h)) % 2, 0.1, 0.5)
    noise = np.sqrt(no)[:, None] * normal(*h.shape)
    mask = rng.random(h.shape) < 0.6
    mask[:, 1] = True
    A = normal(4, 6)
    seen = {
        "levels": mo.WhiteObservation(h + noise, None, no),
        "matrix": mo.WhiteObservation(h @ A.T + noise[:, :4], A, no),
        "mask": MaskedObservation(h + noise, mask, no),
    }[how]
    structure = em.Structure(kind, (6,), 0.0, rank=3)
    mixture = mo.first_gaussian(seen, 1.0, structure)
    last = mo.expectation(seen, mixture)[1]
    for _ in range(8):
        r, log_p = mo.expectation(seen, mixture)
        # A circulant covariance leans on one channel's worth of the overall spectrum.
        assert log_p >= last - (2e-2 if kind in ("circulant",) else 1e-4)
        statistics = mo.expected_statistics(seen, r, mixture, structure)
        mixture, last = em.maximisation(statistics, structure, mixture), log_p


def test_known_covariance_is_found_in_noise(covariance, normal):
    """One Gaussian in much noise; and from 60 % of the entries in little."""
    R = covariance(6, 0.6)
    h = normal(20_000, 6) @ np.linalg.cholesky(R).T
    noisy = GaussianMixture((6,), 1).fit_observed(
        h + normal(*h.shape), noise_cov=1.0, seed=0
    )
    assert np.abs(noisy.mixture.component(0).matrix() - R).max() < 0.08
    h = h[:3000]
    mask = np.random.default_rng(0).random(h.shape) < 0.6
    mask[:, 0] |= ~mask.any(axis=1)
    y = np.where(mask, h + 0.1 * normal(*h.shape), np.nan)
    masked = GaussianMixture((6,), 1).fit_observed(y, noise_cov=0.01, mask=mask, seed=0)
    assert np.abs(masked.mixture.component(0).matrix() - R).max() < 0.15


def test_training_in_noise_is_worth_most_of_training_without(two_clusters, rng, normal):
    h, held_out = two_clusters(rng, 3000, (6,)), two_clusters(rng, 1000, (6,))
    y = h + np.sqrt(0.3) * normal(*h.shape)
    received = held_out + np.sqrt(0.3) * normal(*held_out.shape)

    def error(model):
        h_hat = np.asarray(model.denoise(received, 0.3)[0])
        return np.mean(np.abs(h_hat - held_out) ** 2)

    clean = error(make("full").fit(h, seed=0))
    linear = error(make("full", 1).fit(h, seed=0))
    noisy = error(make("full").fit_observed(y, noise_cov=0.3, seed=0))
    levels = np.where(np.arange(3000) % 2, 0.3, 0.30001)
    by_levels = error(make("full").fit_observed(y, noise_cov=levels, seed=0))
    assert clean < noisy < clean + 0.3 * (linear - clean)
    assert clean < by_levels < clean + 0.3 * (linear - clean)


def test_coloured_noise_is_whitened(h, normal):
    L = np.eye(6) + 0.3 * np.tril(normal(6, 6), -1)
    y = h + 0.3 * normal(*h.shape) @ L.T
    cov = 0.09 * L @ L.conj().T
    model = make("full", 1).fit_observed(y, noise_cov=cov, seed=0)
    expected = y.T @ y.conj() / len(y) - cov
    found = model.mixture.component(0).matrix()
    np.testing.assert_allclose(found, expected, atol=0.02)


def test_observations_are_checked(h):
    model, mask = make("full"), np.ones(h.shape, bool)
    cases = [
        ({"y": np.full(h.shape, np.nan)}, "y must be finite"),
        ({"y": h[:1]}, "y must hold at least 2 observations, one for each comp"),
        ({"y": np.tile(h[:1], (9, 1))}, "different observations, got 9 copies of one"),
        ({"y": 1e-6 * h, "noise_cov": 1e-14}, "mean power .* beside the noise"),
        ({"noise_cov": 5.0}, "mean power .* beside the noise, got -"),
        ({"noise_cov": 0.0}, "noise_cov must be finite and above 0"),
        ({"mask": mask[:3]}, r"mask must be boolean \(400, 6\) as y, got bool \(3, 6"),
        ({"mask": mask.astype(int)}, "mask must be boolean .* got int64"),
        ({"mask": mask, "A": np.eye(6)}, "mask must be None where A is given"),
        ({"mask": mask, "noise_cov": np.eye(6)}, "noise_cov must be noise variances"),
        ({"mask": mask & (np.arange(400) != 7)[:, None]}, "each channel, not of 7"),
        ({"mask": mask & (np.arange(6) != 4)}, r"each entry of some .* not \(4,\)"),
        ({"max_iterations": 0}, "max_iterations must be at least 1"),
        ({"strength": -1.0}, "strength must be finite and at least 0"),
    ]
    for change, message in cases:
        with pytest.raises(ValueError, match=message):
            model.fit_observed(**{"y": h, "noise_cov": 0.1, "seed": 0, **change})
