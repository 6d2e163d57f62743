import numpy as np
import pytest

from commgen.frame.bursts import Bursts


def test_bursts_have_the_sizes_and_powers_asked_for():
    n = 4000
    b = Bursts().draw(n, (15, 72), seed=3)
    inside = b != 0
    symbols, carriers = inside.any(2).sum(1), inside.any(1).sum(1)
    assert (symbols.min(), symbols.max()) == (3, 15)
    assert (carriers.min(), carriers.max()) == (3, 8)
    np.testing.assert_array_equal(inside.sum((1, 2)), symbols * carriers)
    for runs in (inside.any(2), inside.any(1)):
        assert np.all((np.diff(runs.astype(int), axis=1) == 1).sum(1) <= 1)
    # The mean of 10**U for U uniform on 0..1 is 9 / ln 10.
    power = (np.abs(b) ** 2).sum((1, 2)) / inside.sum((1, 2))
    margin = 4 * power.std() / np.sqrt(n)
    assert power.mean() == pytest.approx(9 / np.log(10), abs=margin)
    # All places are hit, the ones in the middle more often.
    assert inside.any(0).all()


def test_one_seed_is_one_draw_and_some_frames_have_none():
    bursts = Bursts(probability=0.25)
    one, same, other = (bursts.draw(4000, (15, 72), seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert np.any(one != other)
    share = one.any((1, 2)).mean()
    assert share == pytest.approx(0.25, abs=4 * np.sqrt(0.25 * 0.75 / 4000))


@pytest.mark.parametrize(
    ("values", "match"),
    [
        ({"num_carriers": (8, 3)}, "num_carriers must be ascending"),
        ({"num_symbols": (0, 3)}, "num_symbols must be at least 1, got 0"),
        ({"power_db": (3.0, float("nan"))}, "power_db must be ascending"),
        ({"probability": 1.5}, "probability must be 0..1, got 1.5"),
    ],
)
def test_bad_ranges_are_refused(values, match):
    with pytest.raises(ValueError, match=match):
        Bursts(**values)


def test_bursts_that_do_not_fit_are_refused():
    with pytest.raises(ValueError, match="shape must hold bursts of 15 symbols"):
        Bursts().draw(1, (14, 72), seed=0)
