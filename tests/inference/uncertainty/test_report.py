import csv

import numpy as np
import pytest

from commgen.inference.uncertainty import CalibratedPrior, calibration_report


@pytest.fixture(scope="module")
def report(mixture, draw):
    mended = CalibratedPrior(mixture, snr_db=(0.0, 10.0)).calibrate(
        draw(800, 1), seed=1
    )
    priors = {"mixture": mixture, "calibrated": mended}
    return calibration_report(draw(3000, 2), priors, [0, 10], seed=5)


def test_an_honest_prior_keeps_its_promise(report):
    """The mixture is the truth, up to what 2,000 channels left open."""
    for name in ("mixture", "calibrated"):
        assert report.column(name, "excess_db") == pytest.approx([0, 0], abs=0.25)
        for level in (50, 90, 99):
            share = report.column(name, f"entry_{level}")
            assert share == pytest.approx([level / 100] * 2, abs=0.025)
            assert (report.column(name, f"entry_{level}_low") <= share).all()
    assert report.column("calibrated", "channel_90") == pytest.approx(
        [0.9] * 2, abs=0.04
    )


def test_the_reliability_curve_is_the_diagonal(report):
    rows = [r for r in report.bins if r["estimator"] == "mixture"]
    assert len(rows) == 20
    inside = [
        r["measured_low_db"] <= r["promised_db"] <= r["measured_high_db"] for r in rows
    ]
    assert np.mean(inside) > 0.6
    assert max(abs(r["measured_db"] - r["promised_db"]) for r in rows) < 0.7


def test_saved(report, tmp_path):
    report.save(tmp_path / "out", "two covariances")
    with (tmp_path / "out" / "calibration.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 4
    assert float(rows[0]["entry_90"]) == pytest.approx(
        report.rows[0]["entry_90"], rel=1e-5
    )
    assert (tmp_path / "out" / "reliability.csv").is_file()
    assert (tmp_path / "out" / "calibration.png").stat().st_size > 10_000


def test_errors(mixture, draw):
    with pytest.raises(ValueError, match="priors and snr_db must not be empty"):
        calibration_report(draw(5, 0), {}, seed=0)
    with pytest.raises(ValueError, match=r"h must be \[n, \*\(8,\)\] for gmm, got"):
        calibration_report(draw(5, 0)[:, :4], {"gmm": mixture}, seed=0)
