"""Powers without phases, against sums over a grid of the phases."""

import numpy as np
import pytest

from commgen.inference.observation import LinearObservation, infer, power_posterior
from commgen.inference.observation.phases import LookModel, draw_phases

NO = 0.1
LOOKS = np.array([[1, 0, 0, 0], [1, 1, 1, 1], [0.5, -0.5j, -0.5, 0.5j]])


def draw(weights, covariances, n, seed):
    rng = np.random.default_rng(seed)
    k = rng.choice(len(weights), size=n, p=weights)
    z = rng.normal(size=(n, 4, 2)) @ [1, 1j] / np.sqrt(2)
    return np.einsum("nij,nj->ni", np.linalg.cholesky(covariances)[k], z), k


def measured(h, A, seed, no=NO):
    n = np.random.default_rng(seed).normal(size=(len(h), len(A), 2)) @ [1, 1j]
    return np.abs(h @ A.T + np.sqrt(no / 2) * n) ** 2


def by_grid(r, A, weights, covariances, num=100):
    """Second moment E[h h^H | r] and p(k | r) by a grid of two phase differences."""
    angle = np.exp(2j * np.pi * np.arange(num) / num)
    phases = np.stack(np.broadcast_arrays(1, angle[:, None], angle), axis=-1)
    y = np.sqrt(r) * phases.reshape(-1, 3)
    moments, evidence = [], []
    for w, R in zip(weights, covariances, strict=True):
        C = A @ R @ A.conj().T + NO * np.eye(3)
        density = np.exp(-np.einsum("gi,ij,gj->g", y.conj(), np.linalg.inv(C), y).real)
        W = R @ A.conj().T @ np.linalg.inv(C)
        h = y @ W.T
        moment = np.einsum("g,gi,gj->ij", density, h, h.conj()) / density.sum()
        moments.append(moment + R - W @ A @ R)
        evidence.append(w * density.mean() / np.linalg.det(C).real)
    p = np.array(evidence) / np.sum(evidence)
    return np.einsum("k,kij->ij", p, np.array(moments)), p


def test_power_and_samples_are_those_of_a_grid(mixture, weights, covariances):
    h, _ = draw(weights, covariances, 6, 1)
    r, seen = measured(h, LOOKS, 2), LinearObservation((4,), LOOKS, NO)
    found = power_posterior(
        mixture, r, seen, num_samples=4000, num_particles=1000, seed=3
    )
    assert (found.mean == 0).all()
    for i in range(6):
        exact = by_grid(r[i], LOOKS, weights, covariances)[0]
        np.testing.assert_allclose(found.err_var[i], np.diag(exact).real, rtol=0.06)
        drawn = found.samples[:, i].T @ found.samples[:, i].conj() / 4000
        four_sigma = 4 * np.sqrt(2) * np.trace(exact).real / np.sqrt(4000)
        assert np.abs(drawn - exact).max() < four_sigma


def test_components_are_as_likely_as_on_a_grid(weights, covariances):
    h, _ = draw(weights, covariances, 6, 1)
    r = measured(h, LOOKS, 2)
    C = LOOKS @ covariances @ LOOKS.conj().T + NO * np.eye(3)
    rng = np.random.default_rng(4)
    y, log_evidence = draw_phases(np.sqrt(r), LookModel.of(C), 1000, rng)
    np.testing.assert_allclose(
        np.abs(y) ** 2, np.broadcast_to(r[:, None, None], y.shape)
    )
    p = weights * np.exp(log_evidence - log_evidence.max(axis=1, keepdims=True))
    p /= p.sum(axis=1, keepdims=True)
    exact = [by_grid(r[i], LOOKS, weights, covariances)[1] for i in range(6)]
    np.testing.assert_allclose(p, exact, atol=0.03)


