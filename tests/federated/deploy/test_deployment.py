"""A SuperLink and two SuperNodes on loopback, with TLS and keys, by the commands."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

pytest.importorskip("flwr")

from commgen.federated.deploy import join
from commgen.federated.deploy.addresses import free_port
from commgen.federated.deploy.certificate_files import CertificateFiles
from commgen.federated.deploy.certificates import make_certificates
from commgen.federated.deploy.environment import flower_environment
from commgen.federated.deploy.processes import Processes

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1500)]

NODES = ("a", "b")
WAIT_S = 300  # each; seconds on an idle machine
CHANNEL = {"scenario": "rayleigh", "num_rx_ant": 4}
NODE = {"channel": CHANNEL, "num_channels": 20, "num_validation": 10, "num_test": 10}
VALUES = {
    "seed": 1,
    "nodes": {name: {**NODE, "seed": i} for i, name in enumerate(NODES)},
    "model": {"family": "lmmse", "num_components": 1},
    "em": {"max_iterations": 1},
    "min_nodes": 2,
    "timeout_s": WAIT_S,
}


class Place:
    """A folder with a federation, and commands that were started there."""

    def __init__(self, folder):
        self.folder, self.port = folder, free_port()
        self.certificates = folder / "certificates"
        self.config = folder / "federation.yaml"
        self.config.write_text(yaml.safe_dump(VALUES))
        self.processes = {}
        # A node that is killed leaves its socket there.
        (folder / "tmp").mkdir()

    @property
    def address(self):
        return f"127.0.0.1:{self.port}"

    def start(self, name, *arguments):
        options = ("-o", self.folder / name)
        command = [sys.executable, "-m", "commgen.cli", "federated", *arguments]
        with (self.folder / f"{name}.out").open("w") as file:
            self.processes[name] = subprocess.Popen(
                [*map(str, (*command, *options))],
                stdout=file,
                stderr=file,
                env={**os.environ, "TMPDIR": str(self.folder / "tmp")},
            )

    def said(self, name):
        return (self.folder / f"{name}.out").read_text()

    def until_said(self, name, text):
        end = time.monotonic() + WAIT_S
        while text not in self.said(name):
            assert self.processes[name].poll() is None, self.said(name)
            assert time.monotonic() < end, self.said(name)
            time.sleep(0.1)

    def ended(self, name):
        return self.processes[name].wait(timeout=WAIT_S)

    def left(self):
        """Return the processes of Flower that were started for this folder."""
        mark = str(self.folder).encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/environ"):
            try:
                mine = b"FLWR_HOME=" + mark in path.read_bytes()
            except OSError:
                continue
            if mine:
                found.append(int(path.parent.name))
        return found


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("deployment"))
    make_certificates(place.certificates, NODES, [])
    keys = ("--certificates", place.certificates)
    place.start("link", "serve", place.config, *keys, "--port", place.port)
    try:
        place.until_said("link", "ready at")
        yield place
    finally:
        for process in place.processes.values():
            process.kill()
            process.wait()


def test_an_unregistered_key_ends_a_node_in_one_line(place, tmp_path):
    make_certificates(tmp_path, ["a"], [])
    shutil.copy(place.certificates / "ca.pem", tmp_path / "ca.pem")
    files, log = CertificateFiles(tmp_path), tmp_path / "supernode.log"
    processes = Processes(flower_environment(tmp_path / "flower"))
    try:
        command = join._supernode(files, "a", place.address, tmp_path / "w.sock")
        processes.start(command, log).wait(timeout=WAIT_S)
    finally:
        processes.close()
    told = join._reason(log.read_text(), "a", place.address)
    assert told.startswith(f"the SuperLink at {place.address} does not know the key")


def test_a_deployed_run_is_the_local_one_and_leaves_nothing(place):
    place.start("local", "run", place.config)
    keys = ("--certificates", place.certificates, "--superlink", place.address)
    for name in NODES:
        place.start(name, "join", place.config, "--node", name, *keys)
    for name in NODES:
        place.until_said(name, "is connected to")
    place.start("run", "run", place.config, "--backend", "deploy", *keys)
    assert place.ended("run") == 0, place.said("run")
    assert place.ended("local") == 0, place.said("local")
    found, asked = (np.load(place.folder / f / "state.npz") for f in ("run", "local"))
    weights = [name for name in asked.files if name.startswith("array/weights/")]
    assert weights
    for name in weights:
        np.testing.assert_array_equal(found[name], asked[name])
    for name in NODES:  # what the run has brought along was not even unpacked
        assert not (place.folder / name / "flower" / "apps").exists()
    assert len(place.left()) >= 5
    place.processes["a"].send_signal(signal.SIGINT)
    os.kill(place.processes["b"].pid, signal.SIGKILL)
    assert place.ended("a") == 128 + signal.SIGINT
    assert place.ended("b") == -signal.SIGKILL
    os.kill(place.processes["link"].pid, signal.SIGKILL)
    assert place.ended("link") == -signal.SIGKILL
    end = time.monotonic() + 60
    while place.left():
        assert time.monotonic() < end, place.left()
        time.sleep(0.1)
