import subprocess
import sys

import numpy as np
import pytest
from scipy import stats

from commgen.evaluation import (
    GaussianReference,
    frechet_distance,
    manifold_scores,
    mmd,
    sliced_wasserstein,
)


def test_frechet_distance_of_gaussians_is_the_closed_form():
    """Diagonal covariances: |difference of means|^2 + sum (a - b)^2 of deviations."""
    rng = np.random.default_rng(1)
    a, b = np.array([1.0, 2.0, 0.5]), np.array([1.5, 1.0, 0.5])
    x = rng.normal(size=(100_000, 3)) * a
    y = rng.normal(size=(100_000, 3)) * b + [1, 0, 0]
    expected = 1 + np.sum((a - b) ** 2)
    assert frechet_distance(x, y) == pytest.approx(expected, rel=0.02)
    assert frechet_distance(x, x) == pytest.approx(0, abs=1e-6)


def test_frechet_distance_of_rank_deficient_sets_is_finite():
    """Fewer samples than features: a shift is still its square."""
    x = np.random.default_rng(2).normal(size=(5, 40))
    assert frechet_distance(x, x + 1) == pytest.approx(40, rel=1e-6)


def test_sliced_distance_of_a_shift_is_its_length_over_root_dimension():
    x = np.random.default_rng(3).normal(size=(500, 10))
    shift = np.zeros(10)
    shift[0] = 3
    found = sliced_wasserstein(x, x + shift, seed=0, num_projections=1000)
    # E (theta^T shift)^2 = |shift|^2 / d, which deviates by root(2 / 1000) at most.
    assert found == pytest.approx(3 / np.sqrt(10), rel=4 * np.sqrt(2 / 1000))
    assert found == sliced_wasserstein(x, x + shift, seed=0, num_projections=1000)
    assert sliced_wasserstein(x, x, seed=0) == pytest.approx(0, abs=1e-6)


def test_frechet_is_blind_to_what_a_gaussian_misses(one_path):
    """Why the report does not rest on it."""
    truth, again = one_path(1000, 1), one_path(1000, 2)
    drawn = GaussianReference(truth).sample(1000, seed=3)
    assert frechet_distance(truth, drawn) < 1.6 * frechet_distance(truth, again)


def test_mmd_is_zero_in_the_mean_for_equal_laws_and_grows_with_a_shift(gaussian):
    values = [mmd(gaussian(100, 2 * s), gaussian(100, 2 * s + 1)) for s in range(40)]
    assert abs(np.mean(values)) < 4 * np.std(values) / np.sqrt(40)
    assert mmd(gaussian(100, 1), gaussian(100, 2) + 0.5) > 10 * np.std(values)


def test_mmd_of_two_points_each_is_the_kernel_by_hand():
    """Distances 1, 1 and 0, 1, 1, 2: the median is 1, so k(d) = exp(-d^2 / 2)."""
    k = np.exp(-0.5 * np.array([0.0, 1, 4]))
    expected = 2 * k[1] - 2 * (k[1] + k[2] + k[0] + k[1]) / 4
    found = mmd(np.array([[0.0], [1.0]]), np.array([[1.0], [2.0]]))
    assert found == pytest.approx(expected)


def test_manifold_scores_of_equal_laws_are_those_of_the_literature(gaussian):
    """Naeem et al.: density 1, coverage 1 - 2^-k."""
    scores = manifold_scores(gaussian(3000, 1, (2,)), gaussian(3000, 2, (2,)), k=3)
    assert scores.density == pytest.approx(1, abs=0.05)
    assert scores.coverage == pytest.approx(1 - 2**-3, abs=0.03)
    assert scores.precision > 0.9
    assert scores.recall > 0.9


def test_manifold_scores_tell_mode_loss_from_noise(gaussian):
    rng = np.random.default_rng(0)
    truth = gaussian(400, 1, (2,)) * 0.1 + rng.choice([-2, 2], (400, 1))
    one_mode = gaussian(400, 2, (2,)) * 0.1 + 2
    scores = manifold_scores(truth, one_mode)
    assert scores.precision > 0.8
    assert scores.recall < 0.7
    assert scores.coverage < 0.7
    far = manifold_scores(truth, truth + 100)
    assert (far.precision, far.recall, far.density, far.coverage) == (0, 0, 0, 0)


def test_groups_widen_the_neighbourhoods_of_near_copies(gaussian):
    """Each channel ten times: without groups no other sample is near."""
    places = gaussian(100, 1, (2,))
    truth = np.repeat(places, 10, axis=0) + 1e-4 * gaussian(1000, 2, (2,))
    drawn = gaussian(1000, 3, (2,))
    groups = np.repeat(np.arange(100), 10)
    assert manifold_scores(truth, drawn).coverage < 0.1
    assert manifold_scores(truth, drawn, k=3, groups=groups).coverage > 0.7


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        (np.ones((3, 2)), np.ones((3, 1)), "samples of one shape and kind"),
        (np.ones((3, 2)), np.ones((3, 1), complex), "samples of one shape and kind"),
        (np.ones((1, 2)), np.ones((3, 2)), "at least 2 samples each, got 1 and 3"),
        (np.full((3, 2), np.nan), np.ones((3, 2)), "x must be finite"),
    ],
)
def test_distances_refuse(x, y, message):
    for distance in (frechet_distance, mmd, manifold_scores):
        with pytest.raises(ValueError, match=message):
            distance(x, y)


def test_edges_are_refused():
    same = np.ones((3, 2))
    with pytest.raises(ValueError, match="must hold different samples"):
        mmd(same, same)
    with pytest.raises(ValueError, match="truth must hold at least k = 5 samples"):
        manifold_scores(same, same)
    with pytest.raises(ValueError, match="num_projections must be at least 1"):
        sliced_wasserstein(same, same, seed=0, num_projections=0)


def test_gaussian_reference_has_the_covariance_and_density_of_its_channels(gaussian):
    mix = np.array([[1, 0.5j], [0, 0.6]])
    h = gaussian(50_000, 1, (2,)) @ mix
    reference = GaussianReference(h)
    drawn = reference.sample(50_000, seed=2).astype(complex)
    R = h.T @ h.conj() / len(h)
    np.testing.assert_allclose(drawn.T @ drawn.conj() / len(drawn), R, atol=0.03)
    assert abs(np.mean(drawn**2)) < 0.02  # circular
    parts = np.concatenate([h.real, h.imag], axis=1)[:5]
    cov = 0.5 * np.block([[R.real, -R.imag], [R.imag, R.real]])
    expected = stats.multivariate_normal(cov=cov).logpdf(parts)
    np.testing.assert_allclose(reference.log_prob(h[:5]), expected, rtol=1e-5)
    assert np.isnan(GaussianReference(gaussian(20, 1, (30,))).log_prob(h[:2, :1])).all()


def test_the_room_loads_no_tensorflow():
    code = (
        "import sys, numpy as np, commgen.evaluation as e\n"
        "x = np.random.default_rng(0).normal(size=(30, 2))\n"
        "e.sliced_wasserstein(x, x, seed=0)\n"
        "print({'tensorflow', 'sionna', 'torch'} & set(sys.modules))"
    )
    run = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert run.stdout.strip() == "set()"
