"""A command that is killed while it writes; benchmarks/kill_verbs.py kills all."""

import os
import signal
import subprocess
import sys
import time

import numpy as np
import pytest


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = tmp_path_factory.mktemp("kills")
    h = np.random.default_rng(1).normal(size=(100_000, 8, 2)) @ [1, 1j]
    np.savez(place / "h.npz", h=h)
    return place


def start(place, *options):
    command = ["datasets", "import", "h.npz", "--sample-rate-hz", "1", "-o", "c.h5"]
    return subprocess.Popen(
        [sys.executable, "-m", "commgen.cli", *command, *options],
        cwd=place,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def kill(process, place, number):
    """Kill a command when it has begun to write; return its exit code and error."""
    for _ in range(6000):
        if len(os.listdir(place)) > 1:
            break
        time.sleep(0.01)
    process.send_signal(number)
    error = process.communicate(timeout=60)[1]
    return process.returncode, error.splitlines()[-1:]


def test_the_next_run_is_that_of_one_that_was_left_alone(place):
    assert kill(start(place), place, signal.SIGKILL)[0] == -9
    (left,) = set(os.listdir(place)) - {"h.npz"}
    assert left.startswith(".c.")
    found = []
    for options in ((), ("--force",)):
        process = start(place, *options)
        out, error = process.communicate(timeout=60)
        assert process.returncode == 0, error
        assert "100000 channels" in out
        assert sorted(os.listdir(place)) == ["c.h5", "h.npz"]
        found.append((place / "c.h5").read_bytes())
    assert found[0] == found[1]
    (place / "c.h5").unlink()


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_an_orderly_end_leaves_nothing(place, name, code):
    found = kill(start(place), place, signal.Signals[name])
    assert found == (code, [f"ended by {name}"])
    assert os.listdir(place) == ["h.npz"]
