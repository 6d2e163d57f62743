"""Files of any room: whole or not there, and damaged ones told in a sentence."""

import csv
import json

import numpy as np
import pytest

from commgen._files.claims import claim_folder
from commgen._files.npz import npz_names, read_npz, write_npz
from commgen._files.tables import write_csv
from commgen._files.whole import check_folder, read_json


@pytest.fixture
def archive(tmp_path):
    write_npz(tmp_path / "a.npz", {"x": np.arange(100), "y": np.ones(3)})
    return tmp_path / "a.npz"


def test_arrays_come_back(archive):
    assert npz_names(archive) == ["x", "y"]
    found = read_npz(archive)
    np.testing.assert_array_equal(found["x"], np.arange(100))
    assert list(read_npz(archive, ["y"])) == ["y"]
    with pytest.raises(ValueError, match=r"has no array 'z'; it holds \['x', 'y'\]"):
        read_npz(archive, ["x", "z"])


def test_a_name_without_suffix_is_kept(tmp_path):
    write_npz(tmp_path / "plain", {"x": np.ones(2)}, compressed=True)
    assert [path.name for path in tmp_path.iterdir()] == ["plain"]
    np.testing.assert_array_equal(read_npz(tmp_path / "plain")["x"], 1)


def test_damage_anywhere_is_one_sentence(archive):
    content = archive.read_bytes()
    for cut in range(0, len(content), 37):
        archive.write_bytes(content[:cut])
        with pytest.raises(ValueError, match=r"a\.npz cannot be read as \.npz: "):
            read_npz(archive)
    flipped = bytearray(content)
    flipped[len(content) // 3] ^= 0xFF
    archive.write_bytes(flipped)
    with pytest.raises(ValueError, match=r"cannot be read as \.npz"):
        read_npz(archive)


def test_a_single_array_and_pickles_are_refused(tmp_path):
    np.save(tmp_path / "one.npy", np.ones(2))
    with pytest.raises(ValueError, match="File is not a zip file"):
        read_npz(tmp_path / "one.npy")
    np.savez(tmp_path / "p.npz", x=np.array([{}], dtype=object))
    with pytest.raises(ValueError, match="array x holds pickled objects"):
        read_npz(tmp_path / "p.npz")
    with pytest.raises(FileNotFoundError):
        read_npz(tmp_path / "none.npz")


def test_json_that_is_none_is_named(tmp_path):
    (tmp_path / "card.json").write_text("{")
    with pytest.raises(ValueError, match=r"card\.json is not valid JSON"):
        read_json(tmp_path / "card.json")


def test_rows_of_a_table(tmp_path):
    rows = [
        {"name": "a", "value": 1 / 3, "cpu_seconds": 1 / 3},
        {"name": "b", "value": float("-inf"), "cpu_seconds": 2.0, "note": None},
    ]
    write_csv(tmp_path / "t.csv", rows)
    with open(tmp_path / "t.csv", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["value"] for row in found] == ["0.333333", "-inf"]
    assert [row["cpu_seconds"] for row in found] == ["0.333", "2.000"]
    assert [row["note"] for row in found] == ["", ""]
    with pytest.raises(KeyError):
        write_csv(tmp_path / "t.csv", rows, ("name", "note"))


def test_a_folder_is_claimed_once(tmp_path):
    folder = tmp_path / "run"
    for _ in range(2):
        claim_folder(folder, {"seed": 1}, "demo")
    assert json.loads((folder / "demo.json").read_text()) == {"seed": 1}
    with pytest.raises(ValueError, match="holds a demo of another configuration"):
        claim_folder(folder, {"seed": 2}, "demo")
    with pytest.raises(ValueError, match="is not empty and holds no run"):
        check_folder(folder, "run", "config.yaml")
    with pytest.raises(ValueError, match="must be a folder, it is a file"):
        check_folder(folder / "demo.json", "run", "config.yaml")