def test_few_particles_say_on_average_how_likely_powers_are(covariances):
    """The mean of their evidences is the evidence: here of many for the same powers."""
    h, _ = draw([1.0], covariances[:1], 1, 5)
    r = np.repeat(measured(h, LOOKS, 6), 4000, axis=0)
    C = LOOKS @ covariances[:1] @ LOOKS.conj().T + NO * np.eye(3)
    model, rng = LookModel.of(C), np.random.default_rng(7)
    few = np.exp(draw_phases(np.sqrt(r), model, 2, rng)[1][:, 0])
    many = np.exp(draw_phases(np.sqrt(r[:1]), model, 200_000, rng)[1][0, 0])
    assert few.mean() == pytest.approx(many, abs=4 * few.std() / np.sqrt(4000))


def test_it_is_worth_less_than_with_phases(mixture, weights, covariances):
    """The direction of a draw: nearer than a guess, and less near than of y."""
    h, _ = draw(weights, covariances, 300, 8)
    seen = LinearObservation((4,), LOOKS, NO)
    r = measured(h, LOOKS, 9)

    def gain(samples):
        along = np.abs(np.sum(samples.conj() * h, axis=-1)) ** 2
        norms = np.sum(np.abs(samples) ** 2, -1) * np.sum(np.abs(h) ** 2, -1)
        return float(np.mean(along / norms))

    with_phases = infer(mixture, seen.simulate(h, seed=9), seen, num_samples=8, seed=1)
    powers = power_posterior(mixture, r, seen, num_samples=8, seed=1)
    guess = mixture.sample(8 * 300, seed=1).reshape(8, 300, 4)
    assert gain(guess) + 0.1 < gain(powers.samples) < gain(with_phases.samples) - 0.05


def test_one_power_of_all_entries_of_one_antenna(make_mixture):
    """Of h ~ CN(0, R) and r = |h + n|^2: E |h|^2 = g^2 r + g N0, g = R / (R + N0)."""
    mixture = make_mixture([1.0], [np.array([[1.0]])])
    found = power_posterior(
        mixture, np.array([[0.0], [2.0]]), LinearObservation((1,), None, [0.5, 0.25])
    )
    g = 1 / (1 + np.array([0.5, 0.25]))
    expected = g**2 * [0.0, 2.0] + g * [0.5, 0.25]
    np.testing.assert_allclose(found.err_var[:, 0], expected, rtol=1e-5)


def test_one_seed_is_one_draw(mixture):
    seen, r = LinearObservation((4,), LOOKS, NO), np.full((2, 3), 1.0)
    a, b, c = (
        power_posterior(mixture, r, seen, num_samples=3, seed=s) for s in (1, 1, 2)
    )
    np.testing.assert_array_equal(a.samples, b.samples)
    assert not np.allclose(a.samples, c.samples)


@pytest.mark.parametrize(
    ("r", "message"),
    [
        (np.ones((2, 4)), r"r must be real numbers \[batch, 3\], got float64 \(2, 4\)"),
        (np.ones((2, 3)) + 0j, r"r must be real numbers \[batch, 3\], got complex"),
        (np.array([[1, -0.5, 1]]), "r must be powers of at least 0, got -0.5"),
        (np.array([[1, np.nan, 1]]), "r must be finite"),
        (np.full((1, 3), 1e9), "r must be about the powers of channels .* normalise"),
    ],
)
def test_what_is_no_power_is_refused(mixture, r, message):
    with pytest.raises(ValueError, match=message):
        power_posterior(mixture, r, LinearObservation((4,), LOOKS, NO))


def test_what_it_cannot_infer_is_refused(mixture):
    r = np.ones((2, 3))
    coloured = LinearObservation((4,), LOOKS, NO, np.diag([1.0, 2.0, 1.0]))
    with pytest.raises(ValueError, match="noise_corr must be None for powers"):
        power_posterior(mixture, r, coloured)
    seen = LinearObservation((4,), LOOKS, NO)
    with pytest.raises(ValueError, match="num_particles must be at least 1, got 0"):
        power_posterior(mixture, r, seen, num_particles=0)
    with pytest.raises(ValueError, match="unconditional, condition must be None"):
        power_posterior(mixture, r, seen, condition=[1.0])
    with pytest.raises(TypeError, match="prior must be a Gaussian mixture, got int"):
        power_posterior(3, r, seen)
