"""The command line as a user meets it: arguments in, exit code and text out."""

import sys
from dataclasses import dataclass

import numpy as np
import pytest

from commgen.cli import main
from commgen.datasets import ChannelMeta, write_channels

META = ChannelMeta(
    domain="frequency",
    subcarrier_spacing_hz=30e3,
    carrier_hz=3.5e9,
    source="toy channels",
)


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str


@pytest.fixture
def commgen(capsys, monkeypatch):
    """Run ``commgen ARGUMENTS``, with all that main() does."""

    def run(*arguments, code=0):
        monkeypatch.setattr(sys, "argv", ["commgen", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stop:
            main()
        result = Result(stop.value.code or 0, *capsys.readouterr())
        assert result.code == code, result.err
        return result

    return run


@pytest.fixture
def refused(commgen):
    """Run what must fail: code 2, one line of error. Return the line."""

    def run(*arguments):
        result = commgen(*arguments, code=2)
        lines = result.err.splitlines()
        assert len(lines) == 1, result.err
        assert lines[0].startswith("error: ")
        assert result.out == ""
        return lines[0].removeprefix("error: ")

    return run


@pytest.fixture(scope="session")
def draw():
    """Two-tap channels over eight subcarriers, [n, 1, 1, 1, 8]."""

    def draw(n, seed):
        rng = np.random.default_rng(seed)
        taps = rng.normal(size=(n, 2, 2)) @ [1, 1j] * np.sqrt([0.4, 0.1])
        steering = np.exp(-2j * np.pi * np.outer([0, 1], np.arange(8)) / 8)
        return (taps @ steering).reshape(n, 1, 1, 1, 8).astype(np.complex64)

    return draw


@pytest.fixture(scope="session")
def toy(tmp_path_factory, draw):
    """A folder with channel files and a model of them; do not write into it."""
    folder = tmp_path_factory.mktemp("toy")
    write_channels(folder / "train.h5", draw(300, 1), META, {})
    write_channels(folder / "other.h5", draw(40, 2)[..., :4], META, {})
    write_channels(folder / "quiet.h5", 1e-6 * draw(40, 2), META, {})
    return folder


@pytest.fixture(scope="session")
def model(toy):
    """A mixture of two components, trained by the command in a process of its own."""
    import subprocess

    run = subprocess.run(
        [
            *(sys.executable, "-m", "commgen.cli", "train", toy / "train.h5"),
            *("--output", toy / "model", "--family", "gmm", "--num-components", "2"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr
    assert "fitted to 300 channels" in run.stdout
    for line in run.stderr.splitlines():
        assert line.startswith("fitting GMM"), run.stderr
    return toy / "model"


@pytest.fixture
def received(draw):
    """Channels that the model has not seen, and noisy observations: (h, y, no)."""
    h, no = draw(100, 9), 0.3
    noise = np.random.default_rng(10).normal(size=(*h.shape, 2)) @ [1, 1j]
    y = h + np.sqrt(no / 2) * noise
    return h[:, 0, 0, 0], y.astype(np.complex64)[:, 0, 0, 0], no
