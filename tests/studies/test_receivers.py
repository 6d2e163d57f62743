"""A comparison of receivers: what it writes, and what a gain is against."""

import csv

import pytest

from commgen.phy import parse_config
from commgen.studies.receivers import receiver_study


def test_gains_are_against_the_named_baseline(base, tmp_path):
    base["estimators"] = [
        {"kind": "ls"},
        {"kind": "ls", "name": "again", "iterations": 2},
        {"kind": "perfect"},
    ]
    base["link"] |= {"num_decoder_iterations": 20}
    base["sweep"] |= {"target_bler": [0.3], "snr_start_db": -8, "max_num_blocks": 128}
    config = parse_config(base)
    names = {"perfect": "again"}
    study = receiver_study(config, tmp_path / "run", baselines=names)
    gains = {row["estimator"]: row for row in study.gains}
    assert [row["baseline"] for row in study.gains] == ["ls", "ls", "again"]
    assert gains["ls"]["gain_db"] == 0
    for name in ("again", "perfect"):
        row = gains[name]
        difference = gains[row["baseline"]]["snr_at_db"] - row["snr_at_db"]
        assert row["gain_db"] == pytest.approx(difference)
        assert row["gain_low_db"] <= row["gain_db"] <= row["gain_high_db"]
    assert len(study.rows) == 3 * 4
    with open(tmp_path / "run" / "gains.csv", newline="") as file:
        assert len(list(csv.DictReader(file))) == 3
    assert (tmp_path / "run" / "results.png").is_file()
    again = receiver_study(config, baselines=names)
    assert again.gains == study.gains


def test_unknown_baselines_are_refused(base):
    with pytest.raises(ValueError, match=r"baselines must name estimators, .* got 'x'"):
        receiver_study(parse_config(base), baselines={"x": "ls"})
