"""Temporary files go with their writers, and those of the living stay."""

import os
import subprocess
import sys

import pytest

from commgen._files.temporary import sweep
from commgen._files.whole import atomic_path, write_text

HANGING = """
import sys, time
from commgen._files.whole import {way}
with {way}(sys.argv[1]) as path:
    (path / "part" if path.is_dir() else path).write_text("half")
    print("there", flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize("way", ["atomic_path", "atomic_folder"])
def test_what_the_killed_left_goes_and_what_the_living_write_stays(way, tmp_path):
    target = tmp_path / "a.out"
    command = [sys.executable, "-c", HANGING.format(way=way), target]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"there\n"
            sweep(target)
            assert len(os.listdir(tmp_path)) == 1
        finally:
            process.kill()
    (left,) = os.listdir(tmp_path)
    (tmp_path / left.replace(".a.", ".b.")).write_text("of another file")
    sweep(target)
    assert os.listdir(tmp_path) == [left.replace(".a.", ".b.")]


def test_two_at_once_are_both_whole(tmp_path):
    with atomic_path(tmp_path / "a") as one, atomic_path(tmp_path / "a") as two:
        assert one != two
        one.write_text("one")
        two.write_text("two")
    assert (tmp_path / "a").read_text() == "one"
    assert os.listdir(tmp_path) == ["a"]


@pytest.mark.parametrize("name", ["n" * 255, "ä" * 127, "a." + "s" * 250, ".hidden"])
def test_names_as_long_as_names_may_be(name, tmp_path):
    for _ in range(2):
        write_text(tmp_path / name, "text")
    assert os.listdir(tmp_path) == [name]
