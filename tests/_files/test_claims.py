"""A folder is one command's: it goes on, is done, or begins anew."""

import os

import pytest

from commgen._files.claims import claim_folder, claimed_folder


def work(folder, seed, *, of=None, force=False):
    """Return whether the folder was done before; write into it where it was not."""
    settings = {"seed": seed}
    with claimed_folder(folder, settings, "demo", of=of, force=force) as done:
        if not done:
            (folder / "table.csv").write_text(str(seed))
    return done


def test_done_once_and_for_all(tmp_path):
    folder = tmp_path / "runs" / "demo"
    assert [work(folder, 1) for _ in range(3)] == [False, True, True]
    (folder / "table.csv").unlink()
    assert not work(folder, 1)
    assert work(folder, 1)


def test_more_parts_are_more_to_do(tmp_path):
    assert not work(tmp_path, 1, of={"sets": ["a"]})
    assert not work(tmp_path, 1, of={"sets": ["a", "b"]})
    assert work(tmp_path, 1, of={"sets": ["a", "b"]})


def test_what_was_cut_off_goes_on(tmp_path):
    claim_folder(tmp_path / "a", {"seed": 1}, "demo")
    (tmp_path / "a" / "half").touch()
    for force in (False, True):
        assert not claim_folder(tmp_path / "a", {"seed": 1}, "demo", force=force)
    assert (tmp_path / "a" / "half").exists()


def test_force_begins_anew_but_takes_no_strange_folder(tmp_path):
    work(tmp_path / "a", 1)
    (tmp_path / "a" / "models").mkdir()
    with pytest.raises(ValueError, match=r"\(seed: 1 there, 2 here\); --force begins"):
        work(tmp_path / "a", 2)
    assert not work(tmp_path / "a", 2, force=True)
    assert sorted(os.listdir(tmp_path / "a")) == ["demo.json", "table.csv"]
    assert (tmp_path / "a" / "table.csv").read_text() == "2"
    assert not work(tmp_path / "a", 2, force=True)
    (tmp_path / "thesis").mkdir()
    (tmp_path / "thesis" / "main.tex").write_text("years")
    with pytest.raises(ValueError, match="is not empty and holds no demo"):
        work(tmp_path / "thesis", 2, force=True)
    assert os.listdir(tmp_path / "thesis") == ["main.tex"]


@pytest.mark.parametrize("began", [True, False])
def test_what_fails_leaves_what_it_wrote_and_nothing_else(began, tmp_path):
    def fail():
        with claimed_folder(tmp_path / "runs" / "a", {}, "demo"):
            if began:
                (tmp_path / "runs" / "a" / "table.csv").touch()
            raise ValueError("too few channels")

    with pytest.raises(ValueError, match="too few"):
        fail()
    assert os.listdir(tmp_path) == (["runs"] if began else [])
