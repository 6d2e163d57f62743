"""The study of sum rates on a toy cell: what is gained is what is told."""

import numpy as np
import pytest

from commgen.studies.feedback import learned, rate, umi64
from commgen.studies.feedback.learned import LEARNED, LearnedSize
from commgen.studies.feedback.rate import FREE, GOAL, PERFECT, RateSize, rate_study
from commgen.studies.feedback.umi64 import KLT, MIXTURE
from commgen.studies.tables import Asked


@pytest.mark.timeout(120)
def test_reports_for_the_rate_lie_between_those_of_errors_and_all(
    study, tmp_path, monkeypatch
):
    for module in (umi64, learned):
        monkeypatch.setattr(module, "umi64_set", lambda *_, **__: study)
    monkeypatch.setattr(rate, "LEAKS", (1.0,))
    few = LearnedSize((16,), 2, 2, 2, 8, 160)
    size = RateSize((16,), (10.0,), 2, 40, 160, 5, few)
    asked = Asked()
    (rows,) = rate_study(tmp_path / "rate", size, 0, asked).values()
    found = {(row["codec"], row["precoder"]): row for row in rows}
    robust = {codec: found[codec, "robust RZF"] for codec in (KLT, MIXTURE, GOAL)}
    assert robust[KLT]["rate"] < robust[MIXTURE]["rate"]
    assert robust[MIXTURE]["rate"] < robust[GOAL]["rate"]
    assert robust[GOAL]["rate"] < found[PERFECT, "WMMSE"]["rate"]
    gain = robust[GOAL]["rate"] - robust[KLT]["rate"]
    low, high = (robust[GOAL][f"over {KLT}, {end}"] for end in ("low", "high"))
    assert low < gain < high
    assert (low + high) / 2 == pytest.approx(gain)
    assert robust[GOAL]["leak"] == 1.0
    robust |= {codec: found[codec, "robust RZF"] for codec in (LEARNED, FREE)}
    assert robust[FREE]["rate"] > robust[LEARNED]["rate"]
    for row in robust.values():
        assert row["num_bits"] == pytest.approx(16, abs=2)
    assert len(asked.rows) == 5
    assert asked.rows[0]["met"] == (low > 0)
    again = rate_study(tmp_path / "rate", size, 0, Asked())
    assert list(again.values()) == [rows]


def test_whole_drops_are_judged():
    assert rate._drops(np.zeros((21, 4))).shape == (2, 8, 1, 4)
