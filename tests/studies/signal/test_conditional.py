"""One model beside searches at each SNR."""

import pytest

from commgen.frame.constellation import Constellation
from commgen.frame.information import gmi
from commgen.studies.signal.conditional import QUICK, conditional_study
from commgen.studies.tables import Asked


@pytest.mark.slow
def test_the_study_compares_with_searches(tmp_path):
    asked = Asked()
    tables = conditional_study(tmp_path, QUICK, 1, asked)
    for row in tables["One model for all SNRs"]:
        # Of four points nothing is better than QPSK.
        best = gmi(Constellation.qam(2), 10 ** (-row["snr_db"] / 10))
        assert row["separate"] == pytest.approx(best, abs=1e-3)
        assert row["worst_draw"] <= row["median_draw"] <= best + 1e-3
        assert row["gap"] == pytest.approx(row["separate"] - row["model"])
    assert len(asked.rows) == 1
    for row in tables["Samples"]:
        assert row["peak_db"] <= 4.01
