"""The studies on toy channels whose answers are known."""

import numpy as np
import pytest

from commgen.datasets import ChannelMeta
from commgen.datasets.events import Events
from commgen.generative import GaussianMixture
from commgen.studies import (
    StudySet,
    augmentation_study,
    few_shot_gain_db,
    few_shot_study,
    summarise,
    super_resolution_study,
)
from commgen.studies.generative.super_resolution import linear, spline, subcarrier_mask

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=15e3)


def normal(rng, shape):
    return rng.normal(size=(*shape, 2)) @ [1, 1j] / 2**0.5


def smooth(rng, n, size=24, num_taps=3):
    """Responses of few taps: what is between the pilots follows from them."""
    delays = np.arange(num_taps) / size
    steering = np.exp(-2j * np.pi * delays[:, None] * np.arange(size))
    return (normal(rng, (n, num_taps)) / num_taps**0.5 @ steering).astype(np.complex64)


def late(rng, n):
    """Two taps each, at one of six delays: thirty channels show five of a kind."""
    delay = 4 * rng.integers(6, size=(n, 1))
    turn = np.exp(-2j * np.pi * delay * np.arange(24) / 24)
    return (smooth(rng, n, num_taps=2) * turn).astype(np.complex64)


def test_interpolation_holds_what_it_should():
    seen, y = np.arange(0, 12, 4), np.array([[1.0, 3.0, 2.0]])
    expected = [1, 1.5, 2, 2.5, 3, 2.75, 2.5, 2.25, 2, 2, 2, 2]
    np.testing.assert_allclose(linear(y, seen, 12)[0], expected)
    k = np.arange(12)
    np.testing.assert_allclose(spline(seen**2 + 1j * seen, seen, 12), k**2 + 1j * k)
    A = subcarrier_mask((2, 12), seen)
    h = np.arange(24.0)
    np.testing.assert_array_equal(A @ h, [0, 4, 8, 12, 16, 20])


def test_super_resolution_ranks_what_knows_more():
    rng = np.random.default_rng(2)
    h = smooth(rng, 200)
    prior = GaussianMixture((24,), 1).fit(smooth(rng, 2000), seed=1)
    rows = super_resolution_study({"lmmse": prior}, h, seed=3)
    error = {row["method"]: row["nmse_db"] for row in rows}
    assert error["lmmse"] < error["cubic spline"] - 3
    assert error["lmmse"] < error["linear"] - 3
    by_name = {row["method"]: row for row in rows}
    assert by_name["lmmse"]["err_var_db"] == pytest.approx(error["lmmse"], abs=1)
    assert np.isnan(by_name["linear"]["err_var_db"])
    for row in rows:
        assert row["low_db"] < row["nmse_db"] < row["high_db"]


def test_few_shot_gains_from_a_site_that_is_alike():
    rng = np.random.default_rng(4)
    train, few, test, again = (late(rng, n) for n in (1500, 100, 200, 200))
    old = GaussianMixture((24,), 6).fit(train, seed=1)
    new = Events(few, ("subcarrier",), META, {})
    rows = few_shot_study(old, new, test, again, sizes=(30,), seed=1)
    assert [row["num_channels"] for row in rows] == [30, 30, 30, 30, 30, 0]
    assert few_shot_gain_db(rows, 30) > 0.3
    adapted = next(row for row in rows if row["method"] == "adapted")
    assert adapted["old_site_db"] < -5


def test_augmentation_counts_what_it_adds(study):
    rows = augmentation_study(
        study, family="gmm", sizes=(40, 10_000), factor=2, repeats=2, seed=1
    )
    assert [row["num_real"] for row in rows] == [40, 40]
    assert all(row["num_generated"] == 80 for row in rows)
    for row in rows:
        assert row["real_accuracy"] > 0.8
        assert row["augmented_accuracy"] > 0.6
        assert row["real_nmse_db"] < -4
    summary = summarise(rows)
    change = [row["augmented_nmse_db"] - row["real_nmse_db"] for row in rows]
    assert summary[0]["nmse_change_db"] == pytest.approx(np.mean(change))
    assert summary[0]["nmse_low_db"] < np.mean(change) < summary[0]["nmse_high_db"]
    assert summarise(rows[:1])[0]["accuracy_high"] == np.inf


def test_augmentation_says_what_is_missing(study):
    with pytest.raises(ValueError, match="sizes must hold one of at most 400"):
        augmentation_study(study, sizes=(500,), seed=1)
    bare = Events(study.train.h, ("rx",), META, {})
    blind = StudySet("toy", ("rx",), bare, bare, bare, None, (), (), study.path)
    with pytest.raises(ValueError, match=r"data must have the label 'los', got \[\]"):
        augmentation_study(blind, sizes=(40,), seed=1)
