"""The steered mixture: its density by brute force, and that it learns from shifts."""

import numpy as np
import pytest
from scipy.special import logsumexp

from commgen.phy.feedback import SteeredMixture
from commgen.phy.feedback.steered_sums import LagProducts, steered_scatter

N = 6


def some(seed, shapes=2):
    rng = np.random.default_rng(seed)
    weights = np.log(rng.dirichlet(np.ones(shapes * 2 * N))).reshape(shapes, -1)
    return SteeredMixture(rng.uniform(0.1, 2, (shapes, 2 * N)), weights, 0.05)


def channels(seed, n):
    return np.random.default_rng(seed).standard_normal((n, N, 2)) @ [1, 1j]


def turns(s):
    return np.exp(2j * np.pi * s * np.arange(N) / (2 * N))


def test_the_density_is_that_of_each_steered_covariance():
    model, h = some(0), channels(1, 3)
    found = model.log_joint(h.astype(np.complex64), 0.1)
    variances, vectors = model.eigen
    for g in range(2):
        C = vectors[g] * (variances[g] + 0.1) @ vectors[g].conj().T
        # The spectrum itself, atom by atom.
        atoms = np.exp(2j * np.pi * np.outer(np.arange(N), np.arange(2 * N)) / (2 * N))
        R = atoms * model.spectra[g] @ atoms.conj().T / N + 0.15 * np.eye(N)
        np.testing.assert_allclose(C, R, atol=1e-9)
        for s in (0, 1, 5, 11):
            D = np.diag(turns(s))
            inverse = np.linalg.inv(D @ C @ D.conj())
            power = np.einsum("ni,ij,nj->n", h.conj(), inverse, h).real
            want = model.log_weights[g, s] - np.linalg.slogdet(np.pi * C)[1] - power
            np.testing.assert_allclose(found[:, g, s], want, rtol=1e-4)


def test_sums_over_directions_are_those_of_turned_channels():
    h = channels(2, 4)
    r = np.random.default_rng(3).random((4, 2, 2 * N))
    found = steered_scatter(LagProducts(h), r)
    want = np.zeros((2, N, N), complex)
    for i, g, s in np.ndindex(r.shape):
        back = h[i] / turns(s)
        want[g] += r[i, g, s] * np.outer(back, back.conj())
    np.testing.assert_allclose(found, want, rtol=1e-4, atol=1e-4)


@pytest.mark.timeout(60)
def test_what_one_direction_teaches_all_know():
    """Learned from few channels, it tells others of all directions."""
    rng = np.random.default_rng(4)

    def drawn(n):
        angles = rng.uniform(0, 2 * N, n)[:, None] + rng.normal(0, 0.3, (n, 4))
        gains = rng.standard_normal((n, 4, 2)) @ [1, 1j] / np.sqrt(8)
        waves = np.exp(2j * np.pi * angles[..., None] * np.arange(N) / (2 * N))
        return np.einsum("nl,nli->ni", gains, waves)

    train, test = drawn(60), drawn(500)
    model = SteeredMixture.fit(train, 1, seed=0, num_rounds=8)
    log_p = logsumexp(model.log_joint(test, 0.0), axis=(1, 2)).mean()
    S = train.T @ train.conj() / len(train) + model.noise * np.eye(N)
    power = np.einsum("ni,ij,nj->n", test.conj(), np.linalg.inv(S), test).real
    of_one = -np.linalg.slogdet(np.pi * S)[1] - power.mean()
    assert log_p > of_one + 3
    again = SteeredMixture.fit(train, 1, seed=0, num_rounds=8)
    np.testing.assert_array_equal(again.spectra, model.spectra)
    longer = SteeredMixture.fit(train, 1, seed=0, num_rounds=2)
    seen = [
        logsumexp(m.log_joint(train, 0.0), axis=(1, 2)).mean() for m in (longer, model)
    ]
    assert seen[1] > seen[0]


def test_it_comes_back_from_its_file(tmp_path):
    model = some(5)
    model.save(tmp_path / "m.npz")
    found = SteeredMixture.load(tmp_path / "m.npz")
    for name in ("spectra", "log_weights", "noise"):
        np.testing.assert_array_equal(getattr(found, name), getattr(model, name))


def test_bad_input_is_named(tmp_path):
    good = some(6)
    with pytest.raises(ValueError, match=r"spectra must be \[num_shapes, 2 N\]"):
        SteeredMixture(np.ones((2, 5)), good.log_weights, 0.1)
    with pytest.raises(ValueError, match="log_weights must be"):
        SteeredMixture(good.spectra, good.log_weights[:1], 0.1)
    with pytest.raises(ValueError, match="noise above 0"):
        SteeredMixture(good.spectra, good.log_weights, 0.0)
    with pytest.raises(ValueError, match="weights sum to 1"):
        SteeredMixture(good.spectra, good.log_weights + 1, 0.1)
    with pytest.raises(ValueError, match="num_shapes must be at least 1"):
        SteeredMixture.fit(channels(7, 5), 0, seed=0)
    wrong = {"spectra": good.spectra.astype(np.float32), "noise": np.float64(1)}
    np.savez(tmp_path / "m.npz", log_weights=good.log_weights, **wrong)
    with pytest.raises(ValueError, match="spectra must be float64"):
        SteeredMixture.load(tmp_path / "m.npz")
