"""``commgen benchmark generative`` and ``commgen augment``, at their smallest."""

import csv
from functools import partial

import pytest


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
def test_benchmark_trains_judges_and_goes_on(commgen, tmp_path, monkeypatch):
    from commgen.studies.generative.sampling import sampling_cost

    monkeypatch.delenv("COMMGEN_DATA", raising=False)
    # Five rounds of 1,024 channels of each source take longer than all the rest.
    short = partial(sampling_cost, rounds=1, num_channels=256)
    monkeypatch.setattr("commgen.studies.generative.benchmark.sampling_cost", short)
    command = ["benchmark", "generative", "-o", tmp_path / "b", "--quick"]
    command += ["--families", "gmm,vae,diffusion"]
    result = commgen(*command)
    assert "Asked and measured" in result.out
    assert "wifi_polyu_mimo is left out: COMMGEN_DATA names no folder" in result.out
    families = rows_of(tmp_path / "b" / "families.csv")
    names = [row["source"] for row in families]
    assert names == ["truth again", "Gaussian", "gmm", "vae", "diffusion"]
    for row in families[2:]:
        assert 0 < float(row["sample_ms"]) < 100
        assert (tmp_path / "b" / row["source"] / "model.keras").is_file()
    for name in ("asked", "few-shot-uma-64", "link", "super-resolution-tdl-grid"):
        assert rows_of(tmp_path / "b" / f"{name}.csv")
    for name in ("families.png", "umi64.png"):
        assert (tmp_path / "b" / name).stat().st_size > 10_000
    # Again: all is found.
    before = (tmp_path / "b" / "families.csv").read_bytes()
    commgen(*command)
    assert (tmp_path / "b" / "families.csv").read_bytes() == before


def test_benchmark_keeps_folders_apart(refused, tmp_path):
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "mine.txt").write_text("keep")
    told = refused("benchmark", "generative", "-o", tmp_path / "b")
    assert "is not empty and holds no study" in told
    (tmp_path / "b" / "mine.txt").unlink()
    (tmp_path / "b" / "study.json").write_text('{"seed": 7}')
    told = refused("benchmark", "generative", "-o", tmp_path / "b")
    assert "holds a study of another configuration (quick: null there" in told
    told = refused("benchmark", "generative", "--families", "gmm,cnn")
    assert told.startswith("families must be of")


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ("100,many", "sizes must be whole numbers, such as 100,300, got '100,many'"),
        ("5", "sizes must be different and at least 20, got '5'"),
        ("50,50", "sizes must be different and at least 20"),
    ],
)
def test_augment_checks_sizes(refused, tmp_path, sizes, message):
    told = refused("augment", "-o", tmp_path / "a", "--sizes", sizes)
    assert told.startswith(message)


@pytest.mark.slow
def test_estimators_are_trained_recalibrated_and_judged(commgen, tmp_path):
    folder = tmp_path / "b"
    command = ["benchmark", "estimation", "-o", folder, "--quick"]
    result = commgen(*command, "--sets", "umi64")
    assert "Asked and measured" in result.out
    rows = rows_of(folder / "estimation.csv")
    names = dict.fromkeys(row["estimator"] for row in rows)
    assert [*names] == ["ls", "lmmse", "gmm", "stationary", "genie"]
    at_10 = {r["estimator"]: r for r in rows if r["snr_db"] == "10"}
    assert float(at_10["genie"]["nmse_db"]) < float(at_10["lmmse"]["nmse_db"])
    assert 0.8 < float(at_10["stationary"]["coverage_90"]) < 0.97
    assert (folder / "umi64" / "best" / "model.keras").is_file()
    for name in ("asked", "limit"):
        assert rows_of(folder / f"{name}.csv")
    before = (folder / "estimation.csv").read_bytes()
    commgen(*command, "--sets", "umi64")
    assert (folder / "estimation.csv").read_bytes() == before


@pytest.mark.parametrize(
    ("sets", "message"),
    [("umi", "sets must be of ['umi64',"), ("shifts", "sets must have umi64 with")],
)
def test_sets_are_checked(refused, tmp_path, sets, message):
    command = ("benchmark", "estimation", "-o", tmp_path / "b", "--sets", sets)
    assert message in refused(*command)
    assert not (tmp_path / "b").exists()
