import numpy as np
import pytest

from commgen.evaluation import memorisation, nearest_distance


def test_distance_ignores_phase_and_scale(gaussian):
    h = gaussian(30, 1)
    turned = 3 * h * np.exp(1j * np.arange(30))[:, None]
    np.testing.assert_allclose(nearest_distance(turned, h), 0, atol=1e-3)


def test_distance_is_that_of_the_best_phase(gaussian):
    a, b = gaussian(1, 1)[0].astype(complex), gaussian(1, 2)[0].astype(complex)
    a, b = a / np.linalg.norm(a), b / np.linalg.norm(b)
    phases = np.exp(1j * np.linspace(0, 2 * np.pi, 100_000))
    expected = np.linalg.norm(a - phases[:, None] * b, axis=1).min()
    assert nearest_distance(a[None], b[None])[0] == pytest.approx(expected, rel=1e-6)


def test_an_all_zero_channel_is_far_from_all(gaussian):
    found = nearest_distance(np.zeros((1, 8), complex), gaussian(5, 1))
    assert found[0] == pytest.approx(np.sqrt(2))


def test_a_memorising_model_is_seen_and_an_honest_one_is_not(gaussian):
    train, truth, honest = (gaussian(500, s, (4,)) for s in (1, 2, 3))
    copies = train * np.exp(1j * np.arange(500))[:, None]
    copies = copies + 0.01 * gaussian(500, 4, (4,))
    found = memorisation(train, copies, truth)
    assert found.ratio < 0.1
    assert found.share > 0.9
    found = memorisation(train, honest, truth)
    assert found.ratio == pytest.approx(1, abs=0.1)
    assert found.share < 0.04


def test_half_a_memory_shows_in_the_share(gaussian):
    train, truth, honest = (gaussian(500, s, (4,)) for s in (1, 2, 3))
    mixed = np.concatenate([train[:50], honest[50:]])
    assert memorisation(train, mixed, truth).share == pytest.approx(0.1, abs=0.03)


def test_truth_inside_the_training_set_leaves_no_ratio(gaussian):
    train = gaussian(50, 1)
    assert memorisation(train, gaussian(50, 2), train).ratio > 1e3


def test_distances_refuse(gaussian):
    with pytest.raises(ValueError, match="channels of one shape, got"):
        nearest_distance(gaussian(3, 1), gaussian(3, 1, (2, 4)))
    with pytest.raises(ValueError, match=r"h must be \[n, \*event_shape\]"):
        nearest_distance(np.ones(3), gaussian(3, 1))
    with pytest.raises(ValueError, match="others must be finite"):
        nearest_distance(gaussian(3, 1), np.full((2, 8), np.nan))
