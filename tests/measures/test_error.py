import numpy as np
import pytest
from scipy import stats

from commgen.measures.decibel import from_db, to_db
from commgen.measures.error import nmse, nmse_interval
from commgen.measures.intervals import RatioSums, mean_interval, wilson_interval


def test_nmse_of_zero_estimate_is_one_and_of_truth_zero(complex_normal):
    h = complex_normal(50, 4)
    assert nmse(h, np.zeros_like(h)) == pytest.approx(1)
    assert nmse(h, h) == 0


def test_nmse_is_the_ratio_of_sums_not_the_mean_of_ratios():
    assert nmse([1, 10], [0, 10]) == pytest.approx(1 / 101)


def test_nmse_refuses_other_shapes_and_zero_channels():
    with pytest.raises(ValueError, match=r"must have one shape, got \(2,\) and \(1,\)"):
        nmse([1, 1], [1])
    with pytest.raises(ValueError, match="all zero"):
        nmse([0, 0], [1, 1])


def test_db_there_and_back():
    assert to_db(from_db(-7.3)) == pytest.approx(-7.3)
    assert to_db(0) == -np.inf
    with pytest.raises(ValueError, match="at least 0, got -1"):
        to_db(-1)


@pytest.mark.parametrize(("errors", "trials"), [(0, 10), (3, 10), (10, 10), (1, 1000)])
def test_wilson_interval_solves_its_defining_equation(errors, trials):
    """Each inner bound p obeys |p_hat - p| = z sqrt(p (1 - p) / n)."""
    low, high = wilson_interval(errors, trials)
    z = stats.norm.ppf(0.975)
    for p in (low, high):
        if 0 < p < 1:
            distance = abs(errors / trials - p)
            assert distance == pytest.approx(z * np.sqrt(p * (1 - p) / trials))
    assert 0 <= low <= errors / trials <= high <= 1


def test_wilson_interval_covers_the_rate(rng):
    p, n = 0.03, 200
    bounds = [wilson_interval(int(k), n) for k in rng.binomial(n, p, size=2000)]
    covered = np.mean([low <= p <= high for low, high in bounds])
    assert 0.92 < covered < 0.99


def test_wilson_interval_edges_and_errors():
    assert wilson_interval(0, 0) == (0, 1)
    with pytest.raises(ValueError, match=r"errors must be in 0\.\.trials, got 3 of 2"):
        wilson_interval(3, 2)
    with pytest.raises(ValueError, match=r"confidence must be in \(0, 1\), got 1"):
        wilson_interval(1, 2, confidence=1)


def test_nmse_interval_covers_the_ratio_of_means(rng):
    covered = 0
    for _ in range(400):
        y = rng.gamma(2.0, size=60)
        x = 0.1 * y * rng.gamma(4.0, 0.25, size=60)
        value, low, high = nmse_interval(x, y)
        assert low < value < high
        covered += low <= 0.1 <= high
    assert 0.90 < covered / 400 < 0.985


def test_groups_widen_the_interval_as_repeated_channels_must(rng):
    y, x = rng.gamma(2.0, size=40), rng.gamma(2.0, size=40)
    alone = nmse_interval(x, y)
    groups = np.repeat(np.arange(40), 25)
    repeated = nmse_interval(np.repeat(x, 25), np.repeat(y, 25), groups=groups)
    np.testing.assert_allclose(repeated, alone, rtol=1e-9)
    blind = nmse_interval(np.repeat(x, 25), np.repeat(y, 25))
    assert np.log(blind[2] / blind[1]) < 0.3 * np.log(alone[2] / alone[1])


def test_ratio_sums_are_exact_at_their_edges():
    assert RatioSums.of([0, 0], [1, 2]).interval() == (0, 0)
    assert RatioSums.of([1], [2]).interval() == (0, np.inf)
    low, high = RatioSums.of([1, 2], [2, 4]).interval()
    assert low == pytest.approx(0.5)
    assert high == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("x", "y", "groups", "message"),
    [
        ([1], [1, 2], None, r"must be \[n\] with n >= 1"),
        ([], [], None, r"must be \[n\] with n >= 1"),
        ([np.nan], [1], None, "error_power must be finite"),
        ([-1, 1], [1, 1], None, "at least 0"),
        ([1, 1], [0, 0], None, "not all channels 0"),
        ([1, 1], [1, 1], [1], r"groups must be \[2\], got \(1,\)"),
    ],
)
def test_nmse_interval_refuses(x, y, groups, message):
    with pytest.raises(ValueError, match=message):
        nmse_interval(x, y, groups=groups)


def test_mean_interval_is_that_of_the_normal_law():
    x = np.random.default_rng(2).normal(3, 2, size=10_000)
    mean, low, high = mean_interval(x, 0.9999)
    assert high - mean == pytest.approx(3.8906 * 0.02, rel=0.05)
    assert low < 3 < high
    with pytest.raises(ValueError, match=r"x must be \[n\] with n >= 2, got \(1,\)"):
        mean_interval([1.0])
