"""Experiments that cost nothing, also in processes without TensorFlow."""

import copy
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from commgen.montecarlo import run_experiment

SAMPLES = Path(__file__).parent / "samples"
BLOCK = """
import sys

class Block:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in {"tensorflow", "keras", "sionna"}:
            raise ModuleNotFoundError(f"{name} was loaded")

sys.meta_path.insert(0, Block())
"""
COIN = {
    "seed": 1,
    "tails": {"fair": 0.5, "bent": 0.3},
    "bias": [0.0, 1.0, 2.0, 3.0],
    "sweep": {
        "batch_size": 200,
        "max_num_blocks": 20_000,
        "target_block_errors": 300,
        "target_bler": [0.1, 0.05],
    },
}
AWGN = {
    "seed": 1,
    "num_bits_per_symbol": [2, 4],
    "sweep": {
        "snr_start_db": 0,
        "snr_stop_db": 16,
        "snr_step_db": 4,
        "batch_size": 500,
        "max_num_blocks": 20_000,
        "target_block_errors": 300,
    },
}


def load(name):
    spec = importlib.util.spec_from_file_location(name, SAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that what is in it can be pickled
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def coin():
    """Class of the experiment with coins."""
    return load("coin").Coin


@pytest.fixture(scope="session")
def awgn():
    """Class of the experiment with an AWGN channel."""
    return load("awgn").Awgn


@pytest.fixture
def coin_values():
    return copy.deepcopy(COIN)


@pytest.fixture
def awgn_values():
    return copy.deepcopy(AWGN)


@pytest.fixture(scope="session", params=["coin", "awgn"])
def experiment(request):
    """Each sample, from its plain values."""
    values = {"coin": COIN, "awgn": AWGN}[request.param]
    return request.getfixturevalue(request.param).parse(values)


@pytest.fixture(scope="session")
def finished(experiment, tmp_path_factory):
    """What each sample found; its folder is not to be written to."""
    folder = tmp_path_factory.mktemp("finished") / "run"
    return run_experiment(experiment, folder, progress=False)


@pytest.fixture
def start():
    """Start Python with the samples at hand, and TensorFlow and Sionna blocked."""
    path = os.pathsep.join([str(SAMPLES), *sys.path])
    begun = []

    def begin(code, *arguments):
        command = [sys.executable, "-c", BLOCK + code, *map(str, arguments)]
        process = subprocess.Popen(
            command,
            env={**os.environ, "PYTHONPATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        begun.append(process)
        return process

    yield begin
    for process in begun:
        process.kill()
        process.communicate(timeout=60)


@pytest.fixture
def run(start):
    """Run Python to its end, and return what it printed."""

    def to_the_end(code, *arguments):
        process = start(code, *arguments)
        out, err = process.communicate(timeout=240)
        assert process.returncode == 0, err[-3000:]
        return out

    return to_the_end
