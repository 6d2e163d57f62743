"""The fuzzer by itself, and a minute of it; ``make fuzz`` runs for hours."""

import ast
import random
import re
import subprocess
import sys
import time
from pathlib import Path

import fuzz
import mutate
import pytest
import readers
import samples

HERE = Path(__file__).parent
PACKAGE = HERE.parents[1] / "commgen"


# What opens its files by load_model or ChannelFile alone.
THROUGH_OTHERS = {
    "load_neural_receiver",
    "load_angle_network",
    "SurrogateChannel",
    "TrainedModels",
    "load_candidate",
    "read_set",
    "Exportable",
    "ConstellationModel",
    "LearnedPrecoder",
    "LearnedLooks",
}
# From memory, of this package, and radios that open a device.
NO_FILES = {
    "load_base_graph",
    "FlowRadio",
    "SimulatedRadio",
    "SentFromElsewhere",
    "SendingUsrp",
    "LocalRounds",
    "NetworkServer",
    "NetworkTraining",
    "TrainedModel",
}


def test_every_reader_is_in_the_list():
    """Functions called read, load or open, and classes that have such a method."""
    found = set()
    for stub in PACKAGE.rglob("*.pyi"):
        found |= set(re.findall(r" as ((?:read|load|open)_\w+)", stub.read_text()))
    for path in PACKAGE.rglob("*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                names = {f.name for f in node.body if isinstance(f, ast.FunctionDef)}
                found |= {node.name} if names & {"load", "open", "from_file"} else set()
    listed = {name for reader in readers.READERS.values() for name in reader.names}
    assert found - listed - THROUGH_OTHERS - NO_FILES == set()


class Bad:
    sealed = True

    def __init__(self, read):
        self.read = read


def raises(error):
    def read(path):
        raise error

    return read


@pytest.mark.parametrize(
    ("read", "finding"),
    [
        (raises(ValueError("h.npz is damaged.")), None),
        (raises(OSError("no such file")), None),
        (raises(ValueError("")), "says ''"),
        (raises(KeyError("a")), "KeyError: 'a'"),
        (raises(MemoryError()), "MemoryError"),
        (raises(RecursionError()), "RecursionError"),
        (raises(SystemExit(0)), "SystemExit"),
        (lambda path: "content", None),
        (lambda path: "other", "other content under the same seal"),
        (lambda path: time.sleep(9), "TimeoutExpired"),
    ],
)
def test_findings(monkeypatch, tmp_path, read, finding):
    import signal

    monkeypatch.setattr(fuzz, "SECONDS", 0.02)
    before = signal.signal(signal.SIGALRM, fuzz.too_long)
    try:
        told = fuzz.attempt(Bad(read), tmp_path / "a", "content", unchanged=False)
    finally:
        signal.signal(signal.SIGALRM, before)
    assert told is None if finding is None else finding in told


def test_a_sound_file_must_not_be_refused(tmp_path):
    reader = Bad(raises(ValueError("damaged")))
    told = fuzz.attempt(reader, tmp_path / "a", "content", unchanged=True)
    assert told == "the sound file is refused"


def test_damage_repeats_with_its_seed_and_varies_without(tmp_path):
    files = [*samples.arrays(tmp_path), *samples.model_card(tmp_path)]
    for content in (path.read_bytes() for path in files):
        many = [mutate.mutate(content, random.Random(i)) for i in range(200)]
        again = [mutate.mutate(content, random.Random(i)) for i in range(200)]
        assert many == again
        assert len(set(many)) > 150


@pytest.mark.slow
def test_no_damaged_file_ends_in_more_than_a_line(tmp_path):
    command = [sys.executable, HERE / "fuzz.py", "--light", "--inputs", "80"]
    run = subprocess.run(
        [*command, "--seed", "7", "--output", tmp_path],
        capture_output=True,
        text=True,
        timeout=550,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    light = [name for name, reader in readers.READERS.items() if not reader.heavy]
    assert re.findall(r"(\S+): 80 inputs, 0 findings", run.stdout) == light
