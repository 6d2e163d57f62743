"""Starting commgen: help, version, and what it loads."""

import subprocess
import sys
import time

import pytest
from typer.testing import CliRunner

import commgen as package
from commgen.cli import app

VERBS = ("train", "generate", "estimate", "simulate", "demo", "datasets")


def test_help_is_quick_and_loads_no_tensorflow():
    code = (
        "import sys, atexit; sys.argv = ['commgen', '--help']\n"
        "atexit.register(lambda: print('heavy:', sorted({'tensorflow', 'keras', "
        "'sionna', 'matplotlib', 'scipy'} & set(sys.modules))))\n"
        "from commgen.cli import main; main()"
    )
    started = time.time()
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60
    )
    seconds = time.time() - started
    assert run.returncode == 0, run.stderr
    assert "heavy: []" in run.stdout
    for verb in VERBS:
        assert verb in run.stdout
    assert seconds < 10  # a second or so where nothing else runs


@pytest.mark.parametrize("verb", VERBS)
def test_each_verb_has_help(verb):
    result = CliRunner().invoke(app, [verb, "--help"])
    assert result.exit_code == 0
    assert "Usage" in result.output


def test_version(commgen):
    assert commgen("--version").out.strip() == package.__version__


def test_the_installed_command_is_this_one():
    from importlib.metadata import entry_points

    (entry,) = entry_points(group="console_scripts", name="commgen")
    assert entry.value == "commgen.cli:main"


def test_unknown_verb_and_missing_option(commgen, toy):
    assert "No such command" in commgen("fly", code=2).err
    assert "--output" in commgen("train", toy / "train.h5", code=2).err


def test_debug_shows_where_an_error_came_from(monkeypatch, tmp_path):
    from commgen.cli import main

    monkeypatch.setenv("COMMGEN_DEBUG", "1")
    monkeypatch.setattr(
        sys, "argv", ["commgen", "generate", "--model", "no", "-o", "x.txt"]
    )
    with pytest.raises(ValueError, match=r"output must end in \.h5 or \.npz"):
        main()


def test_an_error_after_tensorflow_is_one_line_too(tmp_path):
    """In a process of its own, where TensorFlow talks when it starts."""
    run = subprocess.run(
        [
            *(sys.executable, "-m", "commgen.cli", "generate"),
            *("--model", tmp_path / "none", "-o", tmp_path / "h.npz"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 2
    assert run.stdout == ""
    (line,) = run.stderr.splitlines()
    assert line.startswith("error: no model at")
    assert list(tmp_path.iterdir()) == []
