"""The ClientApp: what Flower starts for every message."""

import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("flwr")

CODE = """
import sys
from commgen.federated.app import client_app
print(*[m for m in ("tensorflow", "keras", "sionna", "sklearn") if m in sys.modules])
"""


def test_the_client_app_loads_no_tensorflow():
    done = subprocess.run(
        [sys.executable, "-c", CODE],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert done.stdout == "\n"


@pytest.fixture
def message(monkeypatch):
    from flwr.app import Message
    from flwr.supercore.task_identity import TaskIdentity

    from commgen.federated.records import task_record
    from commgen.federated.tasks import Task

    for name in ("_task_id", "_run_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)
    task = Task("sums", 3, {"h": np.arange(4.0)}, {"scale": 2.0})
    return Message(task_record(task), 7, "train")


def context(node_config, run_config=None):
    from flwr.app import Context, RecordDict

    return Context(
        run_id=1,
        node_id=7,
        node_config=node_config,
        state=RecordDict(),
        run_config=run_config or {},
    )


def test_a_message_goes_to_the_worker_and_its_answer_back(message, monkeypatch):
    from commgen.federated.app import client_app
    from commgen.federated.app.wire import pack_answer, unpack_task
    from commgen.federated.records import read_answer
    from commgen.federated.tasks import Answer

    def worker(path, request):
        task = unpack_task(request)
        assert (path, task.what, task.round) == ("/run/w.sock", "sums", 3)
        return pack_answer(Answer({"h": task.arrays["h"] * task.settings["scale"]}, 5))

    monkeypatch.setattr(client_app, "hand_over", worker)
    reply = client_app.app(message, context({"worker": "/run/w.sock"}))
    answer = read_answer(reply.content)
    assert answer.num_examples == 5
    np.testing.assert_array_equal(answer.arrays["h"], [0, 2, 4, 6])


def test_what_a_node_could_not_do_is_raised(message, monkeypatch):
    from commgen.federated.app import client_app
    from commgen.federated.app.wire import NodeError, pack_error

    told = pack_error("h must have unit power")
    monkeypatch.setattr(client_app, "hand_over", lambda path, request: told)
    with pytest.raises(NodeError, match="h must have unit power"):
        client_app.app(message, context({"worker": "/run/w.sock"}))


def test_without_a_worker_the_process_itself_is_the_node(message, monkeypatch):
    from commgen.federated.app import client_app
    from commgen.federated.records import read_answer
    from commgen.federated.tasks import Answer

    asked = []

    class Node:
        def answer(self, task):
            return Answer({"round": np.array(float(task.round))}, 1)

    def node(*arguments):
        asked.append(arguments)
        return Node(), "abc"

    monkeypatch.setattr(client_app, "_node", node)
    run = {"federation": "f.yaml", "output": "runs/f"}
    reply = client_app.app(message, context({"partition-id": 2}, run))
    assert read_answer(reply.content).arrays["round"] == 3
    assert asked == [("f.yaml", 2, "runs/f")]
