"""The program that Flower starts for a message, and the process that forks for it."""

import json
import os
import subprocess
import sys
import time

import pytest

from commgen.federated.deploy.processes import Processes
from commgen.federated.deploy.programs import write_client
from commgen.federated.deploy.warm_worker import WarmWorker

pytestmark = pytest.mark.timeout(300)

# What is forked notes its arguments and its process, and ends as it is told.
SCRIPT = """
import json, os, socket, sys
from pathlib import Path
from commgen.federated.deploy.app_server import serve
from commgen.federated.deploy.processes import end_with_parent

listening, told, folder, parent = sys.argv[1:]
end_with_parent(int(parent))

def main():
    name, *rest = sys.argv
    path = Path(folder) / rest[0]
    path.with_suffix(".part").write_text(json.dumps([name, os.getpid(), *rest]))
    path.with_suffix(".part").rename(path)
    if rest[0] == "fails":
        raise RuntimeError("no message is there")

with os.fdopen(int(told), "w") as pipe:
    pipe.write(json.dumps({"ready": 1}))
serve(socket.socket(fileno=int(listening)), main)
"""


@pytest.fixture
def apps(tmp_path):
    (tmp_path / "apps.py").write_text(SCRIPT)
    command = [sys.executable, str(tmp_path / "apps.py")]
    processes = Processes({})
    try:
        log = tmp_path / "apps.log"
        with WarmWorker(processes, [str(tmp_path)], log, command) as apps:
            write_client(tmp_path / "bin", apps.path)
            apps.start()
            yield apps
    finally:
        processes.close()


def call(folder, *arguments):
    program = folder / "bin" / "flwr-clientapp"
    subprocess.run([program, *arguments], check=True, timeout=60)
    path = folder / arguments[0]
    while not path.exists():
        time.sleep(0.01)
    return json.loads(path.read_text())


def test_each_call_is_a_process_of_its_own(apps, tmp_path):
    name, first, *rest = call(tmp_path, "one", "--token", "a b\n'é'", "")
    assert (name, rest) == ("flwr-clientapp", ["one", "--token", "a b\n'é'", ""])
    second = call(tmp_path, "two")[1]
    assert len({first, second, apps.pid, os.getpid()}) == 4


def test_one_that_fails_ends_alone(apps, tmp_path):
    failed = call(tmp_path, "fails")[1]
    while os.path.exists(f"/proc/{failed}"):
        time.sleep(0.01)
    assert call(tmp_path, "after")[2:] == ["after"]
    assert "no message is there" in (tmp_path / "apps.log").read_text()
