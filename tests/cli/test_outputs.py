"""One rule for all verbs that write: the same again is done, nothing else replaced."""

import csv
import errno
import hashlib
import json
import os
import shutil
import sys
import time
from contextlib import contextmanager
from dataclasses import dataclass

import keras
import numpy as np
import pytest
import yaml

from commgen._files.npz import read_npz
from commgen.cli._feedback_study import VERBS as FEEDBACK
from commgen.cli._learning_studies import VERBS as LEARNING
from commgen.cli._receiving_studies import VERBS as RECEIVING
from commgen.datasets import ChannelMeta, write_channels
from commgen.phy import LinkExperiment

META = ChannelMeta(domain="frequency", subcarrier_spacing_hz=30e3, source="toy")


@dataclass(frozen=True)
class Verb:
    """A command, its output, and options that make it another command, if any do."""

    command: str
    output: str
    other: str


VERBS = {
    "datasets make": Verb(
        "datasets make rayleigh -n 20 --seed 1 -o OUT", "c.h5", "-n 21"
    ),
    "datasets import": Verb(
        "datasets import h.npz --sample-rate-hz 1 -o OUT", "i.h5", "--normalise set"
    ),
    "train": Verb("train train.h5 --family lmmse -o OUT", "m", "--seed 2"),
    "generate h5": Verb("generate --model model -n 20 -o OUT", "g.h5", "--seed 2"),
    "generate npz": Verb("generate --model model -n 20 -o OUT", "g.npz", "--seed 2"),
    "estimate": Verb("estimate --model model -i y.npz -o OUT", "e.npz", "--level 0.8"),
    "evaluate": Verb(
        "evaluate train.h5 --truth truth.h5 -n 40 --no-downstream -o OUT",
        "report",
        "--seed 2",
    ),
    "simulate": Verb("simulate link.yaml -o OUT", "run", ""),
    "plot": Verb("plot run -o OUT", "a.png", ""),
    "compare": Verb("compare run -o OUT", "c", "--bler 0.5"),
    "sdr packets": Verb("sdr packets iq.dat -o OUT", "p", "--estimator ls"),
}

LINK = {
    "seed": 1,
    "channel": {"source": "3gpp", "scenario": "rayleigh", "num_rx_ant": 2},
    "link": {
        "fft_size": 12,
        "subcarrier_spacing_hz": 30e3,
        "num_rx_ant": 2,
        "coderate": 0.5,
        "time_interpolation": "average",
    },
    "estimators": [{"kind": "ls"}],
    "sweep": {
        **{"snr_start_db": -6, "snr_stop_db": 2, "snr_step_db": 4, "batch_size": 32},
        **{"max_num_blocks": 64, "target_block_errors": 10},
    },
}


@pytest.fixture(scope="module")
def place(tmp_path_factory, toy, model, draw):
    """A folder with an input of each kind; what is written goes beside them."""
    place = tmp_path_factory.mktemp("outputs")
    shutil.copytree(model, place / "model")
    shutil.copy(toy / "train.h5", place / "train.h5")
    write_channels(place / "truth.h5", draw(60, 5), META, {})
    np.savez(place / "h.npz", h=draw(20, 6)[:, 0, 0, 0])
    np.savez(place / "y.npz", y=draw(20, 7)[:, 0, 0, 0], no=0.1)
    iq = 1000 * np.random.default_rng(1).normal(size=4000)
    (place / "iq.dat").write_bytes(iq.astype("<i2").tobytes())
    (place / "link.yaml").write_text(yaml.safe_dump(LINK))
    return place


@pytest.fixture
def here(place, monkeypatch):
    monkeypatch.chdir(place)
    monkeypatch.setattr(LinkExperiment, "jit_compile", False)
    return place


def contents(path):
    """Return {name: bytes} of a file or a folder, without what tells time and cost."""
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {str(f): without_costs(f) for f in files if f.is_file()}


