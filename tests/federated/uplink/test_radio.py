"""Seconds and joules on the air."""

import pytest

from commgen.federated.uplink.radio import Radio


def test_a_megabyte_up_costs_what_the_source_says():
    """At 6 Mbit/s: (1288.04 + 438.39 x 6) mW for 8/6 s; promotion and tail."""
    cost = Radio().cost(1_000_000)
    assert cost.seconds == pytest.approx(0.2601 + 8 / 6)
    awake = 0.2601 * 1.2107 + 11.576 * 1.06
    assert cost.joules == pytest.approx(awake + (1.28804 + 0.43839 * 6) * 8 / 6)


def test_rounds_cost_more_than_bytes_do():
    radio = Radio()
    fewer_rounds = radio.cost(100_000, rounds=10).joules
    fewer_bytes = radio.cost(10_000, rounds=40).joules
    assert fewer_rounds < fewer_bytes / 3
    assert radio.cost(0, 13_000_000).seconds == pytest.approx(0.2601 + 8)


def test_rates_and_bytes_are_checked():
    with pytest.raises(ValueError, match="up_bit_per_s must be finite and above 0"):
        Radio(up_bit_per_s=0)
    with pytest.raises(ValueError, match="up_bytes must be at least 0, got -1"):
        Radio().cost(-1)
    with pytest.raises(ValueError, match="rounds must be at least 1, got 0"):
        Radio().cost(1, rounds=0)
