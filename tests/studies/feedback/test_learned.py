"""The study of the learned codec on a toy set: what is told is what is measured."""

import numpy as np
import pytest

from commgen.studies.feedback import learned
from commgen.studies.feedback.learned import (
    INTEGER,
    LEARNED,
    LIMIT,
    MIXTURE,
    LearnedSize,
    learned_study,
)
from commgen.studies.tables import Asked


@pytest.mark.timeout(120)
def test_what_is_told_is_measured(study, tmp_path, monkeypatch):
    monkeypatch.setattr(learned, "umi64_set", lambda *_, **__: study)
    size = LearnedSize((16,), 2, 2, 3, 4, 100)
    asked = Asked()
    rows, costs = learned_study(tmp_path / "learned", size, 0, asked).values()
    found = {row["codec"]: row for row in rows}
    assert len(found) == 6
    for name in (MIXTURE, LEARNED, INTEGER):
        assert found[name]["num_bits"] == pytest.approx(16, abs=1.5)
        assert found[name]["nmse_db"] < -3
    assert found[LIMIT]["nmse_db"] < found[LEARNED]["nmse_db"]
    assert abs(found[INTEGER]["nmse_db"] - found[LEARNED]["nmse_db"]) < 0.2
    assert found[LEARNED]["promised_db"] == pytest.approx(
        found[LEARNED]["nmse_db"], abs=2.5
    )
    low, high = (found[LEARNED][f"over_mixture_{end}_db"] for end in ("low", "high"))
    assert low < found[LEARNED]["nmse_db"] - found[MIXTURE]["nmse_db"] < high
    (cost,) = costs
    parts = ("spectra", "transform", "tables")
    assert cost["parameters"] == sum(cost[name] for name in parts)
    assert not asked.rows  # nothing is asked of 16 bits
    assert (tmp_path / "learned" / "rate.png").stat().st_size > 0
    again = learned_study(tmp_path / "learned", size, 0, asked)
    assert list(again.values()) == [rows, costs]


def test_goals_take_the_far_end_of_an_interval():
    asked = Asked()
    rows = [
        {"codec": LEARNED, "asked_bits": b, "over_mixture_high_db": high}
        for b, high in ((64, -0.1), (128, -0.8))
    ]
    rows += [
        {"codec": INTEGER, "asked_bits": b, "over_float_high_db": 0.1 * b / 64}
        for b in (64, 128)
    ]
    learned._ask(asked, rows, [{"parameters": 5}, {"parameters": 200_000}])
    assert [row["met"] for row in asked.rows] == [True, False, True]
    assert np.all([row["measured"] for row in asked.rows])