def without_costs(path):
    content = path.read_bytes()
    if path.suffix == ".json":
        values = json.loads(content)
        return {k: v for k, v in values.items() if not k.endswith("_seconds")}
    if path.suffix == ".csv":
        rows = csv.DictReader(content.decode().splitlines())
        return [{k: v for k, v in r.items() if k != "cpu_seconds"} for r in rows]
    if path.name == "state.npz":
        arrays = read_npz(path)
        return {k: v.tolist() for k, v in arrays.items() if "seconds" not in k}
    return hashlib.sha256(content).hexdigest()


def names(here):
    return sorted(path.name for path in here.iterdir())


@pytest.mark.parametrize("name", VERBS)
def test_the_same_again_is_done_and_nothing_else_is_replaced(
    name, here, commgen, refused
):
    verb = VERBS[name]
    command, output = (
        verb.command.replace("OUT", verb.output).split(),
        here / verb.output,
    )
    before = names(here)
    keras.backend.clear_session()  # it counts the layers of a process, in their names
    commgen(*command)
    whole, end = contents(output), time.time()
    assert names(here) == sorted([*before, verb.output])
    assert f"already done: {verb.output}" in commgen(*command).out
    assert contents(output) == whole
    if verb.other:
        told = refused(*command, *verb.other.split())
        assert verb.output in told
        assert "--force" in told
        assert contents(output) == whole
    if name == "simulate":  # twice the time, for what the engine's tests say
        return
    time.sleep(max(0, end + 1.1 - time.time()))  # HDF5 and zip count seconds
    keras.backend.clear_session()
    commgen(*command, "--force")
    assert contents(output) == whole
    assert names(here) == sorted([*before, verb.output])


@pytest.mark.parametrize("name", VERBS)
def test_what_a_verb_did_not_make_stays(name, here, refused):
    verb = VERBS[name]
    mine = here / f"mine-{verb.output}"
    if mine.suffix:
        mine.write_text("years of work")
    else:
        mine.mkdir()
        (mine / "thesis.tex").write_text("years of work")
    command = verb.command.replace("OUT", mine.name).split()
    told = refused(*command)
    assert mine.name in told
    if not mine.suffix:
        assert "holds no" in refused(*command, "--force")
    assert list(contents(mine).values()) == [
        hashlib.sha256(b"years of work").hexdigest()
    ]
    if mine.is_dir():
        shutil.rmtree(mine)
    else:
        mine.unlink()


FAST = (
    "datasets import",
    "generate h5",
    "generate npz",
    "estimate",
    "plot",
    "compare",
    "sdr packets",
)


@pytest.mark.parametrize("name", ["train", "evaluate", *FAST])
def test_a_full_disk_is_one_line_and_changes_nothing(name, here, commgen, monkeypatch):
    verb = VERBS[name]
    command = verb.command.replace("OUT", verb.output).split()
    fresh = verb.command.replace("OUT", f"new/{verb.output}").split()
    before, whole = names(here), contents(here / verb.output)

    def full(handle):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    kept = not (here / verb.output).is_dir() or name == "train"
    for arguments in (fresh, [*command, "--force"]) if kept else (fresh,):
        told = commgen(*arguments, code=2).err.splitlines()[-1]
        assert told.startswith("error: [Errno 28] No space left on device: '")
        assert verb.output in told
        assert names(here) == before
    assert contents(here / verb.output) == whole


STUDIES = [
    *(
        f"benchmark {verb.__name__.replace('_', '-')}"
        for verb in (*LEARNING, *RECEIVING, *FEEDBACK)
    ),
    *("benchmark generative", "benchmark estimation", "augment", "demo"),
]


@pytest.mark.parametrize("command", STUDIES)
def test_a_finished_study_is_not_begun_again(command, commgen, tmp_path, monkeypatch):
    """Whether it is finished is for the claim of its folder to say."""
    forced = []

    @contextmanager
    def claimed(output, settings, what, *, of=None, force=False):
        forced.append(force)
        yield True

    for module in ("_study", "augment", "benchmark", "demo"):
        monkeypatch.setattr(
            sys.modules[f"commgen.cli.{module}"], "claimed_folder", claimed
        )
    for option in ((), ("--force",)):
        told = commgen(*command.split(), "--quick", "-o", tmp_path / "o", *option).out
        assert told == f"already done: {tmp_path / 'o'}\n"
    assert forced == [False, True]
