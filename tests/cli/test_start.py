"""Starting commgen: help, version, and what it loads."""

import subprocess
import sys
import time

import numpy as np
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


class ResourceExhaustedError(Exception):
    """As TensorFlow's, which is not loaded here."""


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (MemoryError("Unable to allocate 8 TiB"), "not enough memory (Unable to"),
        (MemoryError(), "not enough memory (MemoryError)"),
        (ResourceExhaustedError("OOM"), "not enough memory (OOM)"),
        (RecursionError("too deep"), "RecursionError: too deep (nobody foresaw"),
        (KeyError("snr_db"), "KeyError: 'snr_db' (nobody foresaw this; with COMM"),
        (ValueError("a\x1b]0;b\x07\n c"), "a\\x1b]0;b\\x07 c"),
        (ValueError("x" * 9000), "xxx..."),
        (OSError(), "OSError"),
    ],
)
def test_whatever_happens_is_told_in_one_line(refused, monkeypatch, error, told):
    def fail():
        raise error

    monkeypatch.delenv("COMMGEN_DEBUG", raising=False)
    monkeypatch.setattr("commgen.datasets.catalogue", fail)
    line = refused("datasets", "list")
    assert told in line
    assert len(line) <= 2000


def test_names_are_printed_as_they_are(commgen, refused, tmp_path):
    """Neither as markup, nor as emoji, nor as a command to the terminal."""
    h = np.ones((3, 2, 4), np.complex64)
    np.savez(tmp_path / "a.npz", h=h)
    name = tmp_path / "a[/b][red]:smile:\x1b[31m.h5"
    told = commgen(
        *("datasets", "import", tmp_path / "a.npz", "-o", name),
        *("--subcarrier-spacing-hz", "15e3"),
    )
    assert "a[/b][red]:smile:\\x1b[31m.h5: 3 channels" in told.out
    shown = commgen("datasets", "show", name)
    assert "a[/b][red]:smile:" in "".join(shown.out.split())
    assert "\x1b" not in told.out + shown.out
    assert "none[/b]" in refused("datasets", "show", tmp_path / "none[/b]")
