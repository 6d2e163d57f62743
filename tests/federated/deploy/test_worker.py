"""A worker that is killed, asked twice, or cannot begin; without TensorFlow."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time

import numpy as np
import pytest

from commgen.federated.app.hand_over import hand_over
from commgen.federated.app.wire import NodeError, pack_task, unpack_answer
from commgen.federated.deploy.processes import Processes, marked
from commgen.federated.deploy.warm_worker import WarmWorker
from commgen.federated.tasks import Task

pytestmark = pytest.mark.timeout(300)

# A node that notes each task it works on, waits as it is told, and answers a mean.
SCRIPT = """
import os, time
import numpy as np
from commgen.federated.deploy.worker import run
from commgen.federated.tasks import Answer

def load(config, name, folder):
    if name == "broken":
        raise ValueError("nodes.broken.file: h.h5 is not there.")
    if name == "silent":
        os._exit(3)

    def answer(task):
        with open(folder / "worked", "a") as file:
            print(os.getpid(), file=file, flush=True)
        if task.settings.get("fail"):
            raise ValueError("h must have unit power, got 3.0.")
        gate = folder / "gate"
        while task.settings.get("wait") and not gate.exists():
            time.sleep(0.01)
        if task.settings.get("die"):
            os.kill(os.getpid(), 9)
        mean = np.mean(task.arrays["h"], axis=0)
        return Answer({"mean": mean}, 3, {"pid": os.getpid()})

    return answer

run(load)
"""


@pytest.fixture
def processes():
    processes = Processes({})
    yield processes
    processes.close()
    assert not marked(processes._token)


def warm_worker(processes, folder, name="paris"):
    script = folder / "node.py"
    script.write_text(SCRIPT)
    arguments = ["federation.yaml", name, str(folder)]
    command = [sys.executable, str(script)]
    return WarmWorker(processes, arguments, folder / "worker.log", command)


def task(number=1, **settings):
    h = np.arange(6.0).reshape(3, 2)
    return pack_task(Task("sums", number, {"h": h}, settings), run=5)


def worked(folder):
    path = folder / "worked"
    return path.read_text().split() if path.exists() else []


def until(condition):
    while not condition():
        time.sleep(0.01)


def test_a_message_that_comes_twice_is_answered_at_once(processes, tmp_path):
    with warm_worker(processes, tmp_path) as worker:
        worker.start()
        first = hand_over(worker.path, task())
        np.testing.assert_array_equal(unpack_answer(first).arrays["mean"], [2, 3])
        assert hand_over(worker.path, task()) == first
        assert len(worked(tmp_path)) == 1
        hand_over(worker.path, task(2))
        assert len(worked(tmp_path)) == 2


def test_only_the_owner_reaches_the_socket(processes, tmp_path):
    with warm_worker(processes, tmp_path) as worker:
        assert stat.S_IMODE(worker.path.parent.stat().st_mode) == 0o700
    assert not worker.path.parent.exists()


def test_a_killed_worker_is_started_anew_and_its_message_done_again(
    processes, tmp_path
):
    with warm_worker(processes, tmp_path) as worker:
        worker.start()
        found = []
        ask = threading.Thread(
            target=lambda: found.append(hand_over(worker.path, task(wait=True)))
        )
        ask.start()
        until(lambda: len(worked(tmp_path)) == 1)
        os.kill(worker.pid, signal.SIGKILL)
        until(worker.look)
        (tmp_path / "gate").touch()
        ask.join(timeout=30)
        first, second = worked(tmp_path)
        assert first != second
        answer = unpack_answer(found[0])
        np.testing.assert_array_equal(answer.arrays["mean"], [2, 3])
        assert answer.metrics["pid"] == worker.pid == int(second)
        assert worker.num_deaths == 1


def test_a_message_waits_while_no_worker_is_there(processes, tmp_path):
    with warm_worker(processes, tmp_path) as worker:
        found = []
        ask = threading.Thread(
            target=lambda: found.append(hand_over(worker.path, task()))
        )
        ask.start()
        worker.start()
        ask.join(timeout=30)
        assert unpack_answer(found[0]).num_examples == 3


def test_a_message_that_kills_each_worker_is_given_up(processes, tmp_path):
    with warm_worker(processes, tmp_path) as worker:
        worker.start()
        failed = []

        def ask():
            with pytest.raises(NodeError, match="died of this message 3 times"):
                hand_over(worker.path, task(die=True))
            failed.append(True)

        def look_until_it_ends(target):
            thread = threading.Thread(target=target)
            thread.start()
            until(lambda: worker.look() is None and not thread.is_alive())

        look_until_it_ends(ask)
        assert failed
        # The last death may be seen only now: somebody must go on looking.
        found = []
        look_until_it_ends(lambda: found.append(hand_over(worker.path, task())))
        assert unpack_answer(found[0]).num_examples == 3


def test_an_error_is_an_answer_and_not_kept(processes, tmp_path):
    with warm_worker(processes, tmp_path) as worker:
        worker.start()
        for _ in range(2):
            with pytest.raises(NodeError, match="ValueError: h must have unit power"):
                unpack_answer(hand_over(worker.path, task(fail=True)))
        assert len(set(worked(tmp_path))) == 1
        assert len(worked(tmp_path)) == 2


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("broken", "nodes.broken.file: h.h5 is not there"),
        ("silent", "see .*worker.log"),
    ],
)
def test_a_worker_that_cannot_begin_says_why(processes, tmp_path, name, told):
    with (
        warm_worker(processes, tmp_path, name) as worker,
        pytest.raises(ValueError, match=told),
    ):
        worker.start()


def test_nobody_there(tmp_path):
    with pytest.raises(NodeError, match="the node has ended"):
        hand_over(tmp_path / "worker.sock", task())


def test_a_killed_supervisor_leaves_no_worker(tmp_path):
    script = tmp_path / "node.py"
    script.write_text(SCRIPT)
    supervisor = tmp_path / "supervisor.py"
    supervisor.write_text(
        f"""
import sys, time
from pathlib import Path
from commgen.federated.deploy.processes import Processes
from commgen.federated.deploy.warm_worker import WarmWorker
folder = Path({str(tmp_path)!r})
processes = Processes({{}})
command = [sys.executable, {str(script)!r}]
worker = WarmWorker(processes, ["f", "n", str(folder)], folder / "log", command)
with worker:
    worker.start()
    print(worker.pid, worker.path.parent, processes._token, flush=True)
    time.sleep(60)
"""
    )
    process = subprocess.Popen(
        [sys.executable, supervisor], stdout=subprocess.PIPE, text=True
    )
    pid, folder, token = process.stdout.readline().split()
    assert int(pid) in (marked(token) or [int(pid)])
    process.kill()
    process.communicate(timeout=10)
    until(lambda: not marked(token))
    os.unlink(os.path.join(folder, "worker.sock"))
    os.rmdir(folder)
