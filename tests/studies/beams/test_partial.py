"""The study of channels that are seen in part: its shares, and how it judges."""

import numpy as np
import pytest

from commgen.studies.beams.partial import (
    ON_MEAN,
    ONE_PASS,
    _judge,
    _sampled,
    _with_both_shares,
)
from commgen.studies.tables import Asked


def test_shares_are_of_both_references():
    rates = np.random.default_rng(0).uniform(5, 15, 40)
    few = _sampled(4)
    values = {ON_MEAN: rates, few: 2 * rates, ONE_PASS: 3 * rates}
    rows = {row["precoder"]: row for row in _with_both_shares(values, few)}
    one = rows[ONE_PASS]
    assert one["of_mean"] == pytest.approx(3)
    assert one["of_sampled"] == pytest.approx(1.5)
    assert one["of_sampled_low"] == pytest.approx(1.5)
    assert rows[few]["of_mean"] == pytest.approx(2)


def test_what_was_asked_is_judged_by_the_lower_end():
    asked = Asked()
    row = {"of_mean": 1.1, "of_mean_low": 0.99, "of_mean_high": 1.2}
    row |= {"of_sampled": 1.0, "of_sampled_low": 0.985, "of_sampled_high": 1.1}
    _judge(asked, "here", row, "mean", 1.0)
    _judge(asked, "here", row, "sampled", 0.98)
    assert [r["met"] for r in asked.rows] == [False, True]
