import numpy as np
import pytest
from scipy import stats

from commgen.inference.parameters import Marginal, ellipse


def normal(mean=1.0, std=2.0):
    nodes = np.linspace(mean - 9 * std, mean + 9 * std, 2001)
    return Marginal(nodes[None], stats.norm.pdf(nodes, mean, std)[None])


def test_a_normal_density_gives_its_own_numbers():
    density = normal()
    assert density.mean() == pytest.approx(1.0)
    assert density.std() == pytest.approx(2.0, rel=1e-4)
    assert density.mode() == pytest.approx(1.0)
    low, high = density.interval(0.9)
    assert (low[0], high[0]) == pytest.approx((1 - 3.2897, 1 + 3.2897), abs=1e-3)
    ((hpd,),) = density.hpd(0.9)
    np.testing.assert_allclose(hpd, [low[0], high[0]], atol=0.02)
    assert density.hpd_contains(np.array([4.2]), 0.9)
    assert not density.hpd_contains(np.array([4.4]), 0.9)


def test_quantiles_of_a_linear_density_are_exact():
    triangle = Marginal(np.array([[0.0, 1.0]]), np.array([[0.0, 2.0]]))
    for p in (0.1, 0.5, 0.81):
        assert triangle.quantile(p) == pytest.approx(np.sqrt(p))
    even = Marginal(np.array([[2.0, 4.0, 4.0, 6.0]]), np.ones((1, 4)))
    assert even.quantile(0.25) == pytest.approx(3.0)


def test_highest_density_of_two_modes_is_two_intervals():
    x = np.linspace(-10, 10, 4001)
    p = stats.norm.pdf(x, -5, 0.5) + stats.norm.pdf(x, 5, 0.5)
    (region,) = Marginal(x[None], p[None]).hpd(0.9)
    half = 0.5 * stats.norm.ppf(0.95)
    expected = [[-5 - half, -5 + half], [5 - half, 5 + half]]
    np.testing.assert_allclose(region, expected, atol=0.01)


def test_circular_mean_crosses_the_seam():
    x = np.linspace(0, 10, 2001)
    p = np.exp(-((x - 0.2) ** 2)) + np.exp(-((x - 10.2) ** 2))
    mean = Marginal(x[None], p[None]).circular_mean(10.0)
    assert mean == pytest.approx(0.2, abs=1e-3)


def test_ellipse_holds_the_probability_it_says(rng):
    mean, covariance = np.array([1.0, -2.0]), np.array([[2.0, 0.8], [0.8, 1.0]])
    points = ellipse(mean, covariance, 0.9)
    deviation = points - mean
    distance = np.einsum("ni,ij,nj->n", deviation, np.linalg.inv(covariance), deviation)
    np.testing.assert_allclose(distance, stats.chi2(2).ppf(0.9), rtol=1e-10)
    np.testing.assert_allclose(points[0], points[-1])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Marginal(np.ones((1, 2)), np.ones((1, 3))), "of one shape"),
        (lambda: Marginal(np.array([[1.0, 0]]), np.ones((1, 2))), "must ascend"),
        (lambda: Marginal(np.array([[0.0, 1]]), np.zeros((1, 2))), "a finite mass"),
        (lambda: normal().interval(1.0), "level must be between 0 and 1, got 1.0"),
        (lambda: ellipse([0, 0, 0], np.eye(2), 0.9), r"must be \[2\] and \[2, 2\]"),
        (lambda: ellipse([0, 0], np.eye(2), 0.0), "level must be between 0 and 1"),
    ],
)
def test_errors(call, message):
    with pytest.raises(ValueError, match=message):
        call()
