"""What was asked beside what was measured: each verdict can fail."""

import pytest

from commgen.studies.estimation.benchmark import Findings
from commgen.studies.estimation.report import (
    FESL_DB,
    PEERS_DB,
    asked_rows,
    save_findings,
)

SNR_DB = tuple(range(-10, 21, 5))


def _table(estimator, nmse_db, *, coverage=0.9, cpu_ms=0.3):
    return [
        {
            "estimator": estimator,
            "snr_db": float(snr),
            "nmse_db": value,
            "coverage_90": coverage,
            "cpu_ms": cpu_ms,
        }
        for snr, value in zip(SNR_DB, nmse_db, strict=True)
    ]


def _below(values, margin):
    return [value - margin for value in values]


def _met(found):
    return {row["what"]: row["met"] for row in asked_rows(found)}


@pytest.mark.parametrize(("margin", "met"), [(1.0, True), (-1.0, False)])
def test_arrays(margin, met):
    cost = {"cpu_ms": 0.3 if met else 9.0, "coverage": 0.9 if met else 0.95}
    found = Findings(
        tables={
            "umi64": _table("a", _below(PEERS_DB, margin), **cost),
            "spatial": _table("b", _below(FESL_DB, margin), **cost),
        },
        best={"umi64": "a", "spatial": "b"},
    )
    verdicts = _met(found)
    assert len(verdicts) == 9
    assert set(verdicts.values()) == {met}


def test_a_region_of_one_estimator_does_not_speak_for_another():
    rows = _table("a", PEERS_DB) + _table("b", PEERS_DB, coverage=0.87)
    found = Findings(tables={"tdl-grid": rows}, best={"tdl-grid": "a"})
    verdicts = _met(found)
    assert verdicts["tdl-grid, a: 90 % regions at every SNR"]
    assert not verdicts["tdl-grid, each of 2 estimators: 90 % regions at every SNR"]


@pytest.mark.parametrize(
    ("covered", "novel", "met"), [(0.9, 0.0, True), (0.8, 0.9, True), (0.8, 0.1, False)]
)
def test_a_region_that_does_not_hold_must_be_flagged(covered, novel, met):
    row = {"set": "rma", "snr_db": 0.0, "guarded": -1.0, "guarded_low": -1.1}
    row |= {"covered": covered, "novel": novel, "flagged": 0.0}
    verdicts = _met(Findings(shifts=[row]))
    assert verdicts["shifts: 90 % regions cover 88 to 92 %, or are flagged"] == met
    assert verdicts["shifts: guarded estimator against LS, every set and SNR"]


def test_the_choice_on_validation_is_held_against_the_test():
    rows = _table("a", PEERS_DB) + _table("b", _below(PEERS_DB, 0.1))
    for best, met in (("a", False), ("b", True)):
        found = Findings(tables={"uwb": rows}, best={"uwb": best})
        what = f"uwb: estimator chosen on validation ({best}) is the best on test"
        assert _met(found)[what] == met


@pytest.mark.parametrize(("loss", "met"), [(0.3, True), (0.5, False)])
def test_a_loss_is_a_negative_gain(loss, met):
    gain = {"measure": "throughput", "target": 0.7, "estimator": "slot"}
    gain |= {"gain_db": -loss, "gain_low_db": -loss - 0.1, "gain_high_db": -loss + 0.1}
    (row,) = asked_rows(Findings(gains=[gain]))
    assert row["met"] == met
    assert row["measured"] == f"{loss:.2f} dB ({loss - 0.1:.2f} to {loss + 0.1:.2f})"


def test_tables_and_picture_are_written(tmp_path):
    found = Findings(tables={"umi64": _table("a", PEERS_DB)}, best={"umi64": "a"})
    save_findings(tmp_path, found)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert names == ["asked.csv", "estimation.csv", "estimation.png"]
