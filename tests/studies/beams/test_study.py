"""Parts of the study of precoders, one standing on another, and going on."""

import pytest

from commgen.studies.beams import sites
from commgen.studies.beams.benchmark import beams_study
from commgen.studies.beams.partial import PERFECT as ALL_SEEN
from commgen.studies.beams.precoding import BOUND, ONE_PASS, PERFECT, SAMPLED


def precoding(tables):
    """More steps reach more, and nothing the limit."""
    known = tables["Channels known"]
    for site in ("rayleigh", "umi"):
        for snr_db in (10.0, 20.0):
            rate = {
                row["precoder"]: row["rate"]
                for row in known
                if (row["site"], row["snr_db"]) == (site, snr_db)
            }
            assert rate["WMMSE, 3 steps"] <= rate["WMMSE, 6 steps"] + 1e-6
            assert rate[ONE_PASS] <= rate[f"{ONE_PASS} and 6 steps"] + 1e-3
            others = [value for name, value in rate.items() if name != BOUND]
            assert max(others) < rate[BOUND] * 1.02  # of five rounds only
    believed = {r["precoder"]: r["rate"] for r in tables["Channels believed"]}
    assert believed[PERFECT] > believed[SAMPLED]
    assert len(tables["What was asked"]) == 5


def partial(tables):
    """Nothing reaches what channels that are known do."""
    rows = tables["Channels seen in part"]
    priors = {row["prior"] for row in rows}
    assert len(priors) == 3
    for prior in priors:
        rate = {r["precoder"]: r["rate"] for r in rows if r["prior"] == prior}
        assert rate[ALL_SEEN] > max(v for k, v in rate.items() if k != ALL_SEEN)
    chosen = {r["precoder"]: r["rate"] for r in tables["Eight users chosen"]}
    assert chosen["greedy, channels known"] == max(chosen.values())


def downlink(tables):
    """Blocks carry less than ideal codes."""
    for how in sites.ADAPTATIONS:
        rows = tables[f"Goodput, schemes {how}"]
        assert [r["site"] for r in rows[::5]] == [*sites.SITES]
        for row in rows:
            assert 0 <= row["goodput"] < row["rate"]
            if row["precoder"] == sites.ON_THE_MEAN:
                assert row["share"] == pytest.approx(1)
    assert len(tables["What was asked"]) == 8


PARTS = {
    precoding: ("rates.png", "patterns.png"),
    partial: ("partial.png",),
    downlink: ("goodput.png",),
}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_parts_stand_on_each_other_and_go_on(tmp_path):
    for check, pictures in PARTS.items():
        name = check.__name__
        tables = beams_study(tmp_path, seed=1, quick=True, only=name)
        check(tables)
        for picture in pictures:
            assert (tmp_path / name / picture).stat().st_size > 5000
        assert beams_study(tmp_path, seed=1, quick=True, only=name) == tables
    # The link took what the other parts had learned.
    assert not (tmp_path / "downlink/believed").exists()
