"""Each class of a saved model, loaded by each verb in a process that knows none."""

import json
import subprocess
import sys

import numpy as np
import pytest

# Runs the verb for each list of arguments; at first no class of a model is imported.
CODE = """
import json, sys
from commgen.cli import main
from commgen.generative.names import MODULES

assert not set(MODULES.values()) & set(sys.modules)
for arguments in json.load(open(sys.argv[1])):
    sys.argv = ["commgen", *arguments]
    try:
        main()
    except SystemExit as stop:
        assert not stop.code, arguments
"""
NO_PRIOR = ("wgan", "coupling", "autoregressive")
SNRS = {"snr_start_db": 0, "snr_stop_db": 0, "batch_size": 8, "max_num_blocks": 8}


@pytest.fixture(scope="module")
def models(families, fitted, channels, tmp_path_factory):
    """A folder with one model of each family, and of what wraps a prior."""
    from commgen.inference.uncertainty import CalibratedPrior, GuardedPrior

    folder = tmp_path_factory.mktemp("models")
    for name in families:
        fitted(name).save(folder / name)
    guarded = CalibratedPrior(GuardedPrior(fitted("one")))
    guarded.save(folder / "calibrated")
    return folder


@pytest.fixture(scope="module")
def truth(channels, tmp_path_factory):
    from commgen.datasets import ChannelMeta, write_channels

    path = tmp_path_factory.mktemp("truth") / "h.h5"
    meta = ChannelMeta(
        domain="frequency", subcarrier_spacing_hz=30e3, bandwidth_hz=6 * 30e3
    )
    power = np.mean(np.abs(channels) ** 2)
    h = (channels / np.sqrt(power))[:, :, None, None, :]
    write_channels(path, h, meta, {"day": np.arange(len(h))})
    return path


def run(commands, place):
    (place / "commands.json").write_text(
        json.dumps([list(map(str, command)) for command in commands])
    )
    done = subprocess.run(
        [sys.executable, "-c", CODE, place / "commands.json"],
        cwd=place,
        capture_output=True,
        text=True,
        timeout=500,
    )
    assert done.returncode == 0, done.stderr[-2000:]


def priors(models):
    return [path for path in sorted(models.iterdir()) if path.name not in NO_PRIOR]


@pytest.mark.slow
def test_generate(models, tmp_path):
    # A calibrated prior first: it lies in another room than what it wraps.
    names = ["calibrated", *(p.name for p in models.iterdir())]
    run(
        [("generate", "--model", models / n, "-n", 2, "-o", f"{n}.npz") for n in names],
        tmp_path,
    )
    assert len(list(tmp_path.glob("*.npz"))) == len(set(names))


@pytest.mark.slow
def test_estimate(models, channels, tmp_path):
    np.savez(tmp_path / "y.npz", y=channels[:3], snr_db=0.0)
    run(
        [
            ("estimate", "--model", path, "-i", "y.npz", "-o", f"{path.name}-h.npz")
            for path in priors(models)
        ],
        tmp_path,
    )
    assert len(list(tmp_path.glob("*-h.npz"))) == len(priors(models))


@pytest.mark.slow
def test_evaluate(models, truth, tmp_path):
    names = ("calibrated", "coupling")
    options = ("--truth", truth, "-n", 60, "--no-downstream")
    run(
        [("evaluate", models / n, *options, "-o", f"report-{n}") for n in names],
        tmp_path,
    )
    assert len(list(tmp_path.glob("report-*/report.csv"))) == len(names)


@pytest.mark.slow
def test_simulate(models, channels, tmp_path):
    """Channels that a flow draws, and a wrapped prior that estimates them."""
    from commgen.generative import GaussianMixture
    from commgen.inference.uncertainty import CalibratedPrior

    array = channels[:, :, 0] / np.sqrt(np.mean(np.abs(channels[:, :, 0]) ** 2))
    prior = GaussianMixture((2,), 1).fit(array, seed=1)
    CalibratedPrior(prior).save(tmp_path / "calibrated")
    values = {
        "seed": 1,
        "channel": {
            "source": "generated",
            "model": str(models / "coupling"),
            "layout": ["rx", "subcarrier"],
            "pool_size": 20,
        },
        "link": {
            "num_rx_ant": 2,
            "fft_size": 6,
            "subcarrier_spacing_hz": 30e3,
            "time_interpolation": "average",
            "coderate": 0.5,
        },
        "estimators": [{"kind": "prior", "model": str(tmp_path / "calibrated")}],
        "sweep": {**SNRS, "snr_step_db": 1, "target_block_errors": 8},
    }
    (tmp_path / "link.yaml").write_text(json.dumps(values))
    run([("simulate", "link.yaml", "-o", "run")], tmp_path)
    with open(tmp_path / "run" / "results.csv") as file:
        assert len(file.readlines()) == 2
