import numpy as np
import pytest

from commgen.evaluation import Crossing, gap_interval, snr_at


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
