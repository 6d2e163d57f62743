"""The study of few chains: its order of rates, and that it goes on."""

import pytest

from commgen.studies.beams.benchmark import beams_study
from commgen.studies.beams.chains import BOUND, DIGITAL


@pytest.mark.slow
def test_more_chains_lose_less(tmp_path):
    tables = beams_study(tmp_path, seed=1, quick=True, only="chains")
    rate = {row["precoder"]: row["rate"] for row in tables["Few chains"]}
    assert rate["phase shifters, 4 chains"] < rate["phase shifters, 6 chains"]
    assert rate["phase shifters, 8 chains"] == pytest.approx(rate[DIGITAL], rel=2e-3)
    assert rate["DFT beams, 4 chains"] < rate["DFT beams, 8 chains"] < rate[DIGITAL]
    assert rate["phases alone"] < rate[DIGITAL] < rate[BOUND]
    assert tables["What was asked"][0]["met"]
    assert beams_study(tmp_path, seed=1, quick=True, only="chains") == tables
