import numpy as np
import pytest

from commgen.measures.crossing import (
    Crossing,
    error_rate_crossing,
    gap_interval,
    invert,
    snr_at,
)


def rows(rates, spread=1.5, num_blocks=10_000):
    return [
        {
            "snr_db": float(i),
            "bler": rate,
            "bler_low": rate / spread,
            "bler_high": min(rate * spread, 1.0),
            "num_blocks": num_blocks,
        }
        for i, rate in enumerate(rates)
    ]


def test_an_exponential_fall_is_met_exactly():
    """10^(-snr) comes down to 10^-1.5 at 1.5 dB; a factor moves it by its decades."""
    found = snr_at(rows(10.0 ** -np.arange(5)), 10**-1.5)
    assert found.snr_db == pytest.approx(1.5)
    assert found.low_db == pytest.approx(1.5 - np.log10(1.5))
    # The upper curve begins at 1, not at 1.5.
    assert found.high_db == pytest.approx(1.5 + np.log10(1.5))


def test_a_rate_without_errors_counts_as_half_an_error():
    found = snr_at(rows([1.0, 0.0], num_blocks=50), 0.1)
    assert found.snr_db == pytest.approx(0.5)


def test_what_is_not_reached_is_nan():
    assert np.isnan(snr_at(rows([1.0, 0.5]), 0.1).snr_db)
    assert np.isnan(snr_at(rows([0.05, 0.01]), 0.1).snr_db)
    assert snr_at(rows([0.1, 0.01]), 0.1).snr_db == 0
    with pytest.raises(ValueError, match=r"target must be in \(0, 1\), got 1"):
        snr_at(rows([1.0, 0.5]), 1)


def test_gaps_add_their_intervals_as_squares():
    low, high = gap_interval(Crossing(1.0, 0.7, 1.4), Crossing(3.0, 2.7, 3.4))
    assert low == pytest.approx(2 - np.hypot(0.3, 0.4))
    assert high == pytest.approx(2 + np.hypot(0.4, 0.3))


def test_crossings_find_a_known_curve():
    rng = np.random.default_rng(3)
    grid, hits = np.arange(-1.0, 1.1, 0.25), []
    for _ in range(60):
        u = rng.random(2000)
        errors = u < 0.1 * np.exp(-2 * grid)[:, None]  # log-linear, 0.1 at 0 dB
        found = error_rate_crossing(grid, errors, 0.1)
        value, low, high = found.interval()
        hits.append(abs(value) < (high - value) * 2 / 1.96)  # two standard errors
        assert found.minus(found)[0] == 0
    assert np.mean(hits) > 0.85
    same = error_rate_crossing(grid, u < 0.1 * np.exp(-2 * (grid - 0.1))[:, None], 0.1)
    gap, low, high = same.minus(found)
    # What is common to both cancels.
    assert high - low < 0.6 * np.diff(found.interval()[1:])[0]
    assert low < 0.1 < high
    assert gap == pytest.approx(0.1, abs=0.05)
    never = error_rate_crossing(grid, np.ones((len(grid), 9), bool), 0.1)
    assert np.isnan(never.snr_db)


def test_a_curve_is_inverted_with_its_slopes():
    x, y = np.array([0.0, 2.0, 4.0]), np.array([5.0, 3.0, 2.0])
    found = invert(x, y, 2.4, falling=True)
    assert found.x == pytest.approx(3.2)
    for k, slope in found.slopes.items():
        moved = y + 1e-6 * (np.arange(3) == k)
        there = invert(x, moved, 2.4, falling=True).x
        assert (there - found.x) / 1e-6 == pytest.approx(slope, rel=1e-4)
    assert invert(x, -y, -2.4).x == pytest.approx(found.x)
    assert invert(x, y, 5.0, falling=True).x == 0
    for level in (1.0, 6.0):  # never met, and met before the curve begins
        assert np.isnan(invert(x, y, level, falling=True).x)
