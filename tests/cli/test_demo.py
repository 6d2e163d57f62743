"""The main job, at a small size."""

import csv
import json
import os
import subprocess
import sys

import pytest

from commgen._files.claims import claim_folder

ESTIMATORS = {"ls", "lmmse", "gmm", "diffusion"}


def run_demo(folder, environment):
    return subprocess.run(
        [sys.executable, "-m", "commgen.cli", "demo", "--quick", "--output", folder],
        env=environment,
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )


def rows_of(path):
    with path.open() as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The stranger's way: no data, one command. Its folder, and what it printed."""
    environment = {k: v for k, v in os.environ.items() if k != "COMMGEN_DATA"}
    folder = tmp_path_factory.mktemp("quick") / "demo"
    done = run_demo(folder, environment)
    assert done.returncode == 0, done.stderr
    return folder, done.stdout


@pytest.mark.slow
def test_quick_demo_without_recordings_leaves_results_and_models(demo):
    folder, told = demo
    assert "COMMGEN_DATA" in told
    nmse = rows_of(folder / "umi64" / "estimation" / "estimation.csv")
    assert {row["estimator"] for row in nmse} == ESTIMATORS | {"genie"}
    link = rows_of(folder / "umi64" / "link" / "results.csv")
    assert {row["estimator"] for row in link} == ESTIMATORS | {"perfect"}
    at_0_db = {
        row["estimator"]: float(row["nmse_db"]) for row in nmse if row["snr_db"] == "0"
    }
    assert at_0_db["genie"] < at_0_db["gmm"] < at_0_db["lmmse"] < at_0_db["ls"]
    for name in ("gmm", "diffusion"):
        card = json.loads((folder / "models" / name / "card.json").read_text())
        assert card["event_shape"] == [64]
    assert (folder / "results.png").stat().st_size > 10_000


@pytest.mark.slow
@pytest.mark.measured
def test_quick_demo_with_recordings_adds_the_office(demo, data_root):
    """It goes on with the folder of the first, whose results stay."""
    folder, _ = demo
    before = (folder / "umi64" / "link" / "results.csv").read_bytes()
    done = run_demo(folder, {**os.environ, "COMMGEN_DATA": str(data_root)})
    assert done.returncode == 0, done.stderr
    nmse = rows_of(folder / "polyu" / "estimation" / "estimation.csv")
    at_0_db = {
        row["estimator"]: float(row["nmse_db"]) for row in nmse if row["snr_db"] == "0"
    }
    assert at_0_db["gmm"] < at_0_db["lmmse"] < at_0_db["ls"]
    assert rows_of(folder / "polyu" / "link" / "results.csv")
    assert (folder / "umi64" / "link" / "results.csv").read_bytes() == before


def test_folder_of_another_demo_is_refused(tmp_path):
    claim_folder(tmp_path / "demo", {"seed": 1}, "demo")
    claim_folder(tmp_path / "demo", {"seed": 1}, "demo")
    with pytest.raises(
        ValueError, match=r"holds a demo of another.* \(seed: 1 there, 2 here\)"
    ):
        claim_folder(tmp_path / "demo", {"seed": 2}, "demo")


def test_folder_of_something_else_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("do not touch")
    with pytest.raises(ValueError, match="not empty and holds no demo"):
        claim_folder(tmp_path, {"seed": 1}, "demo")
