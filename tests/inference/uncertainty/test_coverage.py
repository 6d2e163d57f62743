import numpy as np
import pytest
from scipy import integrate, stats

from commgen.inference.uncertainty import (
    attained_level,
    coverage,
    credible_region,
    energy_score,
    gaussian_radius,
    log_score,
    scores,
    sharpness,
)
from commgen.measures import share_interval


@pytest.fixture
def gaussian(normal):
    """Channels, estimates and true variances, [4000, 6]."""
    rng = np.random.default_rng(3)
    v = rng.uniform(0.01, 1.0, (4000, 6))
    h = normal(rng, v.shape)
    return h, h + np.sqrt(v) * normal(rng, v.shape), v


@pytest.mark.parametrize("level", [0.5, 0.9, 0.99])
@pytest.mark.parametrize("kind", ["entry", "channel"])
def test_regions_of_a_true_gaussian_cover_what_they_say(gaussian, level, kind):
    h, h_hat, v = gaussian
    if kind == "channel":  # the closed form of a ball is for equal variances
        h_hat, v = h + (h_hat - h) * np.sqrt(0.2 / v), np.full(v.shape, 0.2)
    n = h.size if kind == "entry" else len(h)
    share = coverage(h, h_hat, v, level, kind).share
    assert share == pytest.approx(level, abs=4 * np.sqrt(level * (1 - level) / n))


def test_radius_of_an_entry_is_exponential_and_of_a_ball_chi_squared():
    assert gaussian_radius(0.9) == pytest.approx(-np.log(0.1))
    expected = stats.chi2.ppf(0.99, 128) / 128
    assert gaussian_radius(0.99, 64) == pytest.approx(expected)


def test_a_region_contains_its_border_and_centre():
    h_hat = np.zeros((1, 2), complex)
    disc = credible_region(h_hat, np.array([[1.0, 4.0]]), 0.9, radius=1.0)
    assert disc.contains(np.array([[1.0, 2.0j]])).all()
    assert disc.contains(np.array([[1.01, 1.0]])).tolist() == [[False, True]]
    ball = credible_region(h_hat, np.array([[1.0, 4.0]]), 0.9, "channel", radius=1.0)
    assert ball.contains(np.array([[1.0, 2.0j]])).tolist() == [True]
    with pytest.raises(ValueError, match=r"h must be \(1, 2\), got \(2, 2\)"):
        ball.contains(np.zeros((2, 2)))


def test_scores_of_certain_estimates():
    h, h_hat, v = np.array([[1.0, 2.0]]), np.array([[1.0, 3.0]]), np.zeros((1, 2))
    assert scores(h, h_hat, v, "entry").tolist() == [[0.0, np.inf]]
    assert scores(h, h_hat, v, "channel").tolist() == [np.inf]


def test_interval_of_independent_channels_is_wilsons():
    """Korn and Graubard's factor aside, which is near 1 for 1,000 channels."""
    held = (np.arange(1000) % 10 != 0).astype(float)
    share, low, high = share_interval(held)
    assert share == pytest.approx(0.9)
    root = 1.96 * np.sqrt(0.9 * 0.1 / 1000 + 1.96**2 / 4e6)
    centre = 0.9 + 1.96**2 / 2000
    assert low == pytest.approx((centre - root) / (1 + 1.96**2 / 1000), abs=2e-4)
    assert high == pytest.approx((centre + root) / (1 + 1.96**2 / 1000), abs=2e-4)


def test_intervals_of_groups_cover():
    """Of 400 sets of 8 groups that share their luck, 95 % hold the truth."""
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(400):
        p = rng.beta(18, 2, 8)
        x = rng.random((8, 50)) < p[:, None]
        found = share_interval(x.ravel().astype(float), groups=np.repeat(range(8), 50))
        held += found.low <= 0.9 <= found.high
    assert held / 400 > 0.95 - 4 * np.sqrt(0.95 * 0.05 / 400)
    assert share_interval(np.ones(5), groups=np.zeros(5)) == (1.0, 0.0, 1.0)


def test_levels_of_true_samples_are_uniform(normal):
    rng = np.random.default_rng(8)
    centre = normal(rng, (3000, 4))
    h = centre + normal(rng, (3000, 4)) * [1, 2, 3, 4]
    samples = centre + normal(rng, (12, 3000, 4)) * [1, 2, 3, 4]
    level = attained_level(h, samples, seed=1)
    assert stats.kstest(level, "uniform").pvalue > 1e-3
    narrow = attained_level(h, centre + 0.5 * (samples - centre), seed=1)
    assert np.mean(narrow <= 0.9) < 0.5


def test_energy_score_agrees_with_an_integral():
    """Half the expected distance of two draws, and the mean of a Rice variable."""
    v, error = 0.7, 1.3
    rice = stats.rice(error / np.sqrt(v / 2), scale=np.sqrt(v / 2))
    first = integrate.quad(lambda x: x * rice.pdf(x), 0, 20)[0]
    second = np.sqrt(np.pi * 2 * v) / 2
    found = energy_score(np.array([[error]]), np.zeros((1, 1)), np.full((1, 1), v))
    assert found == pytest.approx([first - second / 2], rel=1e-6)
    certain = energy_score(np.array([[error]]), np.zeros((1, 1)), np.zeros((1, 1)))
    assert certain == pytest.approx([error])


def test_both_scores_are_best_at_the_truth(gaussian):
    h, h_hat, v = gaussian
    for score in (log_score, energy_score):
        best = score(h, h_hat, v).mean()
        assert best < score(h, h_hat, 0.7 * v).mean()
        assert best < score(h, h_hat, 1.4 * v).mean()
    # The entropy of a complex Gaussian is ln(pi e v).
    entropy = np.mean(np.log(np.pi * np.e * v))
    assert log_score(h, h_hat, v).mean() == pytest.approx(entropy, abs=4 / v.size**0.5)


def test_sharpness_is_relative_to_the_power():
    found = sharpness(2 * np.ones((3, 2)), np.full((3, 2), 0.1), 2.0)
    assert found == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda h, v: coverage(h, h, v, 1.0), r"level must be in \(0, 1\), got 1.0"),
        (lambda h, v: coverage(h, h, v, 0.5, "all"), "kind must be of .* got 'all'"),
        (lambda h, v: coverage(h, h, v[:1], 0.5), "h_hat and err_var must have one"),
        (lambda h, v: coverage(h[:1], h, v, 0.5), r"h must be \(2, 3\) as h_hat"),
        (lambda h, v: coverage(h, h, -v, 0.5), "err_var must be at least 0, got -1"),
        (lambda h, v: coverage(h, h, v * np.nan, 0.5), "err_var must be finite"),
        (lambda h, v: gaussian_radius(0.5, 0), "size must be at least 1, got 0"),
        (lambda h, v: share_interval([2.0]), r"share must be \[n\]"),
        (lambda h, v: share_interval([1.0], groups=[1, 2]), r"groups must be \[1\]"),
        (lambda h, v: share_interval([1.0], confidence=1), "confidence must be in"),
        (lambda h, v: attained_level(h, h, seed=0), "samples must be"),
        (lambda h, v: sharpness(0 * h, v, 1.0), "h must not be all zero"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call(np.ones((2, 3), complex), np.ones((2, 3)))
