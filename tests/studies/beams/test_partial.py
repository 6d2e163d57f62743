"""The study of channels that are seen in part: its shares, and that it goes on."""

import numpy as np
import pytest

from commgen.studies.beams.benchmark import beams_study
from commgen.studies.beams.partial import (
    ON_MEAN,
    ONE_PASS,
    PERFECT,
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


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_study_keeps_the_order_of_rates_and_goes_on(tmp_path):
    tables = beams_study(tmp_path, seed=1, quick=True, only="partial")
    rows = tables["Channels seen in part"]
    priors = {row["prior"] for row in rows}
    assert len(priors) == 3
    for prior in priors:
        rate = {r["precoder"]: r["rate"] for r in rows if r["prior"] == prior}
        assert rate[PERFECT] > max(v for k, v in rate.items() if k != PERFECT)
    chosen = {r["precoder"]: r["rate"] for r in tables["Eight users chosen"]}
    assert chosen["greedy, channels known"] == max(chosen.values())
    assert (tmp_path / "partial/partial.png").stat().st_size > 5000
    assert beams_study(tmp_path, seed=1, quick=True, only="partial") == tables
