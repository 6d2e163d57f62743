import numpy as np
import pytest

from commgen.evaluation import (
    GaussianReference,
    classifier_accuracy,
    nearest_neighbour_accuracy,
)
from commgen.evaluation.two_sample import design_effect

LAYOUT = ("rx",)


def test_neighbours_of_equal_laws_are_a_coin(gaussian):
    n = 1000
    found = nearest_neighbour_accuracy(gaussian(n, 1), gaussian(n, 2))
    assert found.value == pytest.approx(0.5, abs=4 * np.sqrt(0.25 / (2 * n)))
    assert found.low < 0.5 < found.high


def test_the_interval_covers_a_coin(gaussian):
    found = [
        nearest_neighbour_accuracy(gaussian(60, 2 * s), gaussian(60, 2 * s + 1))
        for s in range(200)
    ]
    covered = np.mean([part.low <= 0.5 <= part.high for part in found])
    # 95 %, and four standard errors of 200 trials.
    assert covered == pytest.approx(0.95, abs=4 * np.sqrt(0.95 * 0.05 / 200))


def test_neighbours_tell_separated_sets_and_copies(gaussian):
    apart = nearest_neighbour_accuracy(gaussian(200, 1), 3 + gaussian(200, 2))
    assert apart.value > 0.9
    assert apart.low < apart.value < apart.high
    h = gaussian(200, 3)
    assert nearest_neighbour_accuracy(h, 1.01 * h).value == 0


def test_neighbours_see_no_power(gaussian):
    found = nearest_neighbour_accuracy(gaussian(500, 1), 3 * gaussian(500, 2))
    assert found.low < 0.5 < found.high


def test_design_effect_is_the_variance_over_random_labels(gaussian):
    rng = np.random.default_rng(0)
    x = gaussian(200, 1).view(np.float32)
    distances = np.linalg.norm(x[:, None] - x, axis=-1)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    labels = np.arange(200) < 100
    counts = []
    for _ in range(20_000):
        rng.shuffle(labels)
        counts.append(np.sum(labels == labels[nearest]))
    p = 99 / 199
    expected = np.var(counts) / (200 * p * (1 - p))
    assert design_effect(nearest) == pytest.approx(expected, rel=4 * np.sqrt(2 / 2e4))


def test_near_copies_do_not_count_as_neighbours(gaussian):
    """A measured place gives ten packets; a model draws new places."""
    groups = np.repeat(np.arange(100), 10)
    places = gaussian(100, 1)
    truth = np.repeat(places, 10, axis=0) + 1e-3 * gaussian(1000, 2)
    drawn = gaussian(1000, 3)
    blind = nearest_neighbour_accuracy(truth, drawn)
    assert blind.low > 0.6
    seeing = nearest_neighbour_accuracy(truth, drawn, groups=groups)
    assert seeing.low < 0.5 < seeing.high
    assert seeing.high - seeing.low > 1.3 * (blind.high - blind.low)


def test_classifier_is_a_coin_for_equal_laws_and_sees_a_gaussian(one_path):
    truth = one_path(300, 1)
    equal = classifier_accuracy(truth, one_path(300, 2), LAYOUT, seed=0)
    assert equal.low < 0.5 < equal.high
    drawn = GaussianReference(truth).sample(300, seed=3)
    found = classifier_accuracy(truth, drawn, LAYOUT, seed=0)
    assert found.low > 0.95
    assert found == classifier_accuracy(truth, drawn, LAYOUT, seed=0)


def test_classifier_does_not_see_a_common_phase(one_path):
    truth = one_path(300, 1)
    turned = 1j * one_path(300, 2)
    plain = classifier_accuracy(truth, -1j * turned, LAYOUT, seed=0)
    found = classifier_accuracy(truth, turned, LAYOUT, seed=0)
    assert found.value == pytest.approx(plain.value, abs=0.02)


def test_classifier_keeps_groups_in_one_fold(one_path):
    """Twenty copies of each of twelve channels could be learned by heart."""
    truth, drawn = (np.repeat(one_path(12, s), 20, axis=0) for s in (1, 2))
    groups = np.repeat(np.arange(12), 20)
    assert classifier_accuracy(truth, drawn, LAYOUT, seed=0).value > 0.95
    found = classifier_accuracy(
        truth, drawn, LAYOUT, seed=0, groups=groups, candidate_groups=groups
    )
    assert found.value < 0.8
    assert found.high - found.low > 0.2


def test_tests_refuse(gaussian):
    a, b = gaussian(30, 1), gaussian(20, 2)
    for test in (
        nearest_neighbour_accuracy,
        lambda x, y: classifier_accuracy(x, y, LAYOUT, seed=0),
    ):
        with pytest.raises(ValueError, match="equally many, got 30 and 20"):
            test(a, b)
    with pytest.raises(ValueError, match="num_folds must be at least 2"):
        classifier_accuracy(a, a, LAYOUT, seed=0, num_folds=1)
    with pytest.raises(ValueError, match=r"groups must be \[30\], one for each"):
        nearest_neighbour_accuracy(a, a, groups=[1])
