"""A bare install: what runs without TensorFlow, and what it says of the rest."""

import importlib.util
import subprocess
import sys

import numpy as np
import pytest

import commgen

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("tensorflow") is not None,
    reason="TensorFlow is installed: make light has environments without it",
)


def run(*arguments):
    command = [sys.executable, "-m", "commgen.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60)


def test_nothing_of_tensorflow_is_here():
    for name in ("keras", "sionna", "sklearn"):
        assert importlib.util.find_spec(name) is None


def test_help_and_datasets_run(tmp_path):
    assert run("--help").returncode == 0
    assert "wifi_polyu_mimo" in run("datasets", "show", "wifi_polyu_mimo").stdout
    rng = np.random.default_rng(1)
    h = rng.normal(size=(40, 2, 1, 1, 8, 2)) @ [1, 1j]
    np.savez(tmp_path / "mine.npz", h=h)
    done = run(
        *("datasets", "import", tmp_path / "mine.npz", "--normalise", "set"),
        *("--subcarrier-spacing-hz", "15e3", "--carrier-hz", "2.4e9"),
        *("-o", tmp_path / "mine.h5"),
    )
    assert done.returncode == 0, done.stderr
    found = commgen.datasets.load_events(tmp_path / "mine.h5")
    assert found.h.shape == (40, 2, 8)
    assert run("datasets", "show", tmp_path / "mine.h5").returncode == 0


def test_a_verb_that_needs_more_says_what_to_install(tmp_path):
    done = run("datasets", "make", "umi64", "-n", 9, "--seed", 1, "-o", tmp_path / "h")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "pip install '.[tensorflow]'" in line


def test_a_room_that_needs_more_says_what_to_install():
    with pytest.raises(ModuleNotFoundError, match=r"extra tensorflow"):
        _ = commgen.generative.GaussianMixture
    with pytest.raises(ModuleNotFoundError, match=r"extra tensorflow"):
        _ = commgen.phy.Link
