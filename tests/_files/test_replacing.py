"""A folder is replaced whole, wherever the process is killed in between."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from commgen._files import replacing
from commgen._files.replacing import recover_folder
from commgen._files.temporary import sweep
from commgen._files.whole import atomic_folder

# Also where commgen is not installed.
ENV = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
# Replaces the folder "model", and is killed at step sys.argv[1] of those named.
REPLACE = """
import os, shutil, sys
from pathlib import Path
from commgen._files import replacing, temporary
from commgen._files.whole import atomic_folder

left = int(sys.argv[1])
def killed_in_time(function):
    def call(*arguments, **options):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return function(*arguments, **options)
    return call

if sys.argv[2] == "two steps":
    replacing._exchange = lambda a, b: False
for module, name in ((os, "rename"), (os, "replace"), (shutil, "rmtree")):
    setattr(module, name, killed_in_time(getattr(module, name)))
replacing._exchange = killed_in_time(replacing._exchange)
with atomic_folder("model") as folder:
    (folder / "a").write_text("new")
"""


def tell(folder, text):
    folder.mkdir(exist_ok=True)
    (folder / "a").write_text(text)


@pytest.mark.parametrize("way", ["exchange", "two steps"])
def test_a_kill_at_any_step_leaves_a_whole_folder(way, tmp_path):
    code, step, found = 9, 0, []
    while code == 9:
        tell(tmp_path / "model", "old")
        command = [sys.executable, "-c", REPLACE, str(step), way]
        run = subprocess.run(command, cwd=tmp_path, env=ENV, timeout=60)
        code, step = run.returncode, step + 1
        recover_folder(tmp_path / "model")
        sweep(tmp_path / "model")
        found.append((tmp_path / "model" / "a").read_text())
        assert os.listdir(tmp_path) == ["model"]
    assert code == 0
    assert step > 2
    assert found[0] == "old"
    assert found[-1] == "new"


def test_a_folder_that_is_being_replaced_is_left_alone(tmp_path, monkeypatch):
    """Who reads between the two renames must not undo the first."""
    tell(tmp_path / "model", "old")
    monkeypatch.setattr(replacing, "_exchange", lambda a, b: False)
    rename, seen = os.rename, []

    def then_read(old, new):
        rename(old, new)
        recover_folder(tmp_path / "model")
        seen.append((tmp_path / "model").exists())

    monkeypatch.setattr(os, "rename", then_read)
    with atomic_folder(tmp_path / "model") as folder:
        tell(folder, "new")
    assert seen == [False]
    assert (tmp_path / "model" / "a").read_text() == "new"
    assert os.listdir(tmp_path) == ["model"]


def test_a_folder_keeps_mode_owner_and_link(tmp_path):
    tell(tmp_path / "real", "old")
    (tmp_path / "real").chmod(0o711)
    (tmp_path / "link").symlink_to("real")
    with atomic_folder(tmp_path / "link") as folder:
        tell(folder, "new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real" / "a").read_text() == "new"
    assert (tmp_path / "real").stat().st_mode & 0o777 == 0o711
