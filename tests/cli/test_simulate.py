"""What ``commgen simulate`` refuses; what it does is tested with the link."""

import re

import pytest
import yaml


@pytest.fixture
def example(commgen):
    return yaml.safe_load(commgen("simulate", "--example").out)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"sweeep": {}}, "sweeep: is an unknown key"),
        ({"seed": -1}, "seed"),
        ({"estimators": []}, "estimators"),
    ],
)
def test_unknown_keys_and_bad_values(refused, example, tmp_path, change, message):
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({**example, **change}))
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert message in told
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


@pytest.mark.parametrize("section", ["channel", "link", "sweep"])
def test_unknown_keys_of_a_section(refused, example, tmp_path, section):
    example[section]["snr_setp_db"] = 1
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(example))
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert section in told
    assert "snr_setp_db" in told


def test_snr_step_below_zero(refused, example, tmp_path):
    example["sweep"]["snr_step_db"] = -2
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(example))
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert "snr_step_db" in told
    assert "must be > 0, got -2" in told


@pytest.mark.parametrize(("start", "stop"), [(-1e5, 0), (0, 400)])
def test_snr_that_single_precision_does_not_carry(
    refused, example, tmp_path, start, stop
):
    span = {"snr_start_db": start, "snr_stop_db": stop, "snr_step_db": stop - start}
    example["sweep"] |= span
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(example))
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert re.match(r"sweep\.snr_st\w+_db: must be between -150 and 150 dB", told)
    assert [path.name for path in tmp_path.iterdir()] == ["c.yaml"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "must be a mapping of keys to values, got NoneType"),
        ("[1, 2]", "must be a mapping of keys to values, got list"),
        ("a: [", "c.yaml"),
        ("a: 1\n\tb: 2", "c.yaml"),
    ],
)
def test_files_that_are_no_configuration(refused, tmp_path, text, message):
    (tmp_path / "c.yaml").write_text(text)
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert message in told


def test_missing_files(refused, example, tmp_path):
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert "c.yaml" in told
    assert "needs CONFIG.yaml and --output DIR" in refused("simulate")
    example["estimators"] = [{"kind": "prior", "model": "nowhere", "event": "grid"}]
    (tmp_path / "c.yaml").write_text(yaml.safe_dump(example))
    told = refused("simulate", tmp_path / "c.yaml", "-o", tmp_path / "run")
    assert "nowhere" in told


def test_datasets_refuse(refused, toy, tmp_path):
    assert "is neither a file nor one of" in refused("datasets", "show", "nowhere")
    (tmp_path / "a.h5").write_bytes(b"none")
    assert "a.h5" in refused("datasets", "show", tmp_path / "a.h5")
    told = refused(
        *("datasets", "make", "marsian", "-o", tmp_path / "b.h5"),
        *("-n", 3, "--seed", 1),
    )
    assert "marsian" in told
    assert [path.name for path in tmp_path.iterdir()] == ["a.h5"]
