"""The studies of looks: what they count, promise and draw, and that they go on."""

import numpy as np
import pytest

from commgen.phy.looks import LearnedLooks
from commgen.studies.beams import alignment, looks
from commgen.studies.beams.benchmark import beams_study
from commgen.studies.beams.looks_figure import save_looks_figure


def test_a_choice_is_judged_by_the_power_of_its_beam():
    g = np.array([[1, 2j, 0], [2, 1, 1], [0, 0, 3]])
    found = looks._found(g, [[0, 0, 0], [1, 2, 2]], [0.5, 0.4, 0.9], None)
    assert found["right"] == [1, 0, 1]
    assert found["shares"] == [[0.25, 1, 0], [1, 0.25, 1]]
    row = looks._row("one", found, np.array([4.0, 4.0, 9.0]))
    assert row["right"] == pytest.approx(2 / 3)
    assert row["share"] == pytest.approx((4 + 1 + 9) / 17)
    assert row["share_low"] < row["share"] < row["share_high"]
    assert row["mean_share"] == pytest.approx(0.75)
    assert row["promised_right"] == pytest.approx(0.6)
    assert row["promised_mean_share"] is None


def test_promises_are_held_against_what_was_met():
    found = {"promised": [0.1, 0.15, 0.9, 0.95, 0.85, 1.0], "right": [0, 0, 1, 1, 0, 1]}
    low, high = looks._calibration({"rule": found, "none": {"promised": None}})
    assert (low["channels"], low["promised"], low["met"]) == (2, 0.125, 0.0)
    assert (high["channels"], high["met"]) == (4, 0.75)
    assert high["met_low"] < 0.75 < high["met_high"]


def test_errors_are_paired_with_the_rule():
    errors = np.random.default_rng(0).exponential(size=200)
    result = {
        name: {"errors": [(scale * errors).tolist()], "promised": 0.5}
        for name, scale in ((alignment.COHERENT, 1.0), ("half", 0.5))
    }
    rows = alignment._rows(result)
    assert rows[1]["error"] == pytest.approx(errors.mean() / 2)
    for end in ("low", "high"):
        assert rows[1][f"over_coherent_{end}_db"] == pytest.approx(-3.0103, abs=1e-4)
    assert rows[0]["low"] < rows[0]["error"] < rows[0]["high"]


def test_picture_ends_all_curves_at_the_last_look(tmp_path):
    from matplotlib.image import imread

    save_looks_figure(
        tmp_path / "a.png", {"one": {"x": [1, 2, 3], "last": [2]}}, "y", log=True
    )
    assert imread(tmp_path / "a.png").ndim == 3


@pytest.mark.slow
def test_studies_keep_the_order_of_rules_and_go_on(tmp_path, monkeypatch):
    def train(folder, size, seed):
        LearnedLooks.of_seed(seed, num_angles=size.num_angles).save(folder)
        return {}

    # Training has a test of its own, with fewer looks to trace.
    monkeypatch.setattr(alignment, "_train", train)
    tables = beams_study(tmp_path, seed=1, quick=True, only="looks")
    share = {row["rule"]: row["mean_share"] for row in tables[looks.TITLE]}
    assert share[looks.SWEEP] > 0.97
    narrowing = share[f"{looks.NARROWING}, most power"]
    assert share[looks.STRONGEST] < narrowing < share[looks.SWEEP]
    assert (tmp_path / "looks/share.png").stat().st_size > 5000
    assert beams_study(tmp_path, seed=1, quick=True, only="looks") == tables

    tables = beams_study(tmp_path, seed=1, quick=True, only="alignment")
    error = {
        row["rule"]: row["error"]
        for row in tables[alignment.TITLE]
        if row["snr_db"] == 10
    }
    assert error[alignment.EVERY] < error[alignment.COHERENT]
    assert error[alignment.COHERENT] < error[alignment.PURSUIT]
    assert (tmp_path / "alignment/error.png").stat().st_size > 5000


def test_looks_of_another_training_are_not_taken(tmp_path, monkeypatch):
    trained = []

    def train(folder, size, seed):
        trained.append((size.num_steps, seed))
        sizes = {"num_ant": 8, "num_angles": 16, "num_looks": 2, "width": 4}
        LearnedLooks.of_seed(seed, **sizes).save(folder)
        return {}

    monkeypatch.setattr(alignment, "_train", train)
    longer = alignment.AlignmentSize(400, 128, 9, 8)
    for size, seed in ((alignment.QUICK, 1), (alignment.QUICK, 1), (longer, 1)):
        alignment.learned_looks(tmp_path, size, seed)
    assert trained == [(alignment.QUICK.num_steps, 1), (9, 1)]
