import numpy as np
import pytest

from commgen.datasets import check_layout
from commgen.datasets.events import to_array
from commgen.evaluation import as_features, check_set
from commgen.evaluation._sets import check_groups, subset


@pytest.mark.parametrize(
    ("h", "error", "message"),
    [
        (np.ones((30, 2)), TypeError, r"truth must be complex, got float64"),
        (np.ones(30, complex), ValueError, r"truth must be \[n, \*event_shape\], got"),
        (np.ones((30, 3), complex), ValueError, r"of the shape \(2,\), as the set"),
        (np.ones((5, 2), complex), ValueError, "at least 20 channels, got 5"),
        (np.full((30, 2), np.nan + 0j), ValueError, "truth must be finite, got 60 NaN"),
        (np.ones((30, 2), complex), ValueError, "different channels, got one channel"),
    ],
)
def test_sets_are_refused(h, error, message):
    with pytest.raises(error, match=message):
        check_set("truth", h, (2,))


@pytest.mark.parametrize("scale", [1e-6, 1e6])
def test_unnormalised_power_is_refused(gaussian, scale):
    with pytest.raises(ValueError, match=r"truth must have a mean power .* near 1"):
        check_set("truth", scale * gaussian(30, 0))


@pytest.mark.parametrize("layout", ["rx", ("rx",), ("rx", "rx"), ("rx", "beam")])
def test_layouts_are_refused(layout):
    with pytest.raises(ValueError, match="layout must name the 2 axes of an event"):
        check_layout(layout, (4, 3))


def test_events_are_laid_out_by_the_names_of_their_axes(gaussian):
    h = gaussian(5, 0, (3, 4))
    array = to_array(h, ("subcarrier", "rx"))
    assert array.shape == (5, 4, 1, 1, 3)
    np.testing.assert_array_equal(array[:, :, 0, 0], h.swapaxes(1, 2))


def test_features_keep_distances_and_units(gaussian):
    h = gaussian(6, 0, (2, 3))
    x = as_features(h)
    assert x.shape == (6, 12)
    distance = np.linalg.norm(h[0] - h[1])
    assert np.linalg.norm(x[0] - x[1]) == pytest.approx(distance, rel=1e-6)
    unit = as_features(np.concatenate([h, 0 * h[:1]]), unit_norm=True)
    np.testing.assert_allclose(np.linalg.norm(unit, axis=1), [1] * 6 + [0])


@pytest.mark.parametrize("x", [np.ones(3), np.ones((0, 3))])
def test_features_refuse(x):
    with pytest.raises(ValueError, match=r"x must be \[n, \.\.\.\] with entries"):
        as_features(x)


def test_groups_become_numbers():
    np.testing.assert_array_equal(check_groups("g", ["b", "a", "b"], 3), [1, 0, 1])
    np.testing.assert_array_equal(check_groups("g", None, 3), [0, 1, 2])
    with pytest.raises(ValueError, match=r"g must be \[3\], one for each channel"):
        check_groups("g", [1, 2], 3)


def test_subsets_are_ordered_and_without_repetition():
    rows = subset(10, 4, np.random.default_rng(0))
    assert len(set(rows)) == 4
    assert (np.diff(rows) > 0).all()
