"""The study of feedback on a toy set: what is told is what is measured."""

import numpy as np
import pytest

from commgen.studies.feedback import umi64
from commgen.studies.feedback.umi64 import KLT, MIXTURE, Umi64Size, umi64_study
from commgen.studies.tables import Asked


@pytest.mark.timeout(120)
def test_the_mixture_needs_less_and_limits_are_limits(study, tmp_path, monkeypatch):
    monkeypatch.setattr(umi64, "umi64_set", lambda *_, **__: study)
    size = Umi64Size((16,), (1, 4), 2, 300)
    asked = Asked()
    (rows,) = umi64_study(tmp_path, size, 0, asked).values()
    found = {row["codec"]: row for row in rows}
    assert found[MIXTURE]["nmse_db"] < found[KLT]["nmse_db"] - 1
    assert found[MIXTURE]["over_klt_high_db"] < -1
    for codec in (KLT, MIXTURE):
        assert found[f"{codec}, ideal codes"]["nmse_db"] < found[codec]["nmse_db"]
        assert found[codec]["num_bits"] == pytest.approx(16, abs=1.5)
    beams = [row for row in rows if row["codec"] == "DFT codebook"]
    assert np.diff([row["nmse_db"] for row in beams]) < 0
    assert found["component alone"]["nmse_db"] == 0
    assert found["component alone"]["num_bits"] == 1
    # Half of the channels are one beam, which the component tells.
    assert found["component alone"]["beam_share"] > 0.5
    assert (tmp_path / "rate.png").stat().st_size > 0
    assert not asked.rows  # nothing is asked of 16 bits
    again = umi64_study(tmp_path, size, 0, asked)
    assert list(again.values()) == [rows]
